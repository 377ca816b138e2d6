//! JSON as it came: duplicate keys kept so that they can be refused, integers told from other numbers.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Any JSON value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A whole number of 64 bits.
    Integer(i64),
    /// A number with a point or exponent, or beyond 64 bits.
    OtherNumber,
    /// A string.
    Text(String),
    /// An array.
    Array(Vec<Self>),
    /// An object, its members as they came, one that stands there twice included.
    Object(Vec<(String, Self)>),
}

/// Why bytes are not a request that can be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnreadableError {
    /// More bytes than a request may have.
    #[error("expected at most {max} bytes, got {got}")]
    TooLarge {
        /// The most allowed.
        max: usize,
        /// How many came.
        got: usize,
    },
    /// Not UTF-8.
    #[error("expected UTF-8, got another byte at offset {offset}")]
    NotUtf8 {
        /// Where the first wrong byte is, counted from 0.
        offset: usize,
    },
    /// Not JSON, or nested beyond anything sensible.
    #[error("expected JSON, got something else at line {line}, column {column}")]
    NotJson {
        /// Counted from 1.
        line: usize,
        /// Counted from 1.
        column: usize,
    },
    /// Nested more deeply than a request may be.
    #[error("expected at most {max} levels of arrays and objects")]
    TooDeep {
        /// The most allowed.
        max: usize,
    },
    /// The same key twice in one object.
    #[error("expected each key of an object once, got {path} again")]
    DuplicateKey {
        /// Where, as a JSON pointer.
        path: String,
    },
    /// Not an object.
    #[error("expected a JSON object, got {got}")]
    NotAnObject {
        /// What came.
        got: &'static str,
    },
}

/// The most levels of arrays and objects.
const MAX_DEPTH: usize = 16;

/// Reads one JSON object of at most `max` bytes, its members in the order they came.
pub fn read_object(bytes: &[u8], max: usize) -> Result<Vec<(String, Json)>, UnreadableError> {
    if bytes.len() > max {
        return Err(UnreadableError::TooLarge { max, got: bytes.len() });
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| UnreadableError::NotUtf8 { offset: error.valid_up_to() })?;
    // The reader stops by itself at 128 levels, so the stack is safe before the depth is judged.
    let json: Json = serde_json::from_str(text)
        .map_err(|error| UnreadableError::NotJson { line: error.line(), column: error.column() })?;
    check_structure(&json, 1)?;
    match json {
        Json::Object(members) => Ok(members),
        other => Err(UnreadableError::NotAnObject { got: other.kind() }),
    }
}

/// Paths are put together only where something is wrong, from the inside out.
fn check_structure(json: &Json, depth: usize) -> Result<(), UnreadableError> {
    match json {
        Json::Array(_) | Json::Object(_) if depth > MAX_DEPTH => {
            Err(UnreadableError::TooDeep { max: MAX_DEPTH })
        }
        Json::Array(items) => items.iter().enumerate().try_for_each(|(index, item)| {
            check_structure(item, depth + 1).map_err(|error| error.below(&format!("/{index}")))
        }),
        Json::Object(members) => {
            let mut seen = BTreeSet::new();
            members.iter().try_for_each(|(key, value)| {
                if !seen.insert(key) {
                    return Err(UnreadableError::DuplicateKey { path: pointer("", key) });
                }
                check_structure(value, depth + 1).map_err(|error| error.below(&pointer("", key)))
            })
        }
        _ => Ok(()),
    }
}

impl UnreadableError {
    /// A stable word for the API.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "too_large",
            Self::NotUtf8 { .. } => "not_utf8",
            Self::NotJson { .. } => "not_json",
            Self::TooDeep { .. } => "too_deep",
            Self::DuplicateKey { .. } => "duplicate_key",
            Self::NotAnObject { .. } => "not_an_object",
        }
    }

    fn below(self, parent: &str) -> Self {
        match self {
            Self::DuplicateKey { path } => Self::DuplicateKey { path: format!("{parent}{path}") },
            other => other,
        }
    }
}

/// The JSON pointer (RFC 6901) of member `key` of the object at `path`; overlong keys are cut.
pub(crate) fn pointer(path: &str, key: &str) -> String {
    let key: String = key.chars().take(64).collect();
    format!("{path}/{}", key.replace('~', "~0").replace('/', "~1"))
}

impl Json {
    /// What this is, in words for errors.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Integer(_) => "an integer",
            Self::OtherNumber => "a number that is no 64-bit integer",
            Self::Text(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Json, E> {
        Ok(Json::Bool)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Integer(number))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Json, E> {
        Ok(i64::try_from(number).map_or(Json::OtherNumber, Json::Integer))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::OtherNumber)
    }

    fn visit_str<E>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Json, E> {
        Ok(Json::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> UnreadableError {
        read_object(text.as_bytes(), 1000).unwrap_err()
    }

    #[test]
    fn members_come_in_order_with_numbers_told_apart() {
        let read =
            read_object(br#"{"b": 1, "a": [1.0, -0, 18446744073709551615, null, true]}"#, 1000).unwrap();
        let numbers = [Json::OtherNumber, Json::OtherNumber, Json::OtherNumber, Json::Null, Json::Bool];
        assert_eq!(
            read,
            [("b".to_owned(), Json::Integer(1)), ("a".to_owned(), Json::Array(numbers.to_vec()))]
        );
    }

    #[test]
    fn what_is_not_one_json_object_is_refused() {
        assert_eq!(error("[]"), UnreadableError::NotAnObject { got: "an array" });
        assert_eq!(error("\"x\""), UnreadableError::NotAnObject { got: "a string" });
        for text in
            ["", "{", "{} {}", "{'a': 1}", "{\"a\": 1,}", "\u{FEFF}{}", "{\"a\": NaN}", "{\"a\": \"\t\"}"]
        {
            assert!(matches!(error(text), UnreadableError::NotJson { .. }), "{text:?}");
        }
        assert!(matches!(error(r#"{"a": "\ud800"}"#), UnreadableError::NotJson { .. }));
        assert_eq!(read_object(b"{\"\xff\": 1}", 1000), Err(UnreadableError::NotUtf8 { offset: 2 }));
        assert_eq!(read_object(b"{}  ", 3), Err(UnreadableError::TooLarge { max: 3, got: 4 }));
    }

    #[test]
    fn a_key_twice_is_refused_at_any_level_and_however_it_is_written() {
        let path = |text| match error(text) {
            UnreadableError::DuplicateKey { path } => path,
            other => panic!("{other}"),
        };
        assert_eq!(path(r#"{"a": 1, "a": 1}"#), "/a");
        assert_eq!(path(r#"{"x": [{}, {"a": 1, "\u0061": 2}]}"#), "/x/1/a");
        assert_eq!(path(r#"{"a/b~": 1, "a/b~": 1}"#), "/a~1b~0");
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |levels: usize| format!("{{\"a\": {}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(read_object(nested(15).as_bytes(), 1000).is_ok());
        assert_eq!(error(&nested(16)), UnreadableError::TooDeep { max: 16 });
        assert!(matches!(error(&nested(200)), UnreadableError::NotJson { .. }));
        let deep = "[".repeat(100_000);
        assert!(matches!(read_object(deep.as_bytes(), 200_000), Err(UnreadableError::NotJson { .. })));
    }
}
