//! What a certificate's key may sign: one extended key usage, one `typ`; a department's may add SD-JWT VC (FORMAT §4).

use std::fmt;

use super::der::{self, Der, DerError};
use super::oids;
use crate::codec::Typ;

/// A kind of thing that a certificate's key signs. There is one for each `typ`, in FORMAT §1's order, and one for SD-JWT VC,
/// which are no envelopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Usage {
    /// `….3.1`: licences; only a department's certificate has it.
    Licence,
    /// `….3.2`: presentations.
    Presentation,
    /// `….3.3`: receipts.
    Receipt,
    /// `….3.4`: the trust list; only a certificate directly under the root has it.
    TrustList,
    /// `….3.5`: packs.
    Pack,
    /// `….3.6`: status lists.
    StatusList,
    /// `….3.7`: SD-JWT VC; only beside [`Usage::Licence`].
    SdJwt,
}

/// What a certificate's extended key usage extension may say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Usages {
    /// One of [`Usage::ALL`].
    One(Usage),
    /// [`Usage::Licence`], then [`Usage::SdJwt`].
    LicenceAndSdJwt,
}

/// The two purposes that a certificate of TLS may have, and none beside it (RFC 5280 §4.2.1.12).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TlsPurpose {
    /// id-kp-clientAuth.
    Client,
    /// id-kp-serverAuth.
    Server,
}

/// An extended key usage extension that does not say exactly one of our usages, or the two of a department.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UsageError {
    /// Not the DER of `SEQUENCE OF OBJECT IDENTIFIER`.
    #[error("the extended key usage cannot be read: {0}")]
    Der(#[from] DerError),
    /// More or fewer than one.
    #[error("expected exactly 1 extended key usage, got {got}")]
    Count {
        /// How many.
        got: usize,
    },
    /// One that is none of ours.
    #[error("the extended key usage is none of elicense's six")]
    Foreign,
    /// Neither of the two of TLS.
    #[error("the extended key usage is neither TLS client nor TLS server authentication")]
    NotTls,
}

impl Usage {
    /// All that a certificate can have alone, in order.
    pub const ALL: [Self; 6] =
        [Self::Licence, Self::Presentation, Self::Receipt, Self::TrustList, Self::Pack, Self::StatusList];

    /// The `typ` of the envelopes that such a key signs; `None` for SD-JWT VC.
    pub const fn typ(self) -> Option<Typ> {
        match self {
            Self::Licence => Some(Typ::Licence),
            Self::Presentation => Some(Typ::Presentation),
            Self::Receipt => Some(Typ::Receipt),
            Self::TrustList => Some(Typ::TrustList),
            Self::Pack => Some(Typ::Pack),
            Self::StatusList => Some(Typ::StatusList),
            Self::SdJwt => None,
        }
    }

    /// Last component of the object identifier, below `….3`.
    pub(crate) const fn arc(self) -> u8 {
        match self {
            Self::Licence => 1,
            Self::Presentation => 2,
            Self::Receipt => 3,
            Self::TrustList => 4,
            Self::Pack => 5,
            Self::StatusList => 6,
            Self::SdJwt => 7,
        }
    }

    /// The object identifier as components.
    pub(crate) fn oid(self) -> Vec<u64> {
        let mut oid = oids::USAGES.to_vec();
        oid.push(u64::from(self.arc()));
        oid
    }
}

impl Usages {
    /// Reads the value of an extKeyUsage extension.
    pub(crate) fn from_extension(value: &[u8]) -> Result<Self, UsageError> {
        let purposes = Der::new(der::only(value, der::SEQUENCE)?).elements(0, usize::MAX)?;
        match purposes.as_slice() {
            [purpose] => {
                let last = last_arc(purpose.raw)?;
                let known = Usage::ALL.into_iter().find(|usage| usage.arc() == last);
                known.map(Self::One).ok_or(UsageError::Foreign)
            }
            [first, second]
                if last_arc(first.raw) == Ok(Usage::Licence.arc())
                    && last_arc(second.raw) == Ok(Usage::SdJwt.arc()) =>
            {
                Ok(Self::LicenceAndSdJwt)
            }
            _ => Err(UsageError::Count { got: purposes.len() }),
        }
    }
}

/// Reads the value of an extKeyUsage extension of a certificate of TLS.
pub(crate) fn tls_purpose(value: &[u8]) -> Result<TlsPurpose, UsageError> {
    let purposes = Der::new(der::only(value, der::SEQUENCE)?).elements(0, usize::MAX)?;
    let [purpose] = purposes.as_slice() else { return Err(UsageError::Count { got: purposes.len() }) };
    match der::only(purpose.raw, der::OBJECT_IDENTIFIER)? {
        oids::CLIENT_AUTH_DER => Ok(TlsPurpose::Client),
        oids::SERVER_AUTH_DER => Ok(TlsPurpose::Server),
        _ => Err(UsageError::NotTls),
    }
}

/// The last component of one of our object identifiers.
fn last_arc(purpose: &[u8]) -> Result<u8, UsageError> {
    match der::only(purpose, der::OBJECT_IDENTIFIER)?.split_last() {
        Some((&last, oids::USAGES_DER)) => Ok(last),
        _ => Err(UsageError::Foreign),
    }
}

impl From<Typ> for Usage {
    fn from(typ: Typ) -> Self {
        match typ {
            Typ::Licence => Self::Licence,
            Typ::Presentation => Self::Presentation,
            Typ::Receipt => Self::Receipt,
            Typ::TrustList => Self::TrustList,
            Typ::Pack => Self::Pack,
            Typ::StatusList => Self::StatusList,
        }
    }
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Licence => "licences",
            Self::Presentation => "presentations",
            Self::Receipt => "receipts",
            Self::TrustList => "trust lists",
            Self::Pack => "packs",
            Self::StatusList => "status lists",
            Self::SdJwt => "SD-JWT VC",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extension(oids: &[&[u8]]) -> Vec<u8> {
        let mut inner = Vec::new();
        for oid in oids {
            der::write(&mut inner, der::OBJECT_IDENTIFIER, oid);
        }
        let mut value = Vec::new();
        der::write(&mut value, der::SEQUENCE, &inner);
        value
    }

    #[test]
    fn anything_but_one_of_our_six_is_refused() {
        let ours = |last: u8| [oids::USAGES_DER, &[last]].concat();
        let server_auth: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
        assert_eq!(Usages::from_extension(&extension(&[])), Err(UsageError::Count { got: 0 }));
        for two in [[1, 3], [7, 1], [2, 7], [7, 7], [1, 1]] {
            let two = extension(&[&ours(two[0]), &ours(two[1])]);
            assert_eq!(Usages::from_extension(&two), Err(UsageError::Count { got: 2 }));
        }
        let three = extension(&[&ours(1), &ours(7), &ours(2)]);
        assert_eq!(Usages::from_extension(&three), Err(UsageError::Count { got: 3 }));
        let foreign_beside = extension(&[&ours(1), server_auth]);
        assert_eq!(Usages::from_extension(&foreign_beside), Err(UsageError::Count { got: 2 }));
        for foreign in [server_auth, &ours(0), &ours(7), oids::USAGES_DER, oids::CREDIT_CODE_DER] {
            assert_eq!(Usages::from_extension(&extension(&[foreign])), Err(UsageError::Foreign));
        }
        let trailing = [extension(&[&ours(1)]), vec![0]].concat();
        assert_eq!(Usages::from_extension(&trailing), Err(DerError::Trailing { bytes: 1 }.into()));
    }

    #[test]
    fn each_usage_is_read_back_and_has_a_typ_of_its_own() {
        for (index, usage) in Usage::ALL.into_iter().enumerate() {
            assert_eq!(usize::from(usage.arc()), index + 1);
            let oid = [oids::USAGES_DER, &[usage.arc()]].concat();
            assert_eq!(Usages::from_extension(&extension(&[&oid])), Ok(Usages::One(usage)));
            assert_eq!(usage.typ().map(Usage::from), Some(usage));
        }
    }

    #[test]
    fn licences_and_sd_jwt_are_the_one_pair() {
        let ours = |last: u8| [oids::USAGES_DER, &[last]].concat();
        let pair = extension(&[&ours(1), &ours(7)]);
        assert_eq!(Usages::from_extension(&pair), Ok(Usages::LicenceAndSdJwt));
        assert_eq!(Usage::SdJwt.typ(), None);
    }
}
