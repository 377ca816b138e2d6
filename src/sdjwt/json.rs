//! Strict JSON: a key twice in one object is refused wherever it stands, and so is what nests too deeply.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The most levels of arrays and objects inside one another.
pub(super) const MAX_DEPTH: usize = 16;

/// Bytes that are not the JSON that is expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JsonError {
    /// Not JSON, or nested beyond what a reader bears.
    #[error("expected JSON, got something else at column {column}")]
    NotJson {
        /// Counted from 1.
        column: usize,
    },
    /// Nested too deeply.
    #[error("expected at most {max} levels of arrays and objects")]
    TooDeep {
        /// The most allowed.
        max: usize,
    },
    /// The same key twice in one object.
    #[error("expected each key of an object once, got {key:?} again")]
    DuplicateKey {
        /// The key, shortened.
        key: String,
    },
    /// Not an object.
    #[error("expected a JSON object")]
    NotAnObject,
}

/// Reads one JSON value.
pub(super) fn read(bytes: &[u8]) -> Result<Value, JsonError> {
    // The reader stops by itself at 128 levels, so the stack is safe before the depth is judged.
    let raw: Raw =
        serde_json::from_slice(bytes).map_err(|error| JsonError::NotJson { column: error.column() })?;
    raw.into_value(MAX_DEPTH)
}

/// Reads one JSON object.
pub(super) fn read_object(bytes: &[u8]) -> Result<Map<String, Value>, JsonError> {
    match read(bytes)? {
        Value::Object(object) => Ok(object),
        _ => Err(JsonError::NotAnObject),
    }
}

/// At most 64 characters of what came, to be shown in an error.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(64).collect()
}

/// JSON as it came, with what a map would have dropped.
enum Raw {
    Plain(Value),
    Array(Vec<Self>),
    Object(Vec<(String, Self)>),
}

impl Raw {
    fn into_value(self, levels: usize) -> Result<Value, JsonError> {
        let inside = || levels.checked_sub(1).ok_or(JsonError::TooDeep { max: MAX_DEPTH });
        Ok(match self {
            Self::Plain(value) => value,
            Self::Array(items) => {
                let levels = inside()?;
                Value::Array(items.into_iter().map(|item| item.into_value(levels)).collect::<Result<_, _>>()?)
            }
            Self::Object(members) => {
                let levels = inside()?;
                let mut object = Map::new();
                for (key, value) in members {
                    if object.contains_key(&key) {
                        return Err(JsonError::DuplicateKey { key: shortened(&key) });
                    }
                    object.insert(key, value.into_value(levels)?);
                }
                Value::Object(object)
            }
        })
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Plain(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Plain(Value::Bool(value)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Raw, E> {
        Ok(Raw::Plain(Value::Number(number.into())))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Raw, E> {
        Ok(Raw::Plain(Value::Number(number.into())))
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Raw, E> {
        let number = Number::from_f64(number).ok_or_else(|| E::custom("not a number"))?;
        Ok(Raw::Plain(Value::Number(number)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Raw, E> {
        Ok(Raw::Plain(Value::String(text.to_owned())))
    }

    fn visit_string<E>(self, text: String) -> Result<Raw, E> {
        Ok(Raw::Plain(Value::String(text)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Raw::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Raw, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Raw::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn everything_json_has_comes_through() {
        let text = r#"{"b": true, "a": [null, -1, 18446744073709551615, 1.5, "甲"], "c": {}}"#;
        let expected = json!({"a": [null, -1, u64::MAX, 1.5, "甲"], "b": true, "c": {}});
        assert_eq!(read(text.as_bytes()), Ok(expected));
    }

    #[test]
    fn a_key_twice_is_refused_however_it_is_written() {
        for text in [r#"{"a": 1, "a": 1}"#, r#"[{"x": {"a": 1, "\u0061": 2}}]"#] {
            assert_eq!(read(text.as_bytes()), Err(JsonError::DuplicateKey { key: "a".to_owned() }), "{text}");
        }
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |levels: usize| [vec![b'['; levels], vec![b']'; levels]].concat();
        assert!(read(&nested(MAX_DEPTH)).is_ok());
        assert_eq!(read(&nested(MAX_DEPTH + 1)), Err(JsonError::TooDeep { max: MAX_DEPTH }));
        assert!(matches!(read(&nested(100_000)), Err(JsonError::NotJson { .. })));
    }

    #[test]
    fn what_is_no_json_object_is_refused() {
        assert_eq!(read_object(b"[]"), Err(JsonError::NotAnObject));
        for wrong in [&b""[..], b"{} {}", b"{", b"\xff", b"{\"a\": NaN}", b"{\"a\": 1e999}"] {
            assert!(matches!(read_object(wrong), Err(JsonError::NotJson { .. })), "{wrong:?}");
        }
    }
}
