//! The verdict: what was checked, what came of it, and what may be shown (DESIGN §5). Data, never an error.

use serde::Serialize;

use super::checks::grade;
use super::code::Code;
use super::sd_jwt::ShownSdJwt;
use super::shown::ShownLicence;
use super::shown_presentation::ShownPresentation;
use super::shown_receipt::{Now, ShownReceipt};
use crate::licence::{Grade, State};
use crate::time::UnixTime;

/// The answer to one credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The sum of the findings.
    pub status: Status,
    /// The graded answer of GB/T 36906.
    pub grade: u8,
    /// One for every check, in the order of [`Check::ALL`]; behind them, for an SD-JWT VC, [`Check::Holder`].
    pub findings: Vec<Finding>,
    /// The time it was judged for.
    pub at: UnixTime,
    /// Which form was presented, where that could be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<Form>,
    /// What may be shown of the licence: nothing unless its signature is its issuer's and the ledger does not disown it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub licence: Option<ShownLicence>,
    /// What may be shown of an SD-JWT VC, by the same rule, and only if its holder's proof did not fail.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sd_jwt: Option<ShownSdJwt>,
    /// What a receipt says was true *then*.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub receipt: Option<Box<ShownReceipt>>,
    /// What is true *now* of what a receipt is about, one for each of them that the ledger knows.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub now: Vec<Now>,
    /// What a presentation shows; nothing where a check failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub presentation: Option<Box<ShownPresentation>>,
    /// How old what it was judged by was.
    pub freshness: Freshness,
}

/// The sum of the findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Every check passed.
    Valid,
    /// A check failed.
    Invalid,
    /// No check failed, and one could not be made.
    Indeterminate,
}

/// What is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// It can be read, and agrees with itself.
    Format,
    /// Its issuer is known, and was certified when it was signed.
    Issuer,
    /// Its issuer may issue this type.
    Scope,
    /// Its issuer's key signed exactly these bytes.
    Signature,
    /// It is in force on this day.
    Dates,
    /// It is neither suspended, revoked nor replaced.
    Status,
    /// It stands in the ledger with exactly these signed bytes.
    Ledger,
    /// Whoever shows it holds the key it is bound to. For SD-JWT VC only.
    Holder,
}

/// What came of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Good.
    Pass,
    /// Not good.
    Fail,
    /// Could not be made.
    Unknown,
}

/// One check and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Which check.
    pub check: Check,
    /// What came of it.
    pub result: Outcome,
    /// Why, as a stable word.
    pub code: Code,
    /// The kind of suspension, where one was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<State>,
    /// What was compared, in English, for whoever looks into it. Never holds personal data.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// Which form of a licence was presented (FORMAT.md §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Every field: the file.
    Full,
    /// Fewer fields, some masked: the QR.
    Qr,
    /// What its holder chose to disclose: an SD-JWT VC.
    #[serde(rename = "sd-jwt")]
    SdJwt,
    /// Chosen fields, for a minute.
    Presentation,
    /// A verdict for the case file.
    Receipt,
}

/// How old what a verdict was judged by was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Freshness {
    /// The trust list.
    pub trust_list: TrustListAge,
    /// When status and ledger were looked up; absent where there was no source for them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looked_up: Option<UnixTime>,
    /// How old the status list's entry was, where the verdict was judged by a pack.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status: Option<StatusAge>,
    /// When the pack was made, its checkpoint with it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pack: Option<UnixTime>,
}

/// How old a status list's entry was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StatusAge {
    /// When it was true.
    pub as_of: UnixTime,
    /// By the policy of the licence's type.
    pub grade: Grade,
}

/// Which trust list was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct TrustListAge {
    /// Its version.
    pub version: u64,
    /// When it was signed.
    pub signed: UnixTime,
}

impl Check {
    /// Every check of a licence, in the order in which a verdict reports them.
    pub const ALL: [Self; 7] =
        [Self::Format, Self::Issuer, Self::Scope, Self::Signature, Self::Dates, Self::Status, Self::Ledger];

    /// Those, and the one of an SD-JWT VC alone.
    pub const EVERY: [Self; 8] = [
        Self::Format,
        Self::Issuer,
        Self::Scope,
        Self::Signature,
        Self::Dates,
        Self::Status,
        Self::Ledger,
        Self::Holder,
    ];

    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Format => "format",
            Self::Issuer => "issuer",
            Self::Scope => "scope",
            Self::Signature => "signature",
            Self::Dates => "dates",
            Self::Status => "status",
            Self::Ledger => "ledger",
            Self::Holder => "holder",
        }
    }
}

impl Status {
    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Indeterminate => "indeterminate",
        }
    }

    /// Any failed check is invalid; else any unknown one is indeterminate; else valid.
    pub fn of(findings: &[Finding]) -> Self {
        let any = |outcome| findings.iter().any(|finding| finding.result == outcome);
        match (any(Outcome::Fail), any(Outcome::Unknown)) {
            (true, _) => Self::Invalid,
            (false, true) => Self::Indeterminate,
            (false, false) => Self::Valid,
        }
    }
}

impl Outcome {
    /// The word in the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::Unknown => "unknown",
        }
    }
}

impl Finding {
    /// A check that is good.
    pub const fn pass(check: Check) -> Self {
        Self { check, result: Outcome::Pass, code: Code::Ok, state: None, detail: None }
    }

    /// A check that is good, in a way that has to be told.
    pub const fn pass_because(check: Check, code: Code, detail: Option<String>) -> Self {
        Self { check, result: Outcome::Pass, code, state: None, detail }
    }

    /// A check that has nothing to ask here.
    pub const fn not_applicable(check: Check) -> Self {
        Self { check, result: Outcome::Pass, code: Code::NotApplicable, state: None, detail: None }
    }

    /// A check that is not good.
    pub const fn fail(check: Check, code: Code, detail: Option<String>) -> Self {
        Self { check, result: Outcome::Fail, code, state: None, detail }
    }

    /// A licence that is suspended in this way.
    pub(super) fn suspended(kind: State) -> Self {
        let detail = Some(format!("{}, {}", kind.en(), kind.zh()));
        Self { state: Some(kind), ..Self::fail(Check::Status, Code::Suspended, detail) }
    }

    /// A check that could not be made.
    pub const fn unknown(check: Check, code: Code) -> Self {
        Self { check, result: Outcome::Unknown, code, state: None, detail: None }
    }
}

impl Verdict {
    /// The finding of one check.
    pub fn finding(&self, check: Check) -> Option<&Finding> {
        self.findings.iter().find(|finding| finding.check == check)
    }

    /// Puts a finding in the place of the one of the same check, and sums up anew.
    pub(crate) fn replace_finding(&mut self, finding: Finding) {
        if let Some(place) = self.findings.iter_mut().find(|one| one.check == finding.check) {
            *place = finding;
        }
        self.status = Status::of(&self.findings);
        self.grade = grade(&self.findings);
    }

    /// The first thing that did not pass, or `ok`.
    pub fn first_reason(&self) -> Code {
        self.reasons().first().copied().unwrap_or(Code::Ok)
    }

    /// The codes of all checks that did not pass, in order.
    pub fn reasons(&self) -> Vec<Code> {
        self.findings
            .iter()
            .filter(|finding| finding.result != Outcome::Pass)
            .map(|finding| finding.code)
            .collect()
    }
}
