//! Tokens that are good, and everything that is tried in their place. What is signed wrong, or by somebody else, is refused
//! before anything else of it counts.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use ring::hmac;
use serde_json::json;

use super::super::signatures;
use super::*;
use crate::crypto;
use crate::crypto::SigningKey;

const NOW: i64 = 1_795_449_600;
const ISSUER: &str = "https://sso.city.example";
const AUDIENCE: &str = "https://licences.city.example";
const DEPARTMENT: &str = "11999900MB0000553B";

/// A provider with an ES256 and an EdDSA key, both called `one`.
struct Provider {
    ec: SigningKey,
    ed: SigningKey,
    keys: KeySet,
}

fn base64(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

impl Provider {
    fn new() -> Self {
        signatures::install();
        let ec = SigningKey::generate(crypto::Algorithm::Es256).unwrap();
        let ed = SigningKey::generate(crypto::Algorithm::EdDsa).unwrap();
        let (point, x) = (ec.verifying_key(), ed.verifying_key());
        let (px, py) = point.as_bytes()[1..].split_at(32);
        let jwks = json!({"keys": [
            {"kty": "EC", "crv": "P-256", "kid": "one", "use": "sig", "x": base64(px), "y": base64(py)},
            {"kty": "OKP", "crv": "Ed25519", "kid": "one", "alg": "EdDSA", "x": base64(x.as_bytes())},
        ]});
        Self { ec, ed, keys: KeySet::read(jwks.to_string().as_bytes()).unwrap() }
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let message = format!("{}.{}", base64(header.to_string()), base64(claims.to_string()));
        let key = if header["alg"] == "EdDSA" { &self.ed } else { &self.ec };
        let signature = key.sign(message.as_bytes()).unwrap();
        format!("{message}.{}", base64(signature))
    }

    fn judge(&self, token: &str) -> Result<Person, TokenError> {
        check(token, &self.keys, &settings(), UnixTime::from_seconds(NOW).unwrap())
    }

    /// A token whose header has this changed.
    fn headed(&self, name: &str, value: Value) -> Result<Person, TokenError> {
        let mut header = header();
        header[name] = value;
        self.judge(&self.sign(&header, &claims()))
    }

    /// A token that claims this in place of what is right.
    fn claiming(&self, name: &str, value: Value) -> Result<Person, TokenError> {
        let mut claims = claims();
        claims[name] = value;
        self.judge(&self.sign(&header(), &claims))
    }

    fn without(&self, name: &str) -> Result<Person, TokenError> {
        let mut claims = claims();
        claims.as_object_mut().unwrap().remove(name);
        self.judge(&self.sign(&header(), &claims))
    }
}

fn settings() -> IdentityProviderSettings {
    IdentityProviderSettings {
        issuer: ISSUER.to_owned(),
        audience: AUDIENCE.to_owned(),
        department_claim: "department".to_owned(),
        roles_claim: "roles".to_owned(),
        ca_file: None,
    }
}

fn header() -> Value {
    json!({"alg": "ES256", "typ": "at+jwt", "kid": "one"})
}

fn claims() -> Value {
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "wang.xiaoming", "iat": NOW - 10, "exp": NOW + 600,
        "department": DEPARTMENT, "roles": ["verifier", "canteen"]})
}

#[test]
fn a_good_token_is_about_a_person_of_a_department() {
    let provider = Provider::new();
    let expected = Person {
        subject: "wang.xiaoming".to_owned(),
        department: DEPARTMENT.parse().unwrap(),
        roles: [Role::Verifier].into_iter().collect(),
    };
    for alg in ["ES256", "EdDSA"] {
        assert_eq!(provider.headed("alg", json!(alg)), Ok(expected.clone()), "{alg}");
    }
    assert_eq!(provider.headed("typ", json!("application/AT+JWT")), Ok(expected.clone()));
    assert_eq!(provider.claiming("aud", json!(["https://other", AUDIENCE])), Ok(expected.clone()));
    assert_eq!(provider.claiming("roles", json!("openid verifier")), Ok(expected));
}

#[test]
fn a_token_that_is_signed_otherwise_is_refused() {
    let provider = Provider::new();
    let unsigned = format!(
        "{}.{}.",
        base64(json!({"alg": "none", "typ": "at+jwt", "kid": "one"}).to_string()),
        base64(claims().to_string())
    );
    assert_eq!(provider.judge(&unsigned), Err(TokenError::Unreadable));

    // The public key, which everybody has, taken for a shared secret.
    let symmetric = json!({"alg": "HS256", "typ": "at+jwt", "kid": "one"});
    let message = format!("{}.{}", base64(symmetric.to_string()), base64(claims().to_string()));
    let public = provider.ec.verifying_key();
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, public.as_bytes()), message.as_bytes());
    assert_eq!(provider.judge(&format!("{message}.{}", base64(tag))), Err(TokenError::Algorithm));

    let stranger = Provider::new().sign(&header(), &claims());
    assert_eq!(provider.judge(&stranger), Err(TokenError::Signature));
    assert_eq!(provider.headed("alg", json!("RS256")), Err(TokenError::KeyUnknown));
    assert_eq!(provider.headed("alg", json!("ES384")), Err(TokenError::Algorithm));
    // A key of the sender's choice, in the header or at an address: the set's own is taken.
    let other = Provider::new();
    let point = other.ec.verifying_key();
    let (x, y) = point.as_bytes()[1..].split_at(32);
    let mut carrying = header();
    carrying["jwk"] = json!({"kty": "EC", "crv": "P-256", "x": base64(x), "y": base64(y)});
    carrying["jku"] = json!("https://evil.example/keys");
    assert_eq!(provider.judge(&other.sign(&carrying, &claims())), Err(TokenError::Signature));
}

#[test]
fn headers_that_say_something_else_are_refused() {
    let provider = Provider::new();
    assert_eq!(provider.headed("typ", json!("JWT")), Err(TokenError::Type));
    assert_eq!(provider.headed("typ", json!("logout+jwt")), Err(TokenError::Type));
    assert_eq!(provider.headed("kid", json!("two")), Err(TokenError::KeyUnknown));
    assert_eq!(provider.headed("kid", Value::Null), Err(TokenError::KeyName));
    assert_eq!(provider.headed("kid", json!("k".repeat(201))), Err(TokenError::KeyName));
    assert_eq!(provider.headed("crit", json!(["exp"])), Err(TokenError::Critical));
}

#[test]
fn claims_are_this_services_and_of_now() {
    let provider = Provider::new();
    let claiming = |name, value| provider.claiming(name, value).err();
    for wrong in
        [json!("https://sso.city.example/"), json!("https://evil.example"), json!([ISSUER]), json!(1)]
    {
        assert_eq!(claiming("iss", wrong), Some(TokenError::Issuer));
    }
    for wrong in [json!("https://other"), json!([]), json!(["https://other"]), json!({}), json!(null)] {
        assert_eq!(claiming("aud", wrong), Some(TokenError::Audience));
    }
    assert_eq!(claiming("exp", json!(NOW - 60)), Some(TokenError::Expired));
    assert_eq!(claiming("exp", json!(NOW - 59)), None);
    assert_eq!(claiming("exp", json!(i64::MIN)), Some(TokenError::Expired));
    assert_eq!(claiming("exp", json!(i64::MAX)), None);
    assert_eq!(claiming("exp", json!("2027")), Some(TokenError::Time("exp")));
    assert_eq!(claiming("iat", json!(NOW + 61)), Some(TokenError::TooEarly));
    assert_eq!(claiming("nbf", json!(NOW + 61)), Some(TokenError::TooEarly));
    assert_eq!(claiming("nbf", json!(NOW + 60)), None);
    assert_eq!(claiming("nbf", json!("soon")), Some(TokenError::Time("nbf")));
    for (name, error) in [
        ("iss", TokenError::Issuer),
        ("aud", TokenError::Audience),
        ("exp", TokenError::Time("exp")),
        ("iat", TokenError::Time("iat")),
        ("sub", TokenError::Subject),
        ("department", TokenError::Department),
    ] {
        assert_eq!(provider.without(name), Err(error), "{name}");
    }
    assert_eq!(provider.without("roles").map(|person| person.roles), Ok(Roles::NONE));
}

#[test]
fn a_subject_is_short_and_visible() {
    let provider = Provider::new();
    for bad in ["", "王小明", "a b", "a\nb", "\u{202e}a", &"a".repeat(65)] {
        assert_eq!(provider.claiming("sub", json!(bad)), Err(TokenError::Subject), "{bad:?}");
    }
    assert!(provider.claiming("sub", json!("a".repeat(64))).is_ok());
    for bad in [json!("11999900MB0000553C"), json!(7), json!([DEPARTMENT])] {
        assert_eq!(provider.claiming("department", bad), Err(TokenError::Department));
    }
    for bad in [json!(7), json!({}), json!(["verifier", 7])] {
        assert_eq!(provider.claiming("roles", bad), Err(TokenError::Roles));
    }
}

#[test]
fn no_character_of_a_token_can_be_changed() {
    let provider = Provider::new();
    let token = provider.sign(&header(), &claims());
    for at in 0..token.len() {
        for change in [b'A', b'B', b'.', b'='] {
            let mut changed = token.clone().into_bytes();
            if changed[at] == change {
                continue;
            }
            changed[at] = change;
            let changed = String::from_utf8(changed).unwrap();
            assert!(provider.judge(&changed).is_err(), "{at}: {changed}");
        }
    }
    for length in 0..token.len() {
        assert!(provider.judge(&token[..length]).is_err(), "{length}");
    }
}

#[test]
fn a_huge_token_is_not_even_read() {
    let provider = Provider::new();
    assert_eq!(provider.claiming("x", json!("x".repeat(9_000))), Err(TokenError::TooLong));
    assert_eq!(key_of(&"a.".repeat(5_000)), Err(TokenError::TooLong));
    let deep = format!("{}.{}.x", base64(format!("{{\"a\":{}", "[".repeat(5_000))), base64("{}"));
    assert_eq!(key_of(&deep), Err(TokenError::Unreadable));
}

proptest! {
    #[test]
    fn any_text_is_judged_or_refused(text in "\\PC{0,200}", header in "\\PC{0,60}", claims in "\\PC{0,60}") {
        let provider = Provider::new();
        prop_assert!(provider.judge(&text).is_err());
        let parts = [base64(header), base64(claims), base64(&text)].join(".");
        prop_assert!(provider.judge(&parts).is_err());
    }
}
