//! What acts answer with, in the shape of the API.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use zeroize::Zeroizing;

use super::history::HistoryView;
use crate::codec::{Envelope, encode_qr_text};
use crate::ledger::Department;
use crate::licence::{CreditCode, Licence, MinistryCode, Replacement, Standing, State};
use crate::time::UnixTime;
use crate::verify::{ShownLicence, ShownReceipt, Verdict};

/// The answer to an issue request. Follows from what the ledger holds, so a replay answers the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct IssuedView {
    /// The licence's identifier.
    pub identifier: String,
    /// Its number.
    pub number: String,
    /// Its version, `001` to `999`.
    pub version: String,
    /// The state it was issued in.
    pub status: &'static str,
    /// The full form's envelope, bare, in base64.
    pub envelope: String,
    /// The QR text.
    pub qr: String,
}

impl IssuedView {
    pub(super) fn of(licence: &Licence, full: &Envelope, qr: &Envelope) -> Self {
        Self {
            identifier: licence.identifier.to_string(),
            number: licence.number.clone(),
            version: licence.identifier.version().to_string(),
            status: State::Valid.as_str(),
            envelope: STANDARD.encode(full.bare_bytes()),
            qr: encode_qr_text(qr),
        }
    }
}

/// A verdict, and the receipt that says it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReceiptedVerdict {
    /// The verdict; never one on a receipt, so it has no `receipt` of its own.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// The receipt.
    pub receipt: GivenReceiptView,
}

/// A receipt that was just given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct GivenReceiptView {
    /// Its id, for getting it again.
    pub id: String,
    /// Its envelope, bare, in base64.
    pub envelope: String,
    /// Its position in the ledger.
    pub position: u64,
}

/// A receipt that was got again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReceiptView {
    /// What it says.
    #[serde(flatten)]
    pub receipt: ShownReceipt,
    /// Its envelope, bare, in base64.
    pub envelope: String,
}

/// A presentation that was just made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PresentationView {
    /// The QR text.
    pub qr: String,
    /// Good until the second before.
    pub expires: UnixTime,
}

/// A licence as its own department sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LicenceView {
    /// What the licence says.
    #[serde(flatten)]
    pub licence: ShownLicence,
    /// The state its authority has put it into; `replaced` from the first day of the licence that replaces it, unless it
    /// has ended.
    pub status: &'static str,
    /// How it stands today.
    pub standing: StandingView,
    /// What it was issued for, where it replaces another.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces_for: Option<Replacement>,
    /// The licence that replaces it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaced_by: Option<String>,
    /// Everything that happened to it, its issuing first.
    pub history: Vec<HistoryView>,
}

/// How a licence stands, its dates and a newer licence taken together with its state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StandingView {
    /// A word: a state's, or `not_yet_in_force`, `expired`, `replaced`.
    pub word: &'static str,
    /// What it is called in Chinese.
    pub zh: &'static str,
    /// What it is called in English.
    pub en: &'static str,
    /// How the ministries' exchange codes it.
    pub ministry_code: MinistryCode,
    /// What it asks for beside code 99.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ministry_description: Option<&'static str>,
    /// The graded answer of GB/T 36906.
    pub grade: u8,
}

impl StandingView {
    pub(super) const fn of(standing: Standing) -> Self {
        Self {
            word: standing.as_str(),
            zh: standing.zh(),
            en: standing.en(),
            ministry_code: standing.ministry_code(),
            ministry_description: standing.ministry_description(),
            grade: standing.grade(),
        }
    }
}

/// A department and an API key that was just made for it.
pub struct MadeDepartment {
    /// Its credit code.
    pub code: CreditCode,
    /// Its name.
    pub name: String,
    /// The API key, **in the open**; only a hash of it is kept.
    pub api_key: Zeroizing<String>,
}

impl std::fmt::Debug for MadeDepartment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MadeDepartment({}, secret)", self.code)
    }
}

/// A department, as everyone may see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DepartmentView {
    /// Its name.
    pub name: String,
    /// Its credit code.
    pub code: CreditCode,
    /// The types it may issue.
    pub types: Vec<String>,
}

impl DepartmentView {
    pub(super) fn of(department: &Department) -> Self {
        Self {
            name: department.name.clone(),
            code: department.code,
            types: department.types.iter().map(ToString::to_string).collect(),
        }
    }
}

/// An authority: code and name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuthorityView {
    /// Its credit code.
    pub code: CreditCode,
    /// Its name.
    pub name: String,
}
