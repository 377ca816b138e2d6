//! The envelope: COSE_Sign1 with a closed header (FORMAT.md §1). Keeps the bytes that arrived.

use std::fmt;
use std::ops::Range;

use super::cbor::{CborError, Reader, Writer};
use super::limits;
use crate::crypto::{Algorithm, Digest, KeyError, SignatureError, SigningKey, VerifyingKey, to_be_signed};

const TAG: u64 = 18; // COSE_Sign1, RFC 9052 §4.2
const ALG: i64 = 1;
const KID: i64 = 4;
const TYP: i64 = 16; // RFC 9596
const X5CHAIN: i64 = 33; // RFC 9360

/// What an envelope holds. A thing of one `typ` is never accepted as another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Typ {
    /// A licence, in either form.
    Licence,
    /// What a citizen shows: short-lived, only the chosen fields.
    Presentation,
    /// A signed verdict for the case file.
    Receipt,
    /// The trust list.
    TrustList,
    /// The bundle for offline verification.
    Pack,
    /// A Token Status List.
    StatusList,
}

impl Typ {
    /// All of them, in the order of FORMAT.md §1.
    pub const ALL: [Self; 6] =
        [Self::Licence, Self::Presentation, Self::Receipt, Self::TrustList, Self::Pack, Self::StatusList];

    /// The media type in header 16.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Licence => "application/elicense-licence+cwt",
            Self::Presentation => "application/elicense-presentation+cwt",
            Self::Receipt => "application/elicense-receipt+cwt",
            Self::TrustList => "application/elicense-trust-list+cwt",
            Self::Pack => "application/elicense-pack+cwt",
            Self::StatusList => "application/statuslist+cwt",
        }
    }

    fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|typ| typ.as_str() == text)
    }
}

/// Names a signer: the first 8 bytes of SHA-256 over its certificate's DER. Shown in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 8]);

impl KeyId {
    /// The key id of a certificate.
    pub fn of_certificate(der: &[u8]) -> Self {
        let [a, b, c, d, e, f, g, h, ..] = *Digest::of(der).as_bytes();
        Self([a, b, c, d, e, f, g, h])
    }

    /// Takes the bytes of a header.
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(bytes)
    }

    /// The 8 bytes.
    pub const fn as_bytes(&self) -> &[u8; 8] {
        &self.0
    }

    /// Reads 16 hexadecimal digits, in lower case.
    pub fn from_hex(text: &str) -> Option<Self> {
        let lower = text.len() == 16 && text.bytes().all(|digit| matches!(digit, b'0'..=b'9' | b'a'..=b'f'));
        lower.then(|| u64::from_str_radix(text, 16).ok()).flatten().map(|number| Self(number.to_be_bytes()))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Bytes that are not an envelope.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Longer than allowed for where it came from.
    #[error("expected an envelope of at most {most} bytes, got {got}")]
    TooLong {
        /// The limit.
        most: usize,
        /// Bytes that came.
        got: usize,
    },
    /// Not deterministic CBOR of the right shape.
    #[error("the envelope is not well-formed: {0}")]
    Cbor(#[from] CborError),
    /// Another COSE structure, or none.
    #[error("expected COSE_Sign1, tag 18, got tag {got}")]
    Tag {
        /// The tag that came.
        got: u64,
    },
    /// A header that must be there is not, and where.
    #[error("header {label} is missing from the protected header")]
    HeaderMissing {
        /// Its label.
        label: i64,
    },
    /// A header that may not be there. `crit`, embedded keys and everything unknown are among them.
    #[error("header {label} is not allowed in the {} header", place.name())]
    HeaderNotAllowed {
        /// Its label.
        label: i64,
        /// Where it stood.
        place: Place,
    },
    /// `alg` names none of our algorithms: `none`, HMACs and the rest.
    #[error("algorithm {got} is not allowed: expected −7 (ES256) or −8 (EdDSA)")]
    Algorithm {
        /// The value that came.
        got: i64,
    },
    /// `kid` is not 8 bytes.
    #[error("expected a key id of 8 bytes, got {got}")]
    KeyIdLength {
        /// Bytes that came.
        got: usize,
    },
    /// `typ` names nothing of ours.
    #[error("the type {got:?} is not known")]
    Typ {
        /// Up to 80 characters of what came.
        got: String,
    },
    /// The signature is not 64 bytes.
    #[error("expected a signature of 64 bytes, got {got}")]
    SignatureLength {
        /// Bytes that came.
        got: usize,
    },
    /// An empty payload says nothing.
    #[error("the payload is empty")]
    EmptyPayload,
    /// `x5chain` with too few or too many certificates, or one too long.
    #[error(
        "expected 2 to {} certificates of at most {} bytes in the chain",
        limits::CHAIN,
        limits::CERTIFICATE
    )]
    Chain,
}

/// One of the two headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Covered by the signature.
    Protected,
    /// Not covered.
    Unprotected,
}

impl Place {
    const fn name(self) -> &'static str {
        match self {
            Self::Protected => "protected",
            Self::Unprotected => "unprotected",
        }
    }
}

/// A decoded envelope. Nothing in it is believed before [`Envelope::verify`].
///
/// Header and payload are kept as the bytes that arrived, so the signature is checked over them and never over something
/// encoded anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    algorithm: Algorithm,
    key_id: KeyId,
    typ: Typ,
    /// The bare form.
    bare: Vec<u8>,
    /// Where they stand in `bare`.
    protected: Range<usize>,
    payload: Range<usize>,
    x5chain: Vec<Vec<u8>>,
    signature: [u8; 64],
}

impl Envelope {
    /// Decodes `bytes`, which may be `most` long.
    pub fn decode(bytes: &[u8], most: usize) -> Result<Self, EnvelopeError> {
        Self::decode_received(bytes.to_vec(), most)
    }

    /// As [`Envelope::decode`], without a copy.
    pub(super) fn decode_received(received: Vec<u8>, most: usize) -> Result<Self, EnvelopeError> {
        if received.len() > most {
            return Err(EnvelopeError::TooLong { most, got: received.len() });
        }
        let mut reader = Reader::new(&received);
        match reader.tag()? {
            TAG => {}
            got => return Err(EnvelopeError::Tag { got }),
        }
        reader.array_of(4)?;
        let protected = read_bytes(&mut reader)?;
        let ProtectedHeader { algorithm, key_id, typ } = ProtectedHeader::decode(protected.bytes)?;
        let x5chain = decode_unprotected(&mut reader)?;
        let payload = read_bytes(&mut reader)?;
        let signature = reader.bytes()?;
        reader.finish()?;
        if payload.bytes.is_empty() {
            return Err(EnvelopeError::EmptyPayload);
        }
        let signature =
            signature.try_into().map_err(|_| EnvelopeError::SignatureLength { got: signature.len() })?;
        let header = ProtectedHeader { algorithm, key_id, typ };
        if !x5chain.is_empty() {
            return Ok(Self { x5chain, ..Self::new(header, protected.bytes, payload.bytes, signature) });
        }
        let (protected, payload) = (protected.place, payload.place);
        Ok(Self { algorithm, key_id, typ, bare: received, protected, payload, x5chain, signature })
    }

    fn new(header: ProtectedHeader, protected: &[u8], payload: &[u8], signature: [u8; 64]) -> Self {
        let ProtectedHeader { algorithm, key_id, typ } = header;
        let mut writer = Writer::new();
        writer.tag(TAG).array(4).bytes(protected);
        let protected = writer.position() - protected.len()..writer.position();
        writer.map(0).bytes(payload);
        let payload = writer.position() - payload.len()..writer.position();
        writer.bytes(&signature);
        let bare = writer.finish();
        Self { algorithm, key_id, typ, bare, protected, payload, x5chain: Vec::new(), signature }
    }

    /// What it says it was signed with.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// Who it says signed it.
    pub const fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// What it says it is.
    pub const fn typ(&self) -> Typ {
        self.typ
    }

    /// The payload as it arrived.
    pub fn payload(&self) -> &[u8] {
        self.bare.get(self.payload.clone()).unwrap_or_default()
    }

    fn protected(&self) -> &[u8] {
        self.bare.get(self.protected.clone()).unwrap_or_default()
    }

    /// The certificates of the file form, signer first; empty in the bare form. Compare them, never trust them.
    pub fn x5chain(&self) -> &[Vec<u8>] {
        &self.x5chain
    }

    /// Whether `key` signed this. A key of another algorithm than the header's never did.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), SignatureError> {
        if key.algorithm() != self.algorithm {
            return Err(SignatureError::Mismatch);
        }
        key.verify(&to_be_signed(self.protected(), self.payload()), &self.signature)
    }

    /// The bare form: what the QR carries, the ledger keeps and the digest is over.
    pub fn bare_bytes(&self) -> &[u8] {
        &self.bare
    }

    /// The file form: the bare form with the path that verifies it, signer first.
    pub fn to_file_bytes<C: AsRef<[u8]>>(&self, path: &[C]) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.tag(TAG).array(4).bytes(self.protected()).map(1).int(X5CHAIN).array(path.len());
        for certificate in path {
            writer.bytes(certificate.as_ref());
        }
        writer.bytes(self.payload()).bytes(&self.signature);
        writer.finish()
    }

    /// SHA-256 of the bare form: what names this envelope in the ledger, whatever travels in its unprotected header.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.bare)
    }
}

/// Signs `payload` as a `typ` with a key whose certificate has this key id. The only place that makes envelopes.
pub fn sign_envelope(
    typ: Typ,
    key_id: KeyId,
    payload: Vec<u8>,
    key: &SigningKey,
) -> Result<Envelope, KeyError> {
    let header = ProtectedHeader { algorithm: key.algorithm(), key_id, typ };
    let protected = header.encode();
    let signature = key.sign(&to_be_signed(&protected, &payload))?;
    Ok(Envelope::new(header, &protected, &payload, signature))
}

struct ProtectedHeader {
    algorithm: Algorithm,
    key_id: KeyId,
    typ: Typ,
}

impl ProtectedHeader {
    fn encode(&self) -> Vec<u8> {
        let mut writer = Writer::new();
        writer.map(3).int(ALG).int(self.algorithm.cose_id());
        writer.int(KID).bytes(self.key_id.as_bytes()).int(TYP).text(self.typ.as_str());
        writer.finish()
    }

    fn decode(bytes: &[u8]) -> Result<Self, EnvelopeError> {
        let mut reader = Reader::new(bytes);
        let mut keys = reader.map()?;
        let (mut algorithm, mut key_id, mut typ) = (None, None, None);
        while let Some(label) = keys.next_int(&mut reader)? {
            match label {
                ALG => algorithm = Some(decode_algorithm(reader.int()?)?),
                KID => key_id = Some(decode_key_id(reader.bytes()?)?),
                TYP => typ = Some(decode_typ(reader.text()?)?),
                label => return Err(EnvelopeError::HeaderNotAllowed { label, place: Place::Protected }),
            }
        }
        reader.finish()?;
        let missing = |label| EnvelopeError::HeaderMissing { label };
        Ok(Self {
            algorithm: algorithm.ok_or_else(|| missing(ALG))?,
            key_id: key_id.ok_or_else(|| missing(KID))?,
            typ: typ.ok_or_else(|| missing(TYP))?,
        })
    }
}

/// A byte string, and where its bytes stand.
struct ByteString<'a> {
    bytes: &'a [u8],
    place: Range<usize>,
}

fn read_bytes<'a>(reader: &mut Reader<'a>) -> Result<ByteString<'a>, EnvelopeError> {
    let bytes = reader.bytes()?;
    let end = reader.position();
    Ok(ByteString { bytes, place: end - bytes.len()..end })
}

fn decode_algorithm(got: i64) -> Result<Algorithm, EnvelopeError> {
    Algorithm::from_cose_id(got).ok_or(EnvelopeError::Algorithm { got })
}

fn decode_key_id(got: &[u8]) -> Result<KeyId, EnvelopeError> {
    got.try_into().map(KeyId).map_err(|_| EnvelopeError::KeyIdLength { got: got.len() })
}

fn decode_typ(got: &str) -> Result<Typ, EnvelopeError> {
    Typ::from_text(got).ok_or_else(|| EnvelopeError::Typ { got: got.chars().take(80).collect() })
}

fn decode_unprotected(reader: &mut Reader<'_>) -> Result<Vec<Vec<u8>>, EnvelopeError> {
    let mut keys = reader.map()?;
    let mut chain = Vec::new();
    while let Some(label) = keys.next_int(reader)? {
        if label != X5CHAIN {
            return Err(EnvelopeError::HeaderNotAllowed { label, place: Place::Unprotected });
        }
        let count = reader.array()?;
        if !(2..=limits::CHAIN).contains(&count) {
            return Err(EnvelopeError::Chain);
        }
        for _ in 0..count {
            let certificate = reader.bytes()?;
            if certificate.is_empty() || certificate.len() > limits::CERTIFICATE {
                return Err(EnvelopeError::Chain);
            }
            chain.push(certificate.to_vec());
        }
    }
    Ok(chain)
}

#[cfg(test)]
mod tests;
