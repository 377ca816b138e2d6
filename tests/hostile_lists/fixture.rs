//! The fixtures as they lie in `fixtures/hostile/2.5-status.json`.

use elicense::status;
use serde::{Deserialize, Serialize};

use super::city::{read, time, tree};
use super::manifest::Body;

pub(crate) const FILE: &str = "fixtures/hostile/2.5-status.json";

/// The file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    pub(crate) section: String,
    pub(crate) twins: Vec<Twin>,
    pub(crate) fixtures: Vec<Fixture>,
}

/// A list that is believed; the entry that is asked for is 2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Twin {
    pub(crate) name: String,
    pub(crate) how: String,
    pub(crate) present: Presented,
}

/// A list that must not be believed, or must not read as its twin does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fixture {
    pub(crate) row: u8,
    pub(crate) name: String,
    pub(crate) how: String,
    pub(crate) expected: Expected,
    pub(crate) twin: String,
    pub(crate) present: Presented,
}

/// What has to come of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Expected {
    /// Part of why the list is refused.
    Refused(String),
    /// The list is believed, and has this entry there, or none.
    Reads(Option<u8>),
}

/// A list, what was asked, and what the verifier knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Presented {
    /// The address that was asked.
    pub(crate) uri: String,
    /// The entry that is asked for.
    pub(crate) index: u32,
    /// When it is judged.
    pub(crate) at: String,
    /// What was seen of the list before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) seen: Option<Seen>,
    /// The trust list, where it is not the golden one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trust_list: Option<Body>,
    /// What came.
    pub(crate) list: Body,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Seen {
    pub(crate) version: u64,
    pub(crate) issued_at: String,
}

impl Seen {
    pub(crate) fn parsed(&self) -> status::Seen {
        status::Seen { version: self.version, issued_at: time(&self.issued_at) }
    }
}

impl Section {
    pub(crate) fn read() -> Self {
        serde_json::from_slice(&read(FILE)).unwrap_or_else(|error| panic!("{FILE}: {error}"))
    }

    pub(crate) fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap() + "\n"
    }

    pub(crate) fn write(&self) {
        std::fs::write(tree(FILE), self.to_text()).unwrap();
    }
}
