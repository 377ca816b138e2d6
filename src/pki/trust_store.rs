//! A trust list that is believed: anchored, signed, every certificate of it hanging from its root.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::certificate::Certificate;
use super::path::{Budget, Path, PathBuilder, PathError};
use super::signer::KnownSigner;
use super::trust_list::{Authority, CertificateEntry, LedgerKey, Revocation, TrustList, TrustListError};
use super::usage::Usage;
use crate::codec::{Envelope, EnvelopeError, KeyId, Typ, limits, sign_envelope};
use crate::crypto::{Digest, KeyError, SignatureError, SigningKey};
use crate::licence::CreditCode;
use crate::time::UnixTime;

/// What makes a root believed: never the list's own word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Anchor {
    /// SHA-256 of the root certificate, known beforehand.
    Pinned(Digest),
    /// Whatever root comes first. Whoever uses this shows [`TrustStore::root_fingerprint`] and pins it from then on.
    FirstUse,
}

/// Why a trust list is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// Not an envelope.
    #[error(transparent)]
    Envelope(#[from] EnvelopeError),
    /// An envelope of something else.
    #[error("expected a trust list, got {}", got.as_str())]
    Typ {
        /// What it is.
        got: Typ,
    },
    /// It carries `x5chain`; a trust list is signed by a certificate that it contains.
    #[error("the trust list carries a certificate chain outside its signature")]
    Chain,
    /// Not a trust list.
    #[error(transparent)]
    List(#[from] TrustListError),
    /// The list is another root's.
    #[error("expected the root with SHA-256 {expected}, the trust list begins with {got}")]
    OtherRoot {
        /// The root that is believed.
        expected: Digest,
        /// The root of the list.
        got: Digest,
    },
    /// The list says of its own root that it is retired or revoked.
    #[error("the trust list retires or revokes its own root")]
    RootWithdrawn,
    /// The same certificate, or two with one key id.
    #[error("key id {key_id} stands for two certificates of the trust list")]
    Ambiguous {
        /// The key id.
        key_id: KeyId,
    },
    /// Two certificates of one issuer with one serial number.
    #[error("certificates {first} and {second} have the same issuer and serial number")]
    DuplicateSerial {
        /// The one.
        first: KeyId,
        /// The other.
        second: KeyId,
    },
    /// A certificate without a path to the root.
    #[error("a certificate of the trust list does not hang from its root: {0}")]
    Path(#[from] PathError),
    /// Signed by nobody in the list.
    #[error("the trust list is signed by {key_id}, which it does not contain")]
    SignerUnknown {
        /// `kid` of the envelope.
        key_id: KeyId,
    },
    /// Signed by a certificate that it calls retired or revoked.
    #[error("the trust list is signed by {key_id}, which was retired or revoked before that")]
    SignerWithdrawn {
        /// `kid` of the envelope.
        key_id: KeyId,
    },
    /// Not signed by whom it says.
    #[error("the trust list is forged: {0}")]
    Signature(#[from] SignatureError),
    /// The key refused to sign.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// An authority's status signer is none.
    #[error("authority {credit_code} names {key_id}, which signs no status lists")]
    StatusSigner {
        /// The authority.
        credit_code: CreditCode,
        /// `kid` of the certificate it names.
        key_id: KeyId,
    },
    /// Older than one seen before.
    #[error("version {seen} of the trust list was seen before, this is version {got}")]
    RolledBack {
        /// Newest version seen.
        seen: u64,
        /// Version of this list.
        got: u64,
    },
}

/// Whom to believe. Every lookup takes the same time however many there are.
#[derive(Clone, Debug)]
pub struct TrustStore {
    list: TrustList,
    root_fingerprint: Digest,
    signers: HashMap<KeyId, KnownSigner>,
    authorities: HashMap<CreditCode, Authority>,
}

/// Signs a trust list, and loads it: none that would be refused is handed out. `certificate` is the signer's.
pub fn sign_trust_list(
    list: &TrustList,
    key: &SigningKey,
    certificate: &Certificate,
) -> Result<Envelope, TrustError> {
    let envelope = sign_envelope(Typ::TrustList, certificate.key_id(), list.encode()?, key)?;
    TrustStore::from_envelope(envelope.bare_bytes(), Anchor::FirstUse)?;
    Ok(envelope)
}

impl TrustStore {
    /// Believes a list, or says why not. Nothing in it counts before all of it was checked.
    pub fn from_envelope(bytes: &[u8], anchor: Anchor) -> Result<Self, TrustError> {
        let envelope = Envelope::decode(bytes, limits::TRUST_LIST)?;
        match (envelope.typ(), envelope.x5chain()) {
            (Typ::TrustList, []) => {}
            (Typ::TrustList, _) => return Err(TrustError::Chain),
            (got, _) => return Err(TrustError::Typ { got }),
        }
        let list = TrustList::decode(envelope.payload())?;
        let root = check_root(&list, anchor)?;
        check_unique(&list)?;
        // An honest list needs a check for each certificate; one hundred more bound what a hostile one can ask for.
        let certificates: Vec<_> =
            list.certificates.iter().map(|entry| Arc::clone(&entry.certificate)).collect();
        let mut paths = PathBuilder::new(&root, &certificates, Budget::new(100 + certificates.len()))?;
        check_signer(&envelope, &list, &mut paths)?;
        let signers = load_signers(&list, &mut paths)?;
        let authorities = list.authorities.iter().map(|one| (one.credit_code, one.clone())).collect();
        let store = Self { root_fingerprint: root.fingerprint(), list, signers, authorities };
        store.check_status_signers()?;
        Ok(store)
    }

    /// That this list is not older than the newest one seen.
    pub const fn check_not_older(&self, seen: u64) -> Result<(), TrustError> {
        if self.list.version < seen {
            return Err(TrustError::RolledBack { seen, got: self.list.version });
        }
        Ok(())
    }

    /// SHA-256 of the root certificate: the anchor.
    pub const fn root_fingerprint(&self) -> Digest {
        self.root_fingerprint
    }

    /// Version of the list.
    pub const fn version(&self) -> u64 {
        self.list.version
    }

    /// When the list was signed.
    pub const fn issued_at(&self) -> UnixTime {
        self.list.issued_at
    }

    /// The list as it was signed.
    pub const fn list(&self) -> &TrustList {
        &self.list
    }

    /// Public URL of the installation.
    pub fn public_url(&self) -> &str {
        &self.list.public_url
    }

    /// The signer with this `kid`, current, retired or revoked; never an authority.
    pub fn signer(&self, key_id: &KeyId) -> Option<&KnownSigner> {
        self.signers.get(key_id)
    }

    /// All signers, in no order.
    pub fn signers(&self) -> impl ExactSizeIterator<Item = &KnownSigner> {
        self.signers.values()
    }

    /// The authority with this credit code.
    pub fn authority(&self, code: &CreditCode) -> Option<&Authority> {
        self.authorities.get(code)
    }

    /// Keys that sign the ledger's checkpoints.
    pub fn ledger_keys(&self) -> &[LedgerKey] {
        &self.list.ledger_keys
    }

    /// All certificates as PEM, the root first.
    pub fn pem(&self) -> String {
        certificates_pem(self.list.certificates.iter().map(|entry| entry.certificate.der()))
    }

    fn check_status_signers(&self) -> Result<(), TrustError> {
        self.list.authorities.iter().try_for_each(|authority| {
            let (credit_code, key_id) = (authority.credit_code, authority.status_signer);
            match self.signer(&key_id).map(KnownSigner::usage) {
                Some(Usage::StatusList) => Ok(()),
                Some(_) | None => Err(TrustError::StatusSigner { credit_code, key_id }),
            }
        })
    }
}

fn check_root(list: &TrustList, anchor: Anchor) -> Result<Arc<Certificate>, TrustError> {
    let first = list.certificates.first();
    let Some(CertificateEntry { certificate: root, retired, revocation }) = first else {
        return Err(TrustListError::MissingKey { map: "body", key: 3 }.into());
    };
    match (anchor, root.fingerprint()) {
        (Anchor::Pinned(expected), got) if expected != got => Err(TrustError::OtherRoot { expected, got }),
        _ if retired.is_some() || revocation.is_some() => Err(TrustError::RootWithdrawn),
        (Anchor::Pinned(_) | Anchor::FirstUse, _) => Ok(Arc::clone(root)),
    }
}

fn check_unique(list: &TrustList) -> Result<(), TrustError> {
    let mut key_ids = HashMap::new();
    let mut serials = HashMap::new();
    list.certificates.iter().map(|entry| &*entry.certificate).try_for_each(|one| {
        let second = one.key_id();
        if key_ids.insert(second, ()).is_some() {
            return Err(TrustError::Ambiguous { key_id: second });
        }
        match serials.insert((one.issuer(), one.serial()), second) {
            Some(first) => Err(TrustError::DuplicateSerial { first, second }),
            None => Ok(()),
        }
    })
}

/// The signature of the list itself: by a certificate in it, directly under the root, good when it signed.
fn check_signer(envelope: &Envelope, list: &TrustList, paths: &mut PathBuilder) -> Result<(), TrustError> {
    let key_id = envelope.key_id();
    let mut entries = list.certificates.iter();
    let entry = entries.find(|entry| entry.certificate.key_id() == key_id);
    let Some(entry) = entry else { return Err(TrustError::SignerUnknown { key_id }) };
    let path = paths.build(&entry.certificate)?;
    match entry.certificate.usage() {
        Some(Usage::TrustList) => {}
        Some(got) => {
            return Err(PathError::Usage { certificate: key_id, expected: Usage::TrustList, got }.into());
        }
        None => return Err(PathError::NotASigner { certificate: key_id }.into()),
    }
    path.check_at(list.issued_at)?;
    if entry.revocation.is_some() || entry.retired.is_some_and(|retired| retired <= list.issued_at) {
        return Err(TrustError::SignerWithdrawn { key_id });
    }
    Ok(envelope.verify(entry.certificate.key())?)
}

fn load_signers(
    list: &TrustList,
    paths: &mut PathBuilder,
) -> Result<HashMap<KeyId, KnownSigner>, TrustError> {
    let revocations: HashMap<Digest, Revocation> = list
        .certificates
        .iter()
        .filter_map(|entry| Some((entry.certificate.fingerprint(), entry.revocation?)))
        .collect();
    let revoked = |path: &Path| -> Vec<Revocation> {
        path.certificates().iter().filter_map(|one| revocations.get(&one.fingerprint()).copied()).collect()
    };
    let mut signers = HashMap::new();
    for entry in &list.certificates {
        let path = paths.build(&entry.certificate)?;
        let revocations = revoked(&path);
        // An authority's path was worth checking, but an authority is no signer.
        if let Some(signer) = KnownSigner::new(path, entry.retired, revocations) {
            signers.insert(entry.certificate.key_id(), signer);
        }
    }
    Ok(signers)
}

/// Certificates as PEM, in this order.
pub fn certificates_pem<'a>(certificates: impl IntoIterator<Item = &'a [u8]>) -> String {
    certificates.into_iter().fold(String::new(), |mut pem, der| {
        write_pem(&mut pem, der);
        pem
    })
}

/// RFC 7468, lines of 64 characters.
fn write_pem(pem: &mut String, der: &[u8]) {
    pem.push_str("-----BEGIN CERTIFICATE-----\n");
    for (index, digit) in STANDARD.encode(der).chars().enumerate() {
        if index > 0 && index % 64 == 0 {
            pem.push('\n');
        }
        pem.push(digit);
    }
    // Writing into a String cannot fail.
    let _ = writeln!(pem, "\n-----END CERTIFICATE-----");
}

#[cfg(test)]
mod tests;
