//! The fields of one licence: keys and what they hold, in few pieces of memory.

use std::fmt;

use serde::{Serialize, Serializer};

use super::value::FieldValue;

/// The fields of a licence, each key once, in the order in which they are signed: shorter keys first, then by their
/// bytes (RFC 8949 §4.2.1).
///
/// A verifier reads one for every credential, so all keys and texts share one buffer.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Fields {
    text: String,
    entries: Vec<Entry>,
}

/// Where key and value stand: the key from the end of the entry before.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Entry {
    start: usize,
    key_end: usize,
    /// Present for an integer.
    integer: Option<i64>,
    end: usize,
}

impl Fields {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Room for `count` fields with `bytes` of keys and texts in all.
    pub fn with_capacity(count: usize, bytes: usize) -> Self {
        Self { text: String::with_capacity(bytes), entries: Vec::with_capacity(count) }
    }

    /// Adds a field behind all others. `false`, and nothing done, where its key does not come behind the last one.
    #[must_use]
    pub fn push(&mut self, key: &str, value: FieldValue<'_>) -> bool {
        if self.iter().next_back().is_some_and(|(last, _)| order(last) >= order(key)) {
            return false;
        }
        let start = self.text.len();
        self.text.push_str(key);
        let key_end = self.text.len();
        let integer = match value {
            FieldValue::Integer(number) => Some(number),
            FieldValue::Text(text) => {
                self.text.push_str(text);
                None
            }
        };
        self.entries.push(Entry { start, key_end, integer, end: self.text.len() });
        true
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What the field of this key holds.
    pub fn get(&self, key: &str) -> Option<FieldValue<'_>> {
        self.iter().find_map(|(found, value)| (found == key).then_some(value))
    }

    /// Keys and values in the order in which they are signed.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&str, FieldValue<'_>)> {
        let part = |start, end| self.text.get(start..end).unwrap_or_default();
        self.entries.iter().map(move |entry| {
            let value = match entry.integer {
                Some(number) => FieldValue::Integer(number),
                None => FieldValue::Text(part(entry.key_end, entry.end)),
            };
            (part(entry.start, entry.key_end), value)
        })
    }
}

/// The encoding of a text begins with its length.
fn order(key: &str) -> (usize, &str) {
    (key.len(), key)
}

/// In any order; of several fields with one key the first stays.
impl<'a> FromIterator<(&'a str, FieldValue<'a>)> for Fields {
    fn from_iter<T: IntoIterator<Item = (&'a str, FieldValue<'a>)>>(fields: T) -> Self {
        let mut all: Vec<_> = fields.into_iter().collect();
        all.sort_by_key(|(key, _)| order(key));
        let mut sorted = Self::with_capacity(all.len(), 0);
        for (key, value) in all {
            let _ = sorted.push(key, value);
        }
        sorted
    }
}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn keys_come_in_the_order_in_which_they_are_signed() {
        let fields: Fields = [
            ("name", FieldValue::Text("甲")),
            ("b", FieldValue::Integer(-7)),
            ("a", FieldValue::Text("")),
            ("area", FieldValue::Text("12.5")),
        ]
        .into_iter()
        .collect();
        assert_eq!(fields.iter().map(|(key, _)| key).collect::<Vec<_>>(), ["a", "b", "area", "name"]);
        assert_eq!(fields.get("b"), Some(FieldValue::Integer(-7)));
        assert_eq!(fields.get("name"), Some(FieldValue::Text("甲")));
        assert_eq!(fields.get("nam"), None);
        assert_eq!(
            format!("{fields:?}"),
            r#"{"a": Text(""), "b": Integer(-7), "area": Text("12.5"), "name": Text("甲")}"#
        );
        assert_eq!(serde_json::to_string(&fields).unwrap(), r#"{"a":"","b":-7,"area":"12.5","name":"甲"}"#);
    }

    #[test]
    fn a_key_that_comes_too_late_or_twice_is_not_taken() {
        let mut fields = Fields::new();
        assert!(fields.push("bb", FieldValue::Text("x")));
        for key in ["bb", "ba", "c"] {
            assert!(!fields.push(key, FieldValue::Text("y")), "{key}");
        }
        assert!(fields.push("bc", FieldValue::Integer(1)) && fields.push("aaa", FieldValue::Integer(2)));
        assert_eq!(fields.len(), 3);
        assert_eq!(fields.get("bb"), Some(FieldValue::Text("x")));
    }

    proptest! {
        #[test]
        fn what_goes_in_comes_out(fields in proptest::collection::btree_map("[a-z_]{1,9}", "\\PC{0,9}", 0..20)) {
            let kept: Fields = fields.iter().map(|(key, text)| (key.as_str(), FieldValue::Text(text))).collect();
            prop_assert_eq!(kept.len(), fields.len());
            for (key, text) in &fields {
                prop_assert_eq!(kept.get(key), Some(FieldValue::Text(text)));
            }
        }
    }
}
