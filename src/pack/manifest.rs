//! What is signed: a line for each part, with its digest.

use std::fmt;

use super::error::PackError;
use crate::codec::cbor::{Reader, Writer};
use crate::crypto::Digest;
use crate::licence::{CreditCode, TypeCode};
use crate::time::UnixTime;

const ISSUED_AT: i64 = 6;
const MANIFEST: i64 = -70_003;
/// Lines of a manifest.
const MOST_LINES: usize = 10_000;
/// Characters of a part's name.
const MOST_NAME: usize = 512;
/// Types, or authorities, of a selection.
const MOST_CHOSEN: usize = 1_000;

/// What a part is, in the order of FORMAT.md §11.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PartKind {
    /// The trust list's envelope.
    TrustList,
    /// The entries of a status list.
    StatusList,
    /// The licence types, as JSON.
    LicenceTypes,
    /// The ledger's last checkpoint.
    Checkpoint,
    /// What survived the compromise of a signer's key.
    Survivors,
}

/// One line: a part and what it has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What it is.
    pub kind: PartKind,
    /// Which one.
    pub name: String,
    /// When it was true.
    pub time: UnixTime,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// How many bytes.
    pub size: u64,
}

/// Which status lists were chosen: those of authorities with one of these types, and of these authorities.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Type codes.
    pub types: Vec<TypeCode>,
    /// Authorities.
    pub authorities: Vec<CreditCode>,
}

/// The signed part of a pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    /// When it was made.
    pub issued_at: UnixTime,
    /// Entries of the ledger it was made from.
    pub version: u64,
    /// Public URL of the installation.
    pub public_url: String,
    /// Its parts, ascending by kind and name.
    pub lines: Vec<Line>,
    /// What was chosen; absent: every status list.
    pub selection: Option<Selection>,
}

impl Selection {
    /// As it stands in a query, behind other members.
    pub fn to_query(&self) -> String {
        let types = self.types.iter().map(|code| format!("&type={code}"));
        types.chain(self.authorities.iter().map(|code| format!("&authority={code}"))).collect()
    }
}

impl PartKind {
    /// Every kind, in order.
    pub const ALL: [Self; 5] =
        [Self::TrustList, Self::StatusList, Self::LicenceTypes, Self::Checkpoint, Self::Survivors];

    /// The number on the wire.
    pub const fn number(self) -> u64 {
        match self {
            Self::TrustList => 1,
            Self::StatusList => 2,
            Self::LicenceTypes => 3,
            Self::Checkpoint => 4,
            Self::Survivors => 5,
        }
    }
}

impl fmt::Display for PartKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TrustList => "trust list",
            Self::StatusList => "status list",
            Self::LicenceTypes => "licence types",
            Self::Checkpoint => "checkpoint",
            Self::Survivors => "survivors",
        })
    }
}

impl Manifest {
    /// The payload of its envelope.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.map(2).int(ISSUED_AT).int(self.issued_at.seconds()).int(MANIFEST);
        out.map(if self.selection.is_some() { 4 } else { 3 });
        out.int(1).uint(self.version).int(2).text(&self.public_url).int(3).array(self.lines.len());
        for line in &self.lines {
            out.array(5).uint(line.kind.number()).text(&line.name).int(line.time.seconds());
            out.bytes(line.digest.as_bytes()).uint(line.size);
        }
        if let Some(selection) = &self.selection {
            out.int(4).array(2).array(selection.types.len());
            for code in &selection.types {
                out.text(code.as_str());
            }
            out.array(selection.authorities.len());
            for code in &selection.authorities {
                out.text(code.as_str());
            }
        }
        out.finish()
    }

    /// Reads the payload of an envelope: every key known and there, lines in order, within the limits.
    pub fn decode(payload: &[u8]) -> Result<Self, PackError> {
        let mut reader = Reader::new(payload);
        let mut claims = reader.map()?;
        expect(ISSUED_AT, claims.next_int(&mut reader)?)?;
        let issued_at = time(&mut reader)?;
        expect(MANIFEST, claims.next_int(&mut reader)?)?;
        let mut keys = reader.map()?;
        expect(1, keys.next_int(&mut reader)?)?;
        let version = reader.uint()?;
        expect(2, keys.next_int(&mut reader)?)?;
        let public_url = short_text(&mut reader, "public URL")?;
        expect(3, keys.next_int(&mut reader)?)?;
        let lines = read_lines(&mut reader)?;
        let selection = match keys.next_int(&mut reader)? {
            None => None,
            Some(4) => Some(read_selection(&mut reader)?),
            got => return Err(PackError::Key { expected: 4, got }),
        };
        end(keys.next_int(&mut reader)?)?;
        end(claims.next_int(&mut reader)?)?;
        reader.finish()?;
        Ok(Self { issued_at, version, public_url, lines, selection })
    }

    /// The lines of one kind.
    pub fn of_kind(&self, kind: PartKind) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |line| line.kind == kind)
    }
}

fn read_lines(reader: &mut Reader<'_>) -> Result<Vec<Line>, PackError> {
    let count = reader.array()?;
    if count > MOST_LINES {
        return Err(PackError::Value { what: "number of lines" });
    }
    let mut lines: Vec<Line> = Vec::new();
    for position in 0..count {
        let line = read_line(reader)?;
        if lines.last().is_some_and(|last| (last.kind, &last.name) >= (line.kind, &line.name)) {
            return Err(PackError::Order { position });
        }
        lines.push(line);
    }
    Ok(lines)
}

fn read_line(reader: &mut Reader<'_>) -> Result<Line, PackError> {
    reader.array_of(5)?;
    let number = reader.uint()?;
    let kind = PartKind::ALL.into_iter().find(|kind| kind.number() == number);
    let kind = kind.ok_or(PackError::Value { what: "kind of a part" })?;
    let name = short_text(reader, "name of a part")?;
    let time = time(reader)?;
    let digest = Digest::from_slice(reader.bytes()?).ok_or(PackError::Value { what: "digest of a part" })?;
    Ok(Line { kind, name, time, digest, size: reader.uint()? })
}

fn read_selection(reader: &mut Reader<'_>) -> Result<Selection, PackError> {
    reader.array_of(2)?;
    Ok(Selection { types: read_codes(reader)?, authorities: read_codes(reader)? })
}

fn read_codes<T: std::str::FromStr>(reader: &mut Reader<'_>) -> Result<Vec<T>, PackError> {
    let count = reader.array()?;
    if count > MOST_CHOSEN {
        return Err(PackError::Value { what: "selection" });
    }
    let read = |reader: &mut Reader<'_>| {
        reader.text()?.parse().map_err(|_| PackError::Value { what: "code of the selection" })
    };
    (0..count).map(|_| read(reader)).collect()
}

fn short_text(reader: &mut Reader<'_>, what: &'static str) -> Result<String, PackError> {
    let text = reader.text()?;
    let good = (1..=MOST_NAME).contains(&text.len()) && !text.chars().any(char::is_control);
    good.then(|| text.to_owned()).ok_or(PackError::Value { what })
}

fn time(reader: &mut Reader<'_>) -> Result<UnixTime, PackError> {
    UnixTime::from_seconds(reader.int()?).ok_or(PackError::Value { what: "time" })
}

fn expect(expected: i64, got: Option<i64>) -> Result<(), PackError> {
    if got == Some(expected) { Ok(()) } else { Err(PackError::Key { expected, got }) }
}

fn end(got: Option<i64>) -> Result<(), PackError> {
    match got {
        None => Ok(()),
        got => Err(PackError::Value { what: if got.is_some() { "last key" } else { "end" } }),
    }
}
