//! The file: the signed manifest, and the parts behind it.

use super::error::PackError;
use crate::codec::cbor::{Kind, Reader, Writer};
use crate::codec::{Envelope, Typ, limits};

const MAGIC: &str = "elicense pack";
/// Bytes of a pack: a city of 100 million licences at 10 % not valid has some 20 MiB of status lists.
const MOST: usize = 256 * 1024 * 1024;
/// Changed entries of one status list: as many as it has.
const MOST_CHANGES: usize = 1 << 20;

/// A part as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// All of it.
    Whole(Vec<u8>),
    /// Entries of a status list with their new values.
    Changes(Vec<(u32, u8)>),
    /// Whoever gets the update has it.
    Held,
}

/// A pack as bytes: nothing in it is believed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackFile {
    /// The manifest's envelope.
    pub manifest: Envelope,
    /// The parts, in the order of its lines.
    pub parts: Vec<Part>,
}

impl PackFile {
    /// The bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::new();
        out.array(3).text(MAGIC).bytes(self.manifest.bare_bytes()).array(self.parts.len());
        for part in &self.parts {
            match part {
                Part::Whole(bytes) => {
                    out.bytes(bytes);
                }
                Part::Changes(changes) => {
                    out.array(changes.len());
                    for (index, value) in changes {
                        out.array(2).uint(u64::from(*index)).uint(u64::from(*value));
                    }
                }
                Part::Held => {
                    out.bytes(&[]);
                }
            }
        }
        out.finish()
    }

    /// Reads the bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, PackError> {
        if bytes.len() > MOST {
            return Err(PackError::TooLarge { most: MOST, got: bytes.len() });
        }
        let mut reader = Reader::new(bytes);
        reader.array_of(3)?;
        if reader.text()? != MAGIC {
            return Err(PackError::NotAPack);
        }
        let manifest = Envelope::decode(reader.bytes()?, limits::TRUST_LIST)?;
        match (manifest.typ(), manifest.x5chain()) {
            (Typ::Pack, []) => {}
            (got, _) => return Err(PackError::Typ { got }),
        }
        let count = reader.array()?;
        // Every part takes a byte at least, so no more are made than came.
        let parts = (0..count).map(|_| read_part(&mut reader)).collect::<Result<_, _>>()?;
        reader.finish()?;
        Ok(Self { manifest, parts })
    }
}

fn read_part(reader: &mut Reader<'_>) -> Result<Part, PackError> {
    match reader.peek()? {
        Kind::Array => {
            let count = reader.array()?;
            if count > MOST_CHANGES {
                return Err(PackError::Value { what: "number of changes" });
            }
            let changes = (0..count).map(|_| read_change(reader)).collect::<Result<_, _>>()?;
            Ok(Part::Changes(changes))
        }
        _ => Ok(match reader.bytes()? {
            [] => Part::Held,
            bytes => Part::Whole(bytes.to_vec()),
        }),
    }
}

fn read_change(reader: &mut Reader<'_>) -> Result<(u32, u8), PackError> {
    reader.array_of(2)?;
    let index = u32::try_from(reader.uint()?).map_err(|_| PackError::Value { what: "changed entry" })?;
    let value = u8::try_from(reader.uint()?).ok().filter(|value| *value <= 3);
    Ok((index, value.ok_or(PackError::Value { what: "changed value" })?))
}
