//! The issue request, read: `{"type", "number", "holders", "issued"?, "valid_from"?, "valid_to"?, "fields", "replaces"?,
//! "replaces_for"?}`.

use super::holder_code_type::HolderCodeType;
use super::identifier::Identifier;
use super::json::{Json, pointer, read_object};
use super::problem::{DraftError, Problems, Rule};
use super::replacement::Replacement;
use super::type_code::TypeCode;
use crate::time::Date;

/// A request that has the right members, each of the right kind. Its rules are checked by [`Draft::check`], against its
/// type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    pub(super) type_code: TypeCode,
    pub(super) number: String,
    pub(super) holders: Vec<DraftHolder>,
    pub(super) issued: Option<Date>,
    pub(super) valid_from: Option<Date>,
    pub(super) valid_to: Option<DraftEnd>,
    pub(super) fields: Vec<(String, Json)>,
    pub(super) replaces: Option<Identifier>,
    pub(super) replaces_for: Option<Replacement>,
}

/// A holder as requested.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct DraftHolder {
    pub(super) name: String,
    pub(super) code: String,
    pub(super) code_type: HolderCodeType,
}

/// An end as requested. A request without one leaves it to the type's first validity range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum DraftEnd {
    /// The last day.
    On(Date),
    /// `"long-term"`: no end, for types that know it but usually end.
    LongTerm,
}

impl Draft {
    /// The most bytes of a request.
    pub const MAX_BYTES: usize = 128 * 1024;
    /// What `valid_to` says instead of a date where a licence has no end.
    pub const LONG_TERM: &'static str = "long-term";

    /// Reads a request and says everything that is wrong with its shape.
    pub fn from_json(bytes: &[u8]) -> Result<Self, DraftError> {
        let members = read_object(bytes, Self::MAX_BYTES)?;
        let mut shape = Shape { path: String::new(), members, problems: Problems::default() };
        let type_code = shape.required("type", parsed);
        let number = shape.required("number", text);
        let holders = shape.required("holders", array).map(|items| holders(items, &mut shape.problems));
        let issued = shape.optional("issued", parsed);
        let valid_from = shape.optional("valid_from", parsed);
        let valid_to = shape.optional("valid_to", end);
        let fields = shape.required("fields", object);
        let replaces = shape.optional("replaces", parsed);
        let replaces_for = shape.optional("replaces_for", parsed);
        if replaces_for.is_some() && replaces.is_none() {
            shape.problems.add("/replaces", Rule::Missing);
        }
        let problems = shape.finish();
        match (type_code, number, holders, fields) {
            (Some(type_code), Some(number), Some(holders), Some(fields)) => {
                problems.into_result()?;
                Ok(Self {
                    type_code,
                    number,
                    holders,
                    issued,
                    valid_from,
                    valid_to,
                    fields,
                    replaces,
                    replaces_for,
                })
            }
            _ => Err(problems.into()),
        }
    }

    /// The type it asks for, which [`Draft::check`] needs.
    pub const fn type_code(&self) -> TypeCode {
        self.type_code
    }

    /// The number it asks for.
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The licence it is to replace.
    pub const fn replaces(&self) -> Option<&Identifier> {
        self.replaces.as_ref()
    }

    /// What it is to replace it for.
    pub fn replaces_for(&self) -> Replacement {
        self.replaces_for.unwrap_or_default()
    }
}

/// One object being taken apart: members are removed as they are read, and what is left was not expected.
struct Shape {
    path: String,
    members: Vec<(String, Json)>,
    problems: Problems,
}

impl Shape {
    fn required<T>(&mut self, key: &str, read: fn(Json) -> Result<T, Rule>) -> Option<T> {
        if !self.members.iter().any(|(name, _)| name == key) {
            self.problems.add(pointer(&self.path, key), Rule::Missing);
        }
        self.optional(key, read)
    }

    fn optional<T>(&mut self, key: &str, read: fn(Json) -> Result<T, Rule>) -> Option<T> {
        let at = self.members.iter().position(|(name, _)| name == key)?;
        let (_, value) = self.members.remove(at);
        self.problems.keep(&pointer(&self.path, key), read(value))
    }

    fn finish(mut self) -> Problems {
        for (key, _) in self.members {
            self.problems.add(pointer(&self.path, &key), Rule::UnknownMember);
        }
        self.problems
    }
}

/// Holders that could be read; the problems of the others go to `problems`, so that none is lost unsaid.
fn holders(items: Vec<Json>, problems: &mut Problems) -> Vec<DraftHolder> {
    let read = |(index, item)| {
        let path = format!("/holders/{index}");
        let members = problems.keep(&path, object(item))?;
        let mut shape = Shape { path, members, problems: std::mem::take(problems) };
        let name = shape.required("name", text);
        let code = shape.required("code", text);
        let code_type = shape.required("code_type", parsed);
        *problems = shape.finish();
        Some(DraftHolder { name: name?, code: code?, code_type: code_type? })
    };
    items.into_iter().enumerate().filter_map(read).collect()
}

fn text(value: Json) -> Result<String, Rule> {
    match value {
        Json::Text(text) => Ok(text),
        other => Err(Rule::JsonType { expected: "a string", got: other.kind() }),
    }
}

fn parsed<T: std::str::FromStr<Err: Into<Rule>>>(value: Json) -> Result<T, Rule> {
    text(value)?.parse().map_err(Into::into)
}

fn end(value: Json) -> Result<DraftEnd, Rule> {
    let text = text(value)?;
    if text == Draft::LONG_TERM {
        return Ok(DraftEnd::LongTerm);
    }
    Ok(DraftEnd::On(text.parse()?))
}

fn array(value: Json) -> Result<Vec<Json>, Rule> {
    match value {
        Json::Array(items) => Ok(items),
        other => Err(Rule::JsonType { expected: "an array", got: other.kind() }),
    }
}

fn object(value: Json) -> Result<Vec<(String, Json)>, Rule> {
    match value {
        Json::Object(members) => Ok(members),
        other => Err(Rule::JsonType { expected: "an object", got: other.kind() }),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A request for the trial type that breaks no rule.
    pub(in crate::licence) fn request() -> Value {
        json!({
            "type": "11100000000013338W999",
            "number": "试字第 1 号",
            "holders": [{"name": "甲", "code": "11010519491231002X", "code_type": "111"}],
            "fields": {"address": "幸福路一号", "class": "A"},
        })
    }

    pub(in crate::licence) fn read(request: &Value) -> Result<Draft, DraftError> {
        Draft::from_json(request.to_string().as_bytes())
    }

    /// The paths and messages of what is wrong with a request that sets `pointer` to `value`.
    fn problems(pointer: &str, value: Value) -> Vec<String> {
        let mut request = request();
        match request.pointer_mut(pointer) {
            Some(member) => *member = value,
            None => {
                let (parent, key) = pointer.rsplit_once('/').unwrap();
                request.pointer_mut(parent).unwrap()[key] = value;
            }
        }
        read(&request).unwrap_err().problems().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_request_is_read() {
        let draft = read(&request()).unwrap();
        assert_eq!(draft.type_code().to_string(), "11100000000013338W999");
        assert_eq!(draft.number(), "试字第 1 号");
        assert_eq!(draft.replaces(), None);
        assert_eq!((draft.issued, draft.valid_from, draft.valid_to), (None, None, None));
    }

    #[test]
    fn what_cannot_be_read_is_told_from_what_is_refused() {
        for unreadable in
            ["", "[]", "{\"type\": 1, \"type\": 1}", "{\"fields\": {\"a\": 1, \"a\": 2}}", "null"]
        {
            let error = Draft::from_json(unreadable.as_bytes()).unwrap_err();
            assert!(error.is_unreadable() && error.problems().is_empty(), "{unreadable}");
        }
        assert!(Draft::from_json(&[b' '; Draft::MAX_BYTES + 1]).unwrap_err().is_unreadable());
        assert!(!Draft::from_json(b"{}").unwrap_err().is_unreadable());
    }

    #[test]
    fn every_missing_member_is_named() {
        let error = Draft::from_json(b"{}").unwrap_err();
        let paths: Vec<_> = error.problems().iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(paths, ["/type", "/number", "/holders", "/fields"]);
    }

    #[test]
    fn members_that_are_not_the_clients_to_set_are_refused() {
        for key in ["status", "issuer", "serial", "iat", "identifier", "authority", "Number"] {
            assert_eq!(
                problems(&format!("/{key}"), json!("x")),
                [format!("/{key}: expected no such member")]
            );
        }
        assert_eq!(problems("/holders/0/share", json!("1/2")), ["/holders/0/share: expected no such member"]);
    }

    #[test]
    fn members_of_another_json_type_are_refused() {
        assert_eq!(problems("/number", json!(5)), ["/number: expected a string, got an integer"]);
        assert_eq!(problems("/holders", json!({})), ["/holders: expected an array, got an object"]);
        assert_eq!(problems("/holders/0", json!("x")), ["/holders/0: expected an object, got a string"]);
        assert_eq!(problems("/fields", json!([])), ["/fields: expected an object, got an array"]);
        for key in ["issued", "valid_from", "valid_to", "replaces"] {
            let expected = format!("/{key}: expected a string, got null");
            assert_eq!(problems(&format!("/{key}"), Value::Null), [expected]);
        }
        assert_eq!(
            problems("/issued", json!("2026-02-30")),
            ["/issued: expected a date as YYYY-MM-DD between 0001-01-01 and 9999-12-30, got \"2026-02-30\""]
        );
        assert_eq!(problems("/valid_to", json!("Long-term")).len(), 1);
        assert_eq!(problems("/replaces", json!("1.2.3")).len(), 1);
        assert_eq!(problems("/type", json!("11100000000013338W99")).len(), 1);
        assert_eq!(
            problems("/replaces_for", json!("renewal")),
            ["/replaces: expected this member, got none"],
            "a purpose without a predecessor"
        );
        assert_eq!(problems("/replaces_for", json!("Renewal")).len(), 1);
        assert_eq!(problems("/holders/0/code_type", json!("112")).len(), 1);
    }

    #[test]
    fn all_problems_of_the_shape_are_said_at_once() {
        let error = read(&json!({
            "number": 1, "holders": [1, {"name": "甲"}], "fields": {}, "issued": "today", "colour": "red"
        }));
        let error = error.unwrap_err();
        let paths: Vec<_> = error.problems().iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(
            paths,
            [
                "/type",
                "/number",
                "/holders/0",
                "/holders/1/code",
                "/holders/1/code_type",
                "/issued",
                "/colour"
            ]
        );
    }
}
