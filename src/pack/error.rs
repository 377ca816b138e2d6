//! Why a pack is refused.

use super::manifest::PartKind;
use crate::codec::cbor::CborError;
use crate::codec::zlib::ZlibError;
use crate::codec::{EnvelopeError, KeyId, Typ};
use crate::crypto::{KeyError, SignatureError};
use crate::pki::{PathError, TrustError};
use crate::time::UnixTime;

/// Why bytes are not a pack that can be judged by.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PackError {
    /// More bytes than a pack may have.
    #[error("expected a pack of at most {most} bytes, got {got}")]
    TooLarge {
        /// The limit.
        most: usize,
        /// How many there are.
        got: usize,
    },
    /// Not deterministic CBOR of the right shape.
    #[error("not a pack: {0}")]
    Cbor(#[from] CborError),
    /// It does not begin as a pack does.
    #[error("not a pack: expected it to begin with \"elicense pack\"")]
    NotAPack,
    /// The manifest is no envelope.
    #[error("the pack's manifest: {0}")]
    Envelope(#[from] EnvelopeError),
    /// The manifest is an envelope of something else, or carries certificates.
    #[error("expected the pack's manifest in bare form, got {}", got.as_str())]
    Typ {
        /// What it is.
        got: Typ,
    },
    /// A key of the manifest that is missing, unknown or out of order.
    #[error("the pack's manifest: expected key {expected}, got {got:?}")]
    Key {
        /// The key that should come.
        expected: i64,
        /// What came.
        got: Option<i64>,
    },
    /// A value of the manifest that is not what its place asks for.
    #[error("the pack's manifest: its {what} is not valid")]
    Value {
        /// Which value.
        what: &'static str,
    },
    /// Lines out of order, or twice.
    #[error("the pack's manifest: line {position} is not after the one before it")]
    Order {
        /// Which line, from 0.
        position: usize,
    },
    /// A part that every pack has is missing, or is there more often than it may be.
    #[error("expected {expected} part {kind} in the pack, got {got}")]
    PartCount {
        /// Which kind.
        kind: PartKind,
        /// How many there may be.
        expected: &'static str,
        /// How many there are.
        got: usize,
    },
    /// As many parts as lines.
    #[error("the pack's manifest names {lines} parts, and {parts} follow")]
    Parts {
        /// Lines.
        lines: usize,
        /// Parts.
        parts: usize,
    },
    /// The trust list in it.
    #[error("the pack's trust list: {0}")]
    Trust(#[from] TrustError),
    /// Signed by nobody in the trust list.
    #[error("the pack is signed by {key_id}, which its trust list does not have")]
    SignerUnknown {
        /// `kid` of the manifest.
        key_id: KeyId,
    },
    /// The signer may not sign packs, or not then.
    #[error("the pack's signer: {0}")]
    Signer(#[from] PathError),
    /// The signer was retired or revoked.
    #[error("the pack is signed by {key_id}, which was retired or revoked")]
    SignerWithdrawn {
        /// `kid` of the manifest.
        key_id: KeyId,
    },
    /// Not signed by whom it says.
    #[error("the pack is forged: {0}")]
    Signature(#[from] SignatureError),
    /// The key refused to sign.
    #[error(transparent)]
    Sign(#[from] KeyError),
    /// The installation that made it is not the trust list's.
    #[error("the pack is of {got}, its trust list of {expected}")]
    OtherInstallation {
        /// Public URL in the trust list.
        expected: String,
        /// Public URL in the manifest.
        got: String,
    },
    /// A part that does not inflate.
    #[error("part {name} of the pack: {error}")]
    Zlib {
        /// The part.
        name: String,
        /// Why.
        error: ZlibError,
    },
    /// A part with another digest or size than its line says.
    #[error("part {name} of the pack is not what the manifest says")]
    Digest {
        /// The part.
        name: String,
    },
    /// An update that needs a part that is not held.
    #[error("part {name} is not in this file: it is an update, and the pack it is for is another one")]
    NotHeld {
        /// The part.
        name: String,
    },
    /// The content of a part.
    #[error("part {name} of the pack: {what}")]
    Content {
        /// The part.
        name: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Older than one seen before.
    #[error(
        "a pack of version {seen_version}, made {seen_at}, was seen before; this one is version {version}, made {at}"
    )]
    RolledBack {
        /// Version seen.
        seen_version: u64,
        /// When that was made.
        seen_at: UnixTime,
        /// Version of this one.
        version: u64,
        /// When this was made.
        at: UnixTime,
    },
}
