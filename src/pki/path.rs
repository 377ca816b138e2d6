//! From a certificate up to the root: root → city → signer, or root → trust list signer (FORMAT §4).
//!
//! What does not depend on time is checked once, when a path is built; [`Path::check_at`] is the rest. A path is built by
//! key and name, never by name alone, and within a [`Budget`]: hostile lists of look-alikes end there.

use std::collections::HashMap;
use std::sync::Arc;

use super::certificate::{Certificate, SubjectKeyId};
use super::profile::Role;
use super::usage::Usage;
use crate::codec::KeyId;
use crate::crypto::Digest;
use crate::time::UnixTime;

/// Certificates in a path, signer and root included.
pub const MAX_PATH: usize = 3;

/// Why no path leads from a certificate to the root.
///
/// Declared in the order in which a path is built, so that of several failed attempts the one that came furthest is the
/// greatest, and the one reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum PathError {
    /// Nobody we know has its issuer's name or key.
    #[error("the issuer of certificate {certificate} is not known")]
    IssuerUnknown {
        /// The certificate without an issuer.
        certificate: KeyId,
    },
    /// Somebody has the issuer's name, but another key.
    #[error("certificate {certificate} names the issuer's key {expected:?}, its issuer by name has {got}")]
    IssuerKey {
        /// The certificate without an issuer.
        certificate: KeyId,
        /// Authority key identifier of the certificate.
        expected: Option<SubjectKeyId>,
        /// Subject key identifier of the one with that name.
        got: SubjectKeyId,
    },
    /// Somebody has the issuer's key, but another name.
    #[error("certificate {certificate} is issued by another name than that of {issuer}, whose key it names")]
    IssuerName {
        /// The certificate without an issuer.
        certificate: KeyId,
        /// The one with that key.
        issuer: KeyId,
    },
    /// The issuer signs other things, not certificates.
    #[error("certificate {issuer} is no authority and issues no certificates")]
    NotAnAuthority {
        /// The issuer.
        issuer: KeyId,
    },
    /// More authorities below than the issuer allows.
    #[error("authority {issuer} allows {allowed} authorities below it, the path has {got}")]
    PathLength {
        /// The issuer.
        issuer: KeyId,
        /// Its path length.
        allowed: u8,
        /// Authorities between it and the signer.
        got: usize,
    },
    /// The issuer's key did not sign it.
    #[error("the signature of certificate {certificate} is not made by {issuer}")]
    Signature {
        /// The certificate.
        certificate: KeyId,
        /// Its issuer by name and key.
        issuer: KeyId,
    },
    /// The root is not signed by itself.
    #[error("certificate {root} is not a root: an authority issued and signed by itself")]
    NotARoot {
        /// The certificate taken for the root.
        root: KeyId,
    },
    /// The root is not reached with [`MAX_PATH`] certificates.
    #[error("the path from {certificate} is longer than {MAX_PATH} certificates")]
    TooLong {
        /// Where the path begins.
        certificate: KeyId,
    },
    /// It hangs at another level of the tree than its kind does.
    #[error("certificate {certificate} stands {got} below the root, its kind stands {expected} below")]
    Level {
        /// The certificate.
        certificate: KeyId,
        /// Steps to the root that its kind has.
        expected: usize,
        /// Steps that it has.
        got: usize,
    },
    /// An authority where a signer belongs.
    #[error("certificate {certificate} is an authority's and signs nothing but certificates")]
    NotASigner {
        /// The certificate.
        certificate: KeyId,
    },
    /// It signs another kind of thing.
    #[error("certificate {certificate} is for {got}, not for {expected}")]
    Usage {
        /// The certificate.
        certificate: KeyId,
        /// What was to be signed.
        expected: Usage,
        /// What it signs.
        got: Usage,
    },
    /// A certificate of the path begins later.
    #[error("certificate {certificate} is valid from {not_before}, after {at}")]
    NotYetValid {
        /// The certificate.
        certificate: KeyId,
        /// Its first second.
        not_before: UnixTime,
        /// The time in question.
        at: UnixTime,
    },
    /// A certificate of the path ended before.
    #[error("certificate {certificate} was valid until {not_after}, before {at}")]
    Expired {
        /// The certificate.
        certificate: KeyId,
        /// Its last second.
        not_after: UnixTime,
        /// The time in question.
        at: UnixTime,
    },
    /// Too many signatures would have to be checked. Ends the search at once.
    #[error("the path needs more than {allowed} signature checks")]
    Budget {
        /// Checks that were allowed.
        allowed: usize,
    },
}

/// Signature checks that may be spent; what runs out is refused, not waited for.
#[derive(Clone, Copy, Debug)]
pub struct Budget {
    allowed: usize,
    left: usize,
}

impl Budget {
    /// For one path.
    pub const PATH: Self = Self::new(100);

    /// Allows that many signature checks.
    pub const fn new(allowed: usize) -> Self {
        Self { allowed, left: allowed }
    }

    fn spend(&mut self) -> Result<(), PathError> {
        self.left = self.left.checked_sub(1).ok_or(PathError::Budget { allowed: self.allowed })?;
        Ok(())
    }
}

/// A certificate and its issuers up to the root, every rule checked but those of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    certificates: Vec<Arc<Certificate>>,
}

impl Path {
    /// From the signer (or city) up to the root.
    pub fn certificates(&self) -> &[Arc<Certificate>] {
        &self.certificates
    }

    /// Whether every certificate, the root among them, is valid at `at`.
    pub fn check_at(&self, at: UnixTime) -> Result<(), PathError> {
        self.certificates.iter().try_for_each(|one| {
            let (certificate, validity) = (one.key_id(), one.validity());
            match (at < validity.not_before, at > validity.not_after) {
                (false, false) => Ok(()),
                (true, _) => Err(PathError::NotYetValid { certificate, not_before: validity.not_before, at }),
                (_, true) => Err(PathError::Expired { certificate, not_after: validity.not_after, at }),
            }
        })
    }
}

/// Builds paths to one root out of the same authorities, checking no signature twice.
#[derive(Debug)]
pub struct PathBuilder {
    root: Arc<Certificate>,
    authorities: Vec<Arc<Certificate>>,
    budget: Budget,
    /// By certificate and issuer's key: many authorities may share a name and a key.
    checked: HashMap<(Digest, SubjectKeyId), Result<(), PathError>>,
}

impl PathBuilder {
    /// Checks that `root` is one; `candidates` may hold anything, the root too.
    pub fn new(
        root: &Arc<Certificate>,
        candidates: &[Arc<Certificate>],
        budget: Budget,
    ) -> Result<Self, PathError> {
        let mut builder =
            Self { root: Arc::clone(root), authorities: Vec::new(), budget, checked: HashMap::new() };
        let own_key = root.authority_key().is_none_or(|key| key == root.subject_key());
        if !root.is_authority() || root.issuer() != root.subject() || !own_key {
            return Err(PathError::NotARoot { root: root.key_id() });
        }
        builder.check_signature(root, root).map_err(|error| match error {
            PathError::Signature { .. } => PathError::NotARoot { root: root.key_id() },
            other => other,
        })?;
        builder.authorities.push(Arc::clone(root));
        let others = candidates.iter().filter(|one| one.fingerprint() != root.fingerprint());
        builder.authorities.extend(others.cloned());
        Ok(builder)
    }

    /// The path from `certificate` to the root.
    pub fn build(&mut self, certificate: &Arc<Certificate>) -> Result<Path, PathError> {
        let mut certificates = vec![Arc::clone(certificate)];
        self.climb(&mut certificates)?;
        check_level(certificate, certificates.len() - 1)?;
        Ok(Path { certificates })
    }

    fn climb(&mut self, path: &mut Vec<Arc<Certificate>>) -> Result<(), PathError> {
        let (Some(first), Some(child)) = (path.first().cloned(), path.last().cloned()) else { return Ok(()) };
        if child.fingerprint() == self.root.fingerprint() {
            return Ok(());
        }
        let below = path.iter().filter(|one| one.is_authority()).count();
        let mut furthest = PathError::IssuerUnknown { certificate: child.key_id() };
        for index in 0..self.authorities.len() {
            let Some(issuer) = self.authorities.get(index).cloned() else { break };
            let attempt = match check_link(&child, &issuer, below) {
                Ok(()) if path.len() == MAX_PATH => Err(PathError::TooLong { certificate: first.key_id() }),
                Ok(()) => self.check_signature(&child, &issuer).and_then(|()| {
                    path.push(issuer);
                    self.climb(path).inspect_err(|_| path.truncate(path.len() - 1))
                }),
                Err(error) => Err(error),
            };
            match attempt {
                Ok(()) => return Ok(()),
                Err(error @ PathError::Budget { .. }) => return Err(error),
                Err(error) => furthest = furthest.max(error),
            }
        }
        Err(furthest)
    }

    fn check_signature(&mut self, child: &Certificate, issuer: &Certificate) -> Result<(), PathError> {
        let pair = (child.fingerprint(), issuer.subject_key());
        if let Some(known) = self.checked.get(&pair) {
            return *known;
        }
        self.budget.spend()?;
        let (certificate, issuer_id) = (child.key_id(), issuer.key_id());
        let outcome = child
            .verify_signature(issuer.key())
            .map_err(|_| PathError::Signature { certificate, issuer: issuer_id });
        self.checked.insert(pair, outcome);
        outcome
    }
}

/// One path within one budget, judged at `at`: everything at once, for callers without a trust list.
pub fn build_path(
    certificate: &Arc<Certificate>,
    candidates: &[Arc<Certificate>],
    root: &Arc<Certificate>,
    at: UnixTime,
    budget: Budget,
) -> Result<Path, PathError> {
    let path = PathBuilder::new(root, candidates, budget)?.build(certificate)?;
    path.check_at(at)?;
    Ok(path)
}

/// Whether `issuer` may have issued `child`, all but the signature; `below` authorities stand under it.
pub(crate) fn check_link<R>(
    child: &Certificate<R>,
    issuer: &Certificate,
    below: usize,
) -> Result<(), PathError> {
    let certificate = child.key_id();
    let (expected, got) = (child.authority_key(), issuer.subject_key());
    match (child.issuer() == issuer.subject(), expected == Some(got)) {
        (false, false) => return Err(PathError::IssuerUnknown { certificate }),
        (true, false) => return Err(PathError::IssuerKey { certificate, expected, got }),
        (false, true) => return Err(PathError::IssuerName { certificate, issuer: issuer.key_id() }),
        (true, true) => {}
    }
    match (issuer.role(), issuer.key_id()) {
        (Role::Authority { path_length: allowed }, issuer) if below > usize::from(*allowed) => {
            Err(PathError::PathLength { issuer, allowed: *allowed, got: below })
        }
        (Role::Authority { .. }, _) => Ok(()),
        (Role::Department(..) | Role::Signer(_), issuer) => Err(PathError::NotAnAuthority { issuer }),
    }
}

/// The first row of FORMAT §4's table: who issues whom.
fn check_level(certificate: &Certificate, got: usize) -> Result<(), PathError> {
    let expected = match certificate.role() {
        Role::Authority { .. } if got == 0 => 0, // the root itself
        Role::Authority { .. } | Role::Signer(Usage::TrustList) => 1,
        Role::Department(..) | Role::Signer(_) => 2,
    };
    if got == expected {
        Ok(())
    } else {
        Err(PathError::Level { certificate: certificate.key_id(), expected, got })
    }
}

#[cfg(test)]
mod tests;
