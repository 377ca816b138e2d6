//! The fixtures as they lie in the tree: what is presented, how it was made, what has to come of it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use elicense::sdjwt;
use serde::{Deserialize, Serialize};

use super::city::{read, tree};

pub(crate) const PATH: &str = "fixtures/hostile/2.5-sd-jwt.json";

/// The file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    pub(crate) section: String,
    /// In base64: the golden one, its departments certified for SD-JWT VC too.
    pub(crate) trust_list: String,
    pub(crate) twins: Vec<Twin>,
    pub(crate) fixtures: Vec<Fixture>,
}

/// Something that is valid, and nearly what its fixtures are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Twin {
    pub(crate) name: String,
    pub(crate) how: String,
    pub(crate) present: Presented,
}

/// Something that must be refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fixture {
    pub(crate) row: u8,
    pub(crate) name: String,
    pub(crate) how: String,
    /// Exactly these checks fail, by code.
    pub(crate) fails: BTreeMap<String, String>,
    /// Part of what is said about it.
    pub(crate) because: String,
    pub(crate) twin: String,
    pub(crate) present: Presented,
}

/// What is presented, and what the holder was to prove.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Presented {
    text: Vec<Part>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) challenge: Option<Challenge>,
}

/// What a verifier asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Challenge {
    pub(crate) audience: String,
    pub(crate) nonce: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
enum Part {
    Once(String),
    Repeated { text: String, times: usize },
}

impl From<&Challenge> for sdjwt::Challenge {
    fn from(asked: &Challenge) -> Self {
        Self { audience: asked.audience.clone(), nonce: asked.nonce.clone() }
    }
}

impl Presented {
    pub(crate) fn of(text: impl Into<String>) -> Self {
        Self { text: vec![Part::Once(text.into())], challenge: None }
    }

    /// With this text so often in the middle.
    pub(crate) fn repeating(before: &str, text: &str, times: usize) -> Self {
        let parts = vec![Part::Once(before.to_owned()), Part::Repeated { text: text.to_owned(), times }];
        Self { text: parts, challenge: None }
    }

    pub(crate) fn asked(self, audience: &str, nonce: &str) -> Self {
        let challenge = Challenge { audience: audience.to_owned(), nonce: nonce.to_owned() };
        Self { challenge: Some(challenge), ..self }
    }

    pub(crate) fn text(&self) -> String {
        let part = |part: &Part| match part {
            Part::Once(text) => text.clone(),
            Part::Repeated { text, times } => text.repeat(*times),
        };
        self.text.iter().map(part).collect()
    }
}

impl Section {
    pub(crate) fn read() -> Self {
        serde_json::from_slice(&read(PATH)).unwrap()
    }

    pub(crate) fn write(&self) {
        std::fs::write(tree(PATH), serde_json::to_string_pretty(self).unwrap() + "\n").unwrap();
    }

    pub(crate) fn trust_list(&self) -> Vec<u8> {
        STANDARD.decode(&self.trust_list).unwrap()
    }
}
