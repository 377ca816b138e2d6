//! The receipt's payload: what was checked, when, for whom, for what, and what came of it (FORMAT.md §12). No personal data:
//! keys of fields, never their values.

use std::fmt;
use std::str::FromStr;

use super::cbor::{Reader, Writer};
use super::payload::{
    MOST_TYPE_NAME, MOST_URI, PayloadError, read_digest, read_parsed, read_text, read_time,
};
use super::question::{Question, read_result};
use crate::crypto::{Digest, Random, RandomError, random_bytes};
use crate::licence::{Authority, Identifier, Purpose, is_field_key};
use crate::time::UnixTime;

mod claim {
    pub(super) const ISSUER: i64 = 1;
    pub(super) const ISSUED_AT: i64 = 6;
    pub(super) const RECEIPT: i64 = -70_004;
}

const CLAIMS: &str = "claims";
const RECEIPT: &str = "receipt";
const CHECKED: &str = "thing checked";
/// Things that one receipt is about: as many as a look-up shows.
const MOST_CHECKED: usize = 100;
/// Findings of one verdict.
const MOST_FINDINGS: usize = 20;
/// Fields of one licence, and the five things beside them that are shown like fields.
const MOST_KEYS: usize = 105;
const MOST_WORD: usize = 40;

/// Names a receipt: 128 random bits. Who knows it and asks for the same department gets the receipt again.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ReceiptId([u8; 16]);

/// A text that is not 32 hexadecimal digits in lower case.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a receipt's id: 32 hexadecimal digits in lower case")]
pub struct ReceiptIdError;

impl ReceiptId {
    /// A new one.
    pub fn generate(random: &dyn Random) -> Result<Self, RandomError> {
        Ok(Self(random_bytes(random)?))
    }

    /// Takes the 16 bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for ReceiptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ReceiptId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ReceiptId {
    type Err = ReceiptIdError;

    fn from_str(text: &str) -> Result<Self, ReceiptIdError> {
        let digits = text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if text.len() != 32 || !digits {
            return Err(ReceiptIdError);
        }
        u128::from_str_radix(text, 16).map(|id| Self(id.to_be_bytes())).map_err(|_| ReceiptIdError)
    }
}

/// Everything that a receipt says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptClaims {
    /// `iss`: public URL of the installation that checked.
    pub issuer: String,
    /// `iat`.
    pub issued_at: UnixTime,
    /// Its id.
    pub id: ReceiptId,
    /// Who asked: the organisation that its key says.
    pub organisation: Authority,
    /// For what.
    pub purpose: Purpose,
    /// What was asked, where nothing was presented.
    pub question: Option<Question>,
    /// What was checked: at least one thing where something was presented.
    pub checked: Vec<Checked>,
    /// Entries in the ledger's last checkpoint then.
    pub checkpoint: u64,
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// Digest of the envelope that was presented; of what came itself where that was none.
    pub digest: Digest,
    /// The sum of the findings.
    pub verdict: CheckedVerdict,
    /// The graded answer of GB/T 36906.
    pub grade: u8,
    /// What came of each check.
    pub findings: Vec<CheckedFinding>,
    /// The time it was judged for.
    pub at: UnixTime,
    /// What it was judged by.
    pub judged_by: JudgedBy,
    /// What was presented, where that could be told.
    pub form: Option<CheckedForm>,
    /// The licence, where it could be believed.
    pub identifier: Option<Identifier>,
    /// Name of its type.
    pub type_name: Option<String>,
    /// Keys of the fields that were shown or compared.
    pub fields: Option<Vec<String>>,
    /// The licence's position in the ledger.
    pub position: Option<u64>,
}

/// The sum of a verdict's findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckedVerdict {
    /// Every check passed.
    Valid,
    /// A check failed.
    Invalid,
    /// None failed, one could not be made.
    Indeterminate,
}

/// One finding, in the stable words of `docs/VERDICTS.md`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckedFinding {
    /// Which check.
    pub check: String,
    /// `pass`, `fail` or `unknown`.
    pub result: String,
    /// Why.
    pub code: String,
}

/// How fresh what it was judged by was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JudgedBy {
    /// Version of the trust list.
    pub trust_list: u64,
    /// When the trust list was signed.
    pub trust_list_signed: UnixTime,
    /// When status and ledger were looked up.
    pub looked_up: Option<UnixTime>,
}

/// What was presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckedForm {
    /// A licence's file.
    Full,
    /// A licence's QR.
    Qr,
    /// A presentation.
    Presentation,
    /// An SD-JWT VC.
    SdJwt,
}

impl CheckedVerdict {
    const ALL: [Self; 3] = [Self::Valid, Self::Invalid, Self::Indeterminate];

    /// The word in the receipt.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Indeterminate => "indeterminate",
        }
    }
}

impl CheckedForm {
    const ALL: [Self; 4] = [Self::Full, Self::Qr, Self::Presentation, Self::SdJwt];

    /// The word in the receipt.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Qr => "qr",
            Self::Presentation => "presentation",
            Self::SdJwt => "sd-jwt",
        }
    }
}

impl ReceiptClaims {
    /// The payload's bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.map(3).int(claim::ISSUER).text(&self.issuer);
        out.int(claim::ISSUED_AT).int(self.issued_at.seconds());
        out.int(claim::RECEIPT).map(5 + self.question.map_or(0, Question::keys));
        out.int(1).bytes(self.id.as_bytes());
        out.int(2).array(2).text(self.organisation.code().as_str()).text(self.organisation.name());
        out.int(3).map(5);
        for ((_, text), label) in self.purpose.parts().zip(1..) {
            out.int(label).text(text);
        }
        out.int(4).array(self.checked.len());
        for checked in &self.checked {
            checked.encode(&mut out);
        }
        out.int(5).uint(self.checkpoint);
        if let Some(question) = self.question {
            question.encode(&mut out);
        }
        out.finish()
    }

    /// Reads a payload.
    pub fn decode(payload: &[u8]) -> Result<Self, PayloadError> {
        let mut reader = Reader::new(payload);
        let mut keys = reader.map()?;
        let (mut issuer, mut issued_at, mut receipt) = (None, None, None);
        while let Some(label) = keys.next_int(&mut reader)? {
            match label {
                claim::ISSUER => issuer = Some(read_url(&mut reader)?),
                claim::ISSUED_AT => issued_at = Some(read_time(&mut reader, "iat")?),
                claim::RECEIPT => receipt = Some(read_receipt(&mut reader)?),
                label => return Err(PayloadError::UnknownClaim { map: CLAIMS, label }),
            }
        }
        reader.finish()?;
        let missing = |label| PayloadError::MissingClaim { map: CLAIMS, label };
        let receipt = receipt.ok_or_else(|| missing(claim::RECEIPT))?;
        Ok(Self {
            issuer: issuer.ok_or_else(|| missing(claim::ISSUER))?.to_owned(),
            issued_at: issued_at.ok_or_else(|| missing(claim::ISSUED_AT))?,
            ..receipt
        })
    }
}

fn read_url<'a>(reader: &mut Reader<'a>) -> Result<&'a str, PayloadError> {
    let url = reader.text()?;
    let plain = (1..=MOST_URI).contains(&url.len()) && url.bytes().all(|byte| byte.is_ascii_graphic());
    if plain { Ok(url) } else { Err(PayloadError::Value { what: "public URL" }) }
}

/// The receipt without `iss` and `iat`, which stand beside it.
fn read_receipt(reader: &mut Reader<'_>) -> Result<ReceiptClaims, PayloadError> {
    let mut keys = reader.map()?;
    let (mut id, mut organisation, mut purpose, mut checked, mut checkpoint) = (None, None, None, None, None);
    let (mut question, mut result) = (None, None);
    while let Some(label) = keys.next_int(reader)? {
        match label {
            1 => id = Some(read_id(reader)?),
            2 => organisation = Some(read_organisation(reader)?),
            3 => purpose = Some(read_purpose(reader)?),
            4 => checked = Some(read_all_checked(reader)?),
            5 => checkpoint = Some(reader.uint()?),
            6 => question = Some(reader.text()?),
            7 => result = Some(read_result(reader)?),
            label => return Err(PayloadError::UnknownClaim { map: RECEIPT, label }),
        }
    }
    let missing = |label| PayloadError::MissingClaim { map: RECEIPT, label };
    let (question, checked) = (Question::decode(question, result)?, checked.ok_or_else(|| missing(4))?);
    if question.is_none() && checked.is_empty() {
        return Err(PayloadError::Value { what: "number of things checked" });
    }
    Ok(ReceiptClaims {
        issuer: String::new(),
        issued_at: UnixTime::MIN,
        id: id.ok_or_else(|| missing(1))?,
        organisation: organisation.ok_or_else(|| missing(2))?,
        purpose: purpose.ok_or_else(|| missing(3))?,
        question,
        checked,
        checkpoint: checkpoint.ok_or_else(|| missing(5))?,
    })
}

fn read_id(reader: &mut Reader<'_>) -> Result<ReceiptId, PayloadError> {
    let bytes = reader.bytes()?;
    bytes.try_into().map(ReceiptId).map_err(|_| PayloadError::Value { what: "receipt id" })
}

fn read_organisation(reader: &mut Reader<'_>) -> Result<Authority, PayloadError> {
    reader.array_of(2)?;
    let code = read_parsed(reader, "credit code")?;
    Authority::new(code, reader.text()?)
        .map_err(|source| PayloadError::Text { what: "organisation's name", source })
}

fn read_purpose(reader: &mut Reader<'_>) -> Result<Purpose, PayloadError> {
    const PURPOSE: &str = "purpose";
    let mut keys = reader.map()?;
    let mut texts = [""; 5];
    for (text, expected) in texts.iter_mut().zip(1..) {
        match keys.next_int(reader)? {
            Some(label) if label == expected => *text = reader.text()?,
            Some(label) if label > expected => {
                return Err(PayloadError::MissingClaim { map: PURPOSE, label: expected });
            }
            Some(label) => return Err(PayloadError::UnknownClaim { map: PURPOSE, label }),
            None => return Err(PayloadError::MissingClaim { map: PURPOSE, label: expected }),
        }
    }
    match keys.next_int(reader)? {
        None => Ok(Purpose::signed(texts)?),
        Some(label) => Err(PayloadError::UnknownClaim { map: PURPOSE, label }),
    }
}

fn read_all_checked(reader: &mut Reader<'_>) -> Result<Vec<Checked>, PayloadError> {
    let count = reader.array()?;
    if count > MOST_CHECKED {
        return Err(PayloadError::Value { what: "number of things checked" });
    }
    (0..count).map(|_| Checked::decode(reader)).collect()
}

impl Checked {
    /// Bytes that it takes in a receipt.
    pub fn encoded_len(&self) -> usize {
        let mut out = Writer::new();
        self.encode(&mut out);
        out.finish().len()
    }

    fn encode(&self, out: &mut Writer) {
        let optional = [
            self.form.is_some(),
            self.identifier.is_some(),
            self.type_name.is_some(),
            self.fields.is_some(),
            self.position.is_some(),
        ];
        out.map(6 + optional.iter().filter(|there| **there).count());
        out.int(1).bytes(self.digest.as_bytes()).int(2).text(self.verdict.as_str());
        out.int(3).uint(u64::from(self.grade)).int(4).array(self.findings.len());
        for finding in &self.findings {
            out.array(3).text(&finding.check).text(&finding.result).text(&finding.code);
        }
        out.int(5).int(self.at.seconds()).int(6);
        self.judged_by.encode(out);
        if let Some(form) = self.form {
            out.int(7).text(form.as_str());
        }
        if let Some(identifier) = &self.identifier {
            out.int(8).text(identifier.as_str());
        }
        if let Some(name) = &self.type_name {
            out.int(9).text(name);
        }
        if let Some(fields) = &self.fields {
            out.int(10).array(fields.len());
            for key in fields {
                out.text(key);
            }
        }
        if let Some(position) = self.position {
            out.int(11).uint(position);
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, PayloadError> {
        let mut keys = reader.map()?;
        let (mut digest, mut verdict, mut grade, mut findings) = (None, None, None, None);
        let (mut at, mut judged_by, mut form, mut identifier) = (None, None, None, None);
        let (mut type_name, mut fields, mut position) = (None, None, None);
        while let Some(label) = keys.next_int(reader)? {
            match label {
                1 => digest = Some(read_digest(reader, "digest of what was presented")?),
                2 => {
                    verdict = Some(read_word(reader, "verdict", CheckedVerdict::ALL, CheckedVerdict::as_str)?)
                }
                3 => grade = Some(read_grade(reader)?),
                4 => findings = Some(read_findings(reader)?),
                5 => at = Some(read_time(reader, "time it was judged for")?),
                6 => judged_by = Some(JudgedBy::decode(reader)?),
                7 => form = Some(read_word(reader, "form", CheckedForm::ALL, CheckedForm::as_str)?),
                8 => identifier = Some(reader.text()?.parse()?),
                9 => type_name = Some(read_text(reader, "type name", MOST_TYPE_NAME)?.to_owned()),
                10 => fields = Some(read_keys(reader)?),
                11 => position = Some(reader.uint()?),
                label => return Err(PayloadError::UnknownClaim { map: CHECKED, label }),
            }
        }
        let missing = |label| PayloadError::MissingClaim { map: CHECKED, label };
        Ok(Self {
            digest: digest.ok_or_else(|| missing(1))?,
            verdict: verdict.ok_or_else(|| missing(2))?,
            grade: grade.ok_or_else(|| missing(3))?,
            findings: findings.ok_or_else(|| missing(4))?,
            at: at.ok_or_else(|| missing(5))?,
            judged_by: judged_by.ok_or_else(|| missing(6))?,
            form,
            identifier,
            type_name,
            fields,
            position,
        })
    }
}

impl JudgedBy {
    fn encode(&self, out: &mut Writer) {
        out.array(if self.looked_up.is_some() { 3 } else { 2 });
        out.uint(self.trust_list).int(self.trust_list_signed.seconds());
        if let Some(looked_up) = self.looked_up {
            out.int(looked_up.seconds());
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, PayloadError> {
        let count = reader.array()?;
        if !(2..=3).contains(&count) {
            return Err(PayloadError::Value { what: "freshness" });
        }
        Ok(Self {
            trust_list: reader.uint()?,
            trust_list_signed: read_time(reader, "time of the trust list")?,
            looked_up: (count == 3).then(|| read_time(reader, "time of the look-up")).transpose()?,
        })
    }
}

fn read_word<T: Copy, const N: usize>(
    reader: &mut Reader<'_>,
    what: &'static str,
    all: [T; N],
    word: impl Fn(T) -> &'static str,
) -> Result<T, PayloadError> {
    let got = reader.text()?;
    all.into_iter().find(|one| word(*one) == got).ok_or(PayloadError::Value { what })
}

fn read_grade(reader: &mut Reader<'_>) -> Result<u8, PayloadError> {
    let grade = u8::try_from(reader.uint()?).ok().filter(|grade| *grade <= 6);
    grade.ok_or(PayloadError::Value { what: "grade" })
}

fn read_findings(reader: &mut Reader<'_>) -> Result<Vec<CheckedFinding>, PayloadError> {
    let count = reader.array()?;
    if count > MOST_FINDINGS {
        return Err(PayloadError::Value { what: "number of findings" });
    }
    let stable_word = |reader: &mut Reader<'_>| {
        let word = reader.text()?;
        let plain =
            word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        if plain && (1..=MOST_WORD).contains(&word.len()) {
            Ok(word.to_owned())
        } else {
            Err(PayloadError::Value { what: "word of a finding" })
        }
    };
    let mut findings = Vec::with_capacity(count);
    for _ in 0..count {
        reader.array_of(3)?;
        let check = stable_word(reader)?;
        let result = read_word(reader, "result of a finding", ["pass", "fail", "unknown"], |word| word)?;
        findings.push(CheckedFinding { check, result: result.to_owned(), code: stable_word(reader)? });
    }
    Ok(findings)
}

fn read_keys(reader: &mut Reader<'_>) -> Result<Vec<String>, PayloadError> {
    let count = reader.array()?;
    if count > MOST_KEYS {
        return Err(PayloadError::Value { what: "number of field keys" });
    }
    (0..count)
        .map(|_| match reader.text()? {
            key if is_field_key(key) => Ok(key.to_owned()),
            _ => Err(PayloadError::Value { what: "field key" }),
        })
        .collect()
}

#[cfg(test)]
mod tests;
