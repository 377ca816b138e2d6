//! Puts disclosures where their digests stand (RFC 9901 §7.1, step 3 on), and refuses what the standard says to refuse.

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::SD_ALG;
use super::disclosure::{Disclosure, DisclosureError, Part};
use super::json::{MAX_DEPTH, shortened};

/// The key of digests in an object.
const SD: &str = "_sd";
/// The key of a digest in an array.
const ELEMENT: &str = "...";
/// The name of the hash function.
const ALG: &str = "_sd_alg";
/// Claims that are never in a disclosure (SD-JWT VC draft, §2.2.2.2): whoever holds it could leave them out.
const ALWAYS_OPEN: [&str; 7] = ["iss", "nbf", "exp", "cnf", "vct", "vct#integrity", "status"];

/// Disclosures that do not belong to their JWT, or a JWT that may not be one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProcessError {
    /// A disclosure by itself.
    #[error(transparent)]
    Disclosure(#[from] DisclosureError),
    /// Another hash function.
    #[error("expected _sd_alg {SD_ALG:?}, got {got:?}")]
    Algorithm {
        /// What came, shortened.
        got: String,
    },
    /// One disclosure came twice.
    #[error("expected each disclosure once")]
    DisclosureTwice,
    /// One digest stands in two places.
    #[error("expected each digest once")]
    DigestTwice,
    /// A disclosure whose digest stands nowhere.
    #[error("expected every disclosure to be referenced, got one whose digest stands nowhere")]
    NotReferenced,
    /// `_sd` is no array of texts.
    #[error("expected _sd to be an array of strings")]
    Digests,
    /// `...` stands where it may not, or beside something, or is no text.
    #[error("expected \"...\" alone in an element of an array, with a string")]
    ElementDigest,
    /// `_sd_alg` inside, where it means nothing.
    #[error("expected _sd_alg at the top only")]
    AlgorithmInside,
    /// A member's disclosure where an element's should be, or the reverse.
    #[error("expected a disclosure of {expected} elements where its digest stands")]
    WrongPlace {
        /// 3 for a member, 2 for an element.
        expected: u8,
    },
    /// A name that means something else.
    #[error("expected a claim name that is not reserved, got {name:?}")]
    Reserved {
        /// The name.
        name: String,
    },
    /// A name that is there already.
    #[error("expected each claim once on its level, got {name:?} again")]
    NameTaken {
        /// The name, shortened.
        name: String,
    },
    /// A claim that may not be hidden.
    #[error("expected claim {name:?} in the open, got it in a disclosure")]
    MustBeOpen {
        /// The name.
        name: String,
    },
    /// Nested too deeply.
    #[error("expected at most {max} levels of arrays and objects")]
    TooDeep {
        /// The most allowed.
        max: usize,
    },
}

/// The claims of a payload with everything disclosed in its place, and nothing left of digests.
pub fn unpack(
    mut payload: Map<String, Value>,
    disclosures: &[&str],
) -> Result<Map<String, Value>, ProcessError> {
    match payload.remove(ALG) {
        None => {}
        Some(Value::String(alg)) if alg == SD_ALG => {}
        Some(other) => {
            return Err(ProcessError::Algorithm { got: shortened(other.as_str().unwrap_or_default()) });
        }
    }
    let mut waiting = HashMap::with_capacity(disclosures.len());
    for text in disclosures {
        let Disclosure { digest, part } = Disclosure::decode(text)?;
        if waiting.insert(digest, part).is_some() {
            return Err(ProcessError::DisclosureTwice);
        }
    }
    let mut unpacker = Unpacker { waiting, seen: HashSet::new() };
    let claims = unpacker.object(payload, 1)?;
    if unpacker.waiting.is_empty() { Ok(claims) } else { Err(ProcessError::NotReferenced) }
}

struct Unpacker {
    /// Disclosures by digest that have not found their place yet.
    waiting: HashMap<String, Part>,
    /// Digests that were met, disclosed or not.
    seen: HashSet<String>,
}

impl Unpacker {
    fn value(&mut self, value: Value, level: usize) -> Result<Value, ProcessError> {
        match value {
            Value::Object(object) => self.object(object, level).map(Value::Object),
            Value::Array(items) => self.array(items, level).map(Value::Array),
            plain => Ok(plain),
        }
    }

    fn object(
        &mut self,
        object: Map<String, Value>,
        level: usize,
    ) -> Result<Map<String, Value>, ProcessError> {
        check_level(level)?;
        let mut digests = Vec::new();
        let mut claims = Map::new();
        for (key, value) in object {
            match key.as_str() {
                SD => digests = digests_of(value)?,
                ELEMENT => return Err(ProcessError::ElementDigest),
                ALG => return Err(ProcessError::AlgorithmInside),
                _ => drop(claims.insert(key, self.value(value, level + 1)?)),
            }
        }
        for digest in digests {
            let Some(part) = self.meet(digest)? else { continue };
            let Part::Member { name, value } = part else {
                return Err(ProcessError::WrongPlace { expected: 3 });
            };
            check_name(&name, level)?;
            if claims.contains_key(&name) {
                return Err(ProcessError::NameTaken { name: shortened(&name) });
            }
            claims.insert(name, self.value(value, level + 1)?);
        }
        Ok(claims)
    }

    fn array(&mut self, items: Vec<Value>, level: usize) -> Result<Vec<Value>, ProcessError> {
        check_level(level)?;
        let mut disclosed = Vec::with_capacity(items.len());
        for item in items {
            let digest = match item {
                Value::Object(mut object) if object.contains_key(ELEMENT) => {
                    match (object.remove(ELEMENT), object.is_empty()) {
                        (Some(Value::String(digest)), true) => digest,
                        _ => return Err(ProcessError::ElementDigest),
                    }
                }
                plain => {
                    disclosed.push(self.value(plain, level + 1)?);
                    continue;
                }
            };
            match self.meet(digest)? {
                None => {}
                Some(Part::Element { value }) => disclosed.push(self.value(value, level + 1)?),
                Some(Part::Member { .. }) => return Err(ProcessError::WrongPlace { expected: 2 }),
            }
        }
        Ok(disclosed)
    }

    /// The disclosure that a digest is of, if it came.
    fn meet(&mut self, digest: String) -> Result<Option<Part>, ProcessError> {
        let part = self.waiting.remove(&digest);
        if self.seen.insert(digest) { Ok(part) } else { Err(ProcessError::DigestTwice) }
    }
}

const fn check_level(level: usize) -> Result<(), ProcessError> {
    if level > MAX_DEPTH { Err(ProcessError::TooDeep { max: MAX_DEPTH }) } else { Ok(()) }
}

fn check_name(name: &str, level: usize) -> Result<(), ProcessError> {
    if [SD, ELEMENT, ALG].contains(&name) {
        return Err(ProcessError::Reserved { name: name.to_owned() });
    }
    if level == 1 && ALWAYS_OPEN.contains(&name) {
        return Err(ProcessError::MustBeOpen { name: name.to_owned() });
    }
    Ok(())
}

fn digests_of(value: Value) -> Result<Vec<String>, ProcessError> {
    let Value::Array(items) = value else { return Err(ProcessError::Digests) };
    let text = |item| match item {
        Value::String(text) => Ok(text),
        _ => Err(ProcessError::Digests),
    };
    items.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use serde_json::json;

    use super::super::disclosure::digest_of;
    use super::*;

    fn disclose(json: &Value) -> (String, String) {
        let text = URL_SAFE_NO_PAD.encode(json.to_string());
        let digest = digest_of(&text);
        (text, digest)
    }

    fn run(payload: Value, disclosures: &[&str]) -> Result<Value, ProcessError> {
        let Value::Object(payload) = payload else { panic!("no object") };
        unpack(payload, disclosures).map(Value::Object)
    }

    #[test]
    fn disclosures_find_their_places_and_the_rest_leaves_no_trace() {
        let (inner, inner_digest) = disclose(&json!(["s", "street", "幸福路"]));
        let (outer, outer_digest) =
            disclose(&json!(["s", "address", {"_sd": [inner_digest], "city": "甲市"}]));
        let (element, element_digest) = disclose(&json!(["s", "FR"]));
        let payload = json!({
            "_sd": [outer_digest, "unknown"], "_sd_alg": "sha-256", "iss": "i",
            "nationalities": [{"...": element_digest}, {"...": "other"}, "DE"],
        });
        let all = run(payload.clone(), &[&inner, &outer, &element]).unwrap();
        let expected = json!({
            "iss": "i", "address": {"city": "甲市", "street": "幸福路"}, "nationalities": ["FR", "DE"],
        });
        assert_eq!(all, expected);
        let none = run(payload.clone(), &[]).unwrap();
        assert_eq!(none, json!({"iss": "i", "nationalities": ["DE"]}));
        let without_its_parent = run(payload, &[&inner]);
        assert_eq!(without_its_parent, Err(ProcessError::NotReferenced));
    }

    #[test]
    fn each_must_reject_of_the_standard() {
        let (member, digest) = disclose(&json!(["s", "name", 1]));
        let (element, element_digest) = disclose(&json!(["s", 1]));
        let one = |payload, disclosure: &str| run(payload, &[disclosure]).unwrap_err();
        assert_eq!(one(json!({"_sd": [digest, digest]}), &member), ProcessError::DigestTwice);
        assert_eq!(one(json!({"_sd": [digest], "a": {"_sd": [digest]}}), &member), ProcessError::DigestTwice);
        let decoy_twice = run(json!({"_sd": ["x"], "a": [{"...": "x"}]}), &[]);
        assert_eq!(decoy_twice, Err(ProcessError::DigestTwice));
        assert_eq!(run(json!({"_sd": [digest]}), &[&member, &member]), Err(ProcessError::DisclosureTwice));
        assert_eq!(one(json!({}), &member), ProcessError::NotReferenced);
        let taken = ProcessError::NameTaken { name: "name".to_owned() };
        assert_eq!(one(json!({"_sd": [digest], "name": 2}), &member), taken);
        assert_eq!(one(json!({"_sd": [element_digest]}), &element), ProcessError::WrongPlace { expected: 3 });
        assert_eq!(one(json!({"a": [{"...": digest}]}), &member), ProcessError::WrongPlace { expected: 2 });
        for name in ["_sd", "...", "_sd_alg"] {
            let (text, digest) = disclose(&json!(["s", name, ["x"]]));
            let reserved = ProcessError::Reserved { name: name.to_owned() };
            assert_eq!(one(json!({"_sd": [digest]}), &text), reserved);
        }
        for name in ALWAYS_OPEN {
            let (text, digest) = disclose(&json!(["s", name, 1]));
            assert_eq!(
                one(json!({"_sd": [digest.clone()]}), &text),
                ProcessError::MustBeOpen { name: name.to_owned() }
            );
            assert!(run(json!({"a": {"_sd": [digest]}}), &[&text]).is_ok(), "inside it is another claim");
        }
    }

    #[test]
    fn two_disclosures_of_one_name_are_refused() {
        let (first, first_digest) = disclose(&json!(["s", "name", 1]));
        let (second, second_digest) = disclose(&json!(["t", "name", 2]));
        let both = run(json!({"_sd": [first_digest, second_digest]}), &[&first, &second]);
        assert_eq!(both, Err(ProcessError::NameTaken { name: "name".to_owned() }));
    }

    #[test]
    fn misshapen_digests_are_refused() {
        for sd in [json!("x"), json!([1]), json!({}), json!(null)] {
            assert_eq!(run(json!({"_sd": sd}), &[]), Err(ProcessError::Digests));
        }
        for payload in [
            json!({"...": "x"}),
            json!({"a": {"...": "x"}}),
            json!({"a": [{"...": 1}]}),
            json!({"a": [{"...": "x", "b": 1}]}),
        ] {
            assert_eq!(run(payload, &[]), Err(ProcessError::ElementDigest));
        }
        for alg in [json!("md5"), json!("sha-512"), json!("SHA-256")] {
            let got = alg.as_str().unwrap().to_owned();
            assert_eq!(run(json!({"_sd_alg": alg}), &[]), Err(ProcessError::Algorithm { got }));
        }
        assert_eq!(run(json!({"a": {"_sd_alg": "sha-256"}}), &[]), Err(ProcessError::AlgorithmInside));
    }

    #[test]
    fn disclosures_inside_disclosures_end_somewhere() {
        let nest = |levels: usize| {
            let (mut texts, mut digest) = (Vec::new(), None);
            for level in 0..levels {
                let value = digest.map_or_else(|| json!(1), |digest: String| json!({"_sd": [digest]}));
                let (text, next) = disclose(&json!(["s", format!("n{level}"), value]));
                texts.push(text);
                digest = Some(next);
            }
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            run(json!({"_sd": [digest.unwrap()]}), &texts)
        };
        assert!(nest(16).is_ok());
        assert_eq!(nest(17), Err(ProcessError::TooDeep { max: 16 }));
        assert_eq!(nest(100), Err(ProcessError::TooDeep { max: 16 }));
    }
}
