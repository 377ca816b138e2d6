//! The signature algorithms of an envelope.

/// A signature algorithm an envelope may name in its protected header (RFC 9053 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA on P-256 with SHA-256, `r‖s`, low s. COSE −7.
    Es256,
    /// Ed25519. COSE −8.
    EdDsa,
}

impl Algorithm {
    /// The value of header 1.
    pub const fn cose_id(self) -> i64 {
        match self {
            Self::Es256 => -7,
            Self::EdDsa => -8,
        }
    }

    /// `None` for every algorithm that is not ours, `none` and the HMACs among them.
    pub const fn from_cose_id(id: i64) -> Option<Self> {
        match id {
            -7 => Some(Self::Es256),
            -8 => Some(Self::EdDsa),
            _ => None,
        }
    }

    /// The name the field uses: `ES256`, `EdDSA`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }
}
