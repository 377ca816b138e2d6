//! The fixtures as they lie in `fixtures/hostile/`: what is presented, how it was made, what has to come of it.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::city::{read, tree};

/// The files, by section of the list of attacks they follow.
pub(crate) const SECTIONS: [&str; 4] = ["2.1-envelope", "2.2-decoding", "2.3-signatures", "2.6-requests"];

/// One file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Section {
    pub(crate) section: String,
    pub(crate) twins: Vec<Twin>,
    pub(crate) fixtures: Vec<Fixture>,
}

/// Something that is accepted, and nearly what its fixtures are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Twin {
    pub(crate) name: String,
    pub(crate) how: String,
    pub(crate) accepted: Accepted,
    pub(crate) present: Presented,
}

/// How far a twin gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Accepted {
    /// Every check passes.
    Valid,
    /// Every check passes that does not need the ledger, which does not have it.
    Signed,
    /// A trust list that is believed.
    Believed,
    /// A request that is done.
    Done,
}

/// Something that must be refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fixture {
    pub(crate) row: u8,
    pub(crate) name: String,
    pub(crate) how: String,
    pub(crate) refused: Refused,
    pub(crate) twin: String,
    pub(crate) present: Presented,
}

/// What has to come of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Refused {
    /// A verdict in which exactly these checks fail, by code, leaving status and ledger aside.
    Verdict {
        fails: BTreeMap<String, String>,
        /// Part of what is said about it; empty where nothing is.
        because: String,
    },
    /// A problem.
    Problem { status: u16, code: String },
    /// A trust list that is not believed, and part of what is said about it.
    TrustList { because: String },
}

/// What is presented, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Presented {
    /// The body of `POST /v1/verifications`.
    Credential { media: String, body: Body },
    /// A picture that the test draws.
    Picture { picture: String },
    /// A trust list that a verifier is given.
    TrustList { body: Body },
    /// Requests, the last of which counts; those before it are done.
    Requests(Vec<Call>),
}

/// One request of a department; `{es256}`, `{eddsa}`, `{withdrawn}` in it stand for API keys, `{identifier}` for what the
/// request before it made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) path: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) headers: Vec<(String, String)>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Body>,
}

/// Bytes: as text where they are readable, else in base64, long runs of one byte pattern shortened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Body {
    Text(String),
    Base64(String),
    Parts(Vec<Part>),
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Part {
    base64: String,
    #[serde(default = "once", skip_serializing_if = "is_once")]
    times: usize,
}

const fn once() -> usize {
    1
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the shape that serde asks for")]
const fn is_once(times: &usize) -> bool {
    *times == 1
}

impl Body {
    /// In the most readable shape.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        const LONG: usize = 512;
        let readable = |text: &&str| text.chars().all(|c| !c.is_control() || c == '\n' || c == '\r');
        let mut runs: Vec<(u8, usize)> = Vec::new();
        for &byte in bytes {
            match runs.last_mut() {
                Some((last, times)) if *last == byte => *times += 1,
                _ => runs.push((byte, 1)),
            }
        }
        if runs.iter().all(|(_, times)| *times < LONG) {
            let text = std::str::from_utf8(bytes).ok().filter(readable);
            return text.map_or_else(|| Self::Base64(STANDARD.encode(bytes)), |text| Self::Text(text.into()));
        }
        let mut parts = Vec::new();
        let mut between = Vec::new();
        for (byte, times) in runs {
            if times < LONG {
                between.extend(std::iter::repeat_n(byte, times));
                continue;
            }
            if !between.is_empty() {
                parts.push(Part { base64: STANDARD.encode(std::mem::take(&mut between)), times: 1 });
            }
            parts.push(Part { base64: STANDARD.encode([byte]), times });
        }
        if !between.is_empty() {
            parts.push(Part { base64: STANDARD.encode(between), times: 1 });
        }
        Self::Parts(parts)
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let decode = |base64: &str| STANDARD.decode(base64).unwrap();
        match self {
            Self::Text(text) => text.clone().into_bytes(),
            Self::Base64(base64) => decode(base64),
            Self::Parts(parts) => {
                parts.iter().flat_map(|part| decode(&part.base64).repeat(part.times)).collect()
            }
        }
    }
}

impl Section {
    pub(crate) fn read(name: &str) -> Self {
        let bytes = read(&format!("fixtures/hostile/{name}.json"));
        serde_json::from_slice(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub(crate) fn write(&self) {
        let path = tree(&format!("fixtures/hostile/{}.json", self.section));
        std::fs::write(path, serde_json::to_string_pretty(self).unwrap() + "\n").unwrap();
    }
}

/// Everything that is committed.
pub(crate) fn all() -> Vec<Section> {
    SECTIONS.map(Section::read).into()
}
