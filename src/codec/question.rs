//! What a receipt was given for where nothing was presented: a question about a holder's licences (FORMAT.md §12, keys 6 and 7).

use super::cbor::{Reader, Writer};
use super::payload::PayloadError;
use crate::licence::ComparisonResult;

/// A question about a holder's licences. Absent in a receipt about something that was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Question {
    /// Which licences there are.
    Lookup,
    /// Whether claims agree with a licence, and the answer.
    Comparison(ComparisonResult),
    /// Which of a service item's licences there are.
    Materials,
}

const COMPARISON: &str = "comparison";

impl Question {
    /// The word in the receipt.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lookup => "lookup",
            Self::Comparison(_) => COMPARISON,
            Self::Materials => "materials",
        }
    }

    /// The answer of a comparison.
    pub const fn result(self) -> Option<ComparisonResult> {
        match self {
            Self::Comparison(result) => Some(result),
            Self::Lookup | Self::Materials => None,
        }
    }

    /// How many keys it takes.
    pub(super) const fn keys(self) -> usize {
        if self.result().is_some() { 2 } else { 1 }
    }

    pub(super) fn encode(self, out: &mut Writer) {
        out.int(6).text(self.as_str());
        if let Some(result) = self.result() {
            out.int(7).uint(u64::from(result.code()));
        }
    }

    /// Of what stood under keys 6 and 7.
    pub(super) fn decode(
        word: Option<&str>,
        result: Option<ComparisonResult>,
    ) -> Result<Option<Self>, PayloadError> {
        match (word, result) {
            (None, None) => Ok(None),
            (Some("lookup"), None) => Ok(Some(Self::Lookup)),
            (Some("materials"), None) => Ok(Some(Self::Materials)),
            (Some(COMPARISON), Some(result)) => Ok(Some(Self::Comparison(result))),
            _ => Err(PayloadError::Value { what: "question" }),
        }
    }
}

/// The answer of a comparison: 0 to 6.
pub(super) fn read_result(reader: &mut Reader<'_>) -> Result<ComparisonResult, PayloadError> {
    let code = u8::try_from(reader.uint()?).ok();
    code.and_then(ComparisonResult::of_code).ok_or(PayloadError::Value { what: "result of a comparison" })
}
