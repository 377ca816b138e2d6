//! What a list states, its payload as CWT claims, and the rules that it has to keep to be used.

use super::bits::{BitsError, EntryBits, LIST_BYTES, StatusBits};
use super::jwt::{self, JwtError};
use crate::codec::cbor::{CborError, MapKeys, Reader, Writer};
use crate::codec::{EnvelopeError, KeyId, Typ, sign_envelope};
use crate::crypto::{KeyError, SignatureError, SigningKey};
use crate::time::UnixTime;

const SUBJECT: i64 = 2;
const EXPIRES: i64 = 4;
const ISSUED_AT: i64 = 6;
const STATUS_LIST: i64 = 65_533;
const TTL: i64 = 65_534;
const VERSION: i64 = -70_006;

/// Seconds that a list's signer's clock may be ahead of ours.
const CLOCK_SKEW: i64 = 60;

/// What a status list states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusList {
    /// Its own address, which the licences in it name.
    pub uri: String,
    /// When this was true.
    pub issued_at: UnixTime,
    /// Not to be used from then on.
    pub expires: UnixTime,
    /// Seconds after which to ask again, 1 to [`StatusList::LONGEST_TTL`].
    pub ttl: u32,
    /// Entries of the ledger it was made from; it never falls.
    pub version: u64,
    /// The entries.
    pub bits: StatusBits,
}

/// What was seen of a list before: it may not go behind either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seen {
    /// Its version.
    pub version: u64,
    /// Its time.
    pub issued_at: UnixTime,
}

/// Who signs lists.
#[derive(Clone, Copy, Debug)]
pub struct StatusSigner<'a> {
    /// The `kid` of the signer's certificate.
    pub key_id: KeyId,
    /// Its key.
    pub key: &'a SigningKey,
}

/// A list in both forms: one statement, signed twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedStatusList {
    /// `application/statuslist+cwt`: the envelope, bare.
    pub cwt: Vec<u8>,
    /// `application/statuslist+jwt`.
    pub jwt: Vec<u8>,
}

/// Why a status list cannot be read, or may not be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusListError {
    /// The CWT form's envelope.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// The JWT form.
    #[error(transparent)]
    Jwt(#[from] JwtError),
    /// A signed thing of another kind.
    #[error("expected a status list, got {}", got.as_str())]
    Typ {
        /// What it is.
        got: Typ,
    },
    /// It carries `x5chain`; who signs lists, the trust list says.
    #[error("the status list carries a certificate chain outside its signature")]
    Chain,
    /// Not signed by whom it says.
    #[error("the status list is forged: {0}")]
    Signature(#[from] SignatureError),
    /// Not deterministic CBOR of this shape.
    #[error("the status list cannot be read: {0}")]
    Cbor(#[from] CborError),
    /// A claim that must stand there does not, or another stands in its place.
    #[error(
        "expected exactly the claims sub, exp, iat, status_list, ttl and version, not another in place of {expected:?}"
    )]
    Claim {
        /// Its number; absent behind the last.
        expected: Option<i64>,
    },
    /// Not `bits` and `lst`.
    #[error("expected exactly bits and lst in the claim status_list")]
    Members,
    /// Entries of another size than ours.
    #[error("expected entries of 2 bits, got {got}")]
    Bits {
        /// The number that came.
        got: u64,
    },
    /// The entries.
    #[error(transparent)]
    Entries(#[from] BitsError),
    /// A time outside the calendar.
    #[error("the status list names a time outside the calendar ({seconds} s)")]
    Time {
        /// Seconds since 1970.
        seconds: i64,
    },
    /// A `ttl` that nobody means.
    #[error("expected a ttl of 1 to {} s, got {got}", StatusList::LONGEST_TTL)]
    Ttl {
        /// The number that came.
        got: u64,
    },
    /// The list of another address.
    #[error("expected the status list {expected:?}, got {got:?}")]
    OtherList {
        /// The address that was asked.
        expected: String,
        /// At most 200 characters of what the list says it is.
        got: String,
    },
    /// Signed in the future.
    #[error("the status list says it was made at {issued_at}, it is {at}")]
    Future {
        /// Its time.
        issued_at: UnixTime,
        /// The time it was judged for.
        at: UnixTime,
    },
    /// Its time is up.
    #[error("the status list was good until {expires}, it is {at}")]
    Expired {
        /// When it ended.
        expires: UnixTime,
        /// The time it was judged for.
        at: UnixTime,
    },
    /// A list was seen that was made from more entries.
    #[error("version {seen} of the status list was seen before, this is version {got}")]
    OlderVersion {
        /// Newest version seen.
        seen: u64,
        /// Version of this one.
        got: u64,
    },
    /// A list was seen that was made later.
    #[error("a status list of {seen} was seen before, this is of {got}")]
    OlderTime {
        /// Newest time seen.
        seen: UnixTime,
        /// Time of this one.
        got: UnixTime,
    },
    /// It could not be signed.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl StatusList {
    /// Longest `ttl`: 31 days. A list that is not asked for again before that was not meant to be one.
    pub const LONGEST_TTL: u32 = 2_678_400;

    /// Signs both forms. `lst` is what [`StatusBits::compress`] makes of the entries; it takes far longer than signing, so
    /// whoever signs the same entries again keeps it.
    pub fn sign(&self, lst: &[u8], signer: StatusSigner<'_>) -> Result<SignedStatusList, StatusListError> {
        let envelope = sign_envelope(Typ::StatusList, signer.key_id, self.encode(lst), signer.key)?;
        Ok(SignedStatusList { cwt: envelope.bare_bytes().to_vec(), jwt: jwt::sign(self, lst, signer)? })
    }

    /// What was seen of a list once this one is accepted.
    pub const fn seen(&self) -> Seen {
        Seen { version: self.version, issued_at: self.issued_at }
    }

    /// Whether this is the list at `uri`, good at `at`, and not older than what was seen of it before.
    pub fn check(&self, uri: &str, at: UnixTime, seen: Option<Seen>) -> Result<(), StatusListError> {
        let Self { issued_at, expires, version, .. } = *self;
        if self.uri != uri {
            let (expected, got) = (uri.to_owned(), self.uri.chars().take(200).collect());
            return Err(StatusListError::OtherList { expected, got });
        }
        if issued_at > at.plus(CLOCK_SKEW) {
            return Err(StatusListError::Future { issued_at, at });
        }
        if at >= expires {
            return Err(StatusListError::Expired { expires, at });
        }
        match seen {
            Some(seen) if version < seen.version => {
                Err(StatusListError::OlderVersion { seen: seen.version, got: version })
            }
            Some(seen) if issued_at < seen.issued_at => {
                Err(StatusListError::OlderTime { seen: seen.issued_at, got: issued_at })
            }
            _ => Ok(()),
        }
    }

    fn encode(&self, lst: &[u8]) -> Vec<u8> {
        let mut claims = Writer::new();
        claims.map(6).int(SUBJECT).text(&self.uri).int(EXPIRES).int(self.expires.seconds());
        claims.int(ISSUED_AT).int(self.issued_at.seconds());
        let bits = u64::from(self.bits.width().count());
        claims.int(STATUS_LIST).map(2).text("lst").bytes(lst).text("bits").uint(bits);
        claims.int(TTL).uint(u64::from(self.ttl)).int(VERSION).uint(self.version);
        claims.finish()
    }

    /// Reads the payload of the CWT form.
    pub(super) fn decode(payload: &[u8]) -> Result<Self, StatusListError> {
        let mut reader = Reader::new(payload);
        let mut keys = reader.map()?;
        expect(&mut keys, &mut reader, Some(SUBJECT))?;
        let uri = reader.text()?;
        expect(&mut keys, &mut reader, Some(EXPIRES))?;
        let expires = reader.int()?;
        expect(&mut keys, &mut reader, Some(ISSUED_AT))?;
        let issued_at = reader.int()?;
        expect(&mut keys, &mut reader, Some(STATUS_LIST))?;
        let (lst, bits) = read_status_list(&mut reader)?;
        expect(&mut keys, &mut reader, Some(TTL))?;
        let ttl = reader.uint()?;
        expect(&mut keys, &mut reader, Some(VERSION))?;
        let version = reader.uint()?;
        expect(&mut keys, &mut reader, None)?;
        reader.finish()?;
        Claims { uri, expires, issued_at, ttl, version, bits, lst }.into_list()
    }
}

/// The next key has to be this one, or there has to be none.
fn expect<'a>(
    keys: &mut MapKeys<'a>,
    reader: &mut Reader<'a>,
    expected: Option<i64>,
) -> Result<(), StatusListError> {
    match keys.next_int(reader)? {
        key if key == expected => Ok(()),
        _ => Err(StatusListError::Claim { expected }),
    }
}

/// `lst` stands before `bits`: the shorter key first.
fn read_status_list<'a>(reader: &mut Reader<'a>) -> Result<(&'a [u8], u64), StatusListError> {
    let mut keys = reader.map()?;
    let Some("lst") = keys.next_text(reader)? else { return Err(StatusListError::Members) };
    let lst = reader.bytes()?;
    let Some("bits") = keys.next_text(reader)? else { return Err(StatusListError::Members) };
    let bits = reader.uint()?;
    match keys.next_text(reader)? {
        None => Ok((lst, bits)),
        Some(_) => Err(StatusListError::Members),
    }
}

/// The claims of either form, as they came.
pub(super) struct Claims<'a> {
    pub(super) uri: &'a str,
    pub(super) expires: i64,
    pub(super) issued_at: i64,
    pub(super) ttl: u64,
    pub(super) version: u64,
    pub(super) bits: u64,
    pub(super) lst: &'a [u8],
}

impl Claims<'_> {
    /// What both forms are held to.
    pub(super) fn into_list(self) -> Result<StatusList, StatusListError> {
        let time = |seconds| UnixTime::from_seconds(seconds).ok_or(StatusListError::Time { seconds });
        let ttl = u32::try_from(self.ttl).ok().filter(|ttl| (1..=StatusList::LONGEST_TTL).contains(ttl));
        match EntryBits::from_count(self.bits) {
            Some(EntryBits::Two) => {}
            _ => return Err(StatusListError::Bits { got: self.bits }),
        }
        Ok(StatusList {
            uri: self.uri.to_owned(),
            issued_at: time(self.issued_at)?,
            expires: time(self.expires)?,
            ttl: ttl.ok_or(StatusListError::Ttl { got: self.ttl })?,
            version: self.version,
            bits: StatusBits::decompress(EntryBits::Two, self.lst, LIST_BYTES)?,
        })
    }
}

#[cfg(test)]
mod tests;
