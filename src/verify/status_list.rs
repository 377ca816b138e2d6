//! Whether a status list is believed: it is the one that was asked for, and the trust list names its signer (FORMAT.md §10).

use crate::codec::KeyId;
use crate::licence::CreditCode;
use crate::pki::{Authority, PathError, TrustStore, Usage};
use crate::status::{Seen, StatusList, StatusListError, StatusListToken};
use crate::time::UnixTime;

/// A status list that is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AcceptedStatusList {
    /// The authority whose licences are in it.
    pub authority: CreditCode,
    /// What it states.
    pub list: StatusList,
}

/// Why a status list is not believed: what it says is unknown then, never good.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StatusListRefusal {
    /// No authority of the trust list has lists there.
    #[error("the trust list gives the address {uri:?} to no authority")]
    ForeignAddress {
        /// At most 200 characters of the address.
        uri: String,
    },
    /// Signed by somebody else than the trust list says.
    #[error("expected a status list signed by {expected}, this one is by {got}")]
    OtherSigner {
        /// Who signs the authority's lists.
        expected: KeyId,
        /// Who signed this one.
        got: KeyId,
    },
    /// The signer is certified for something else, or was not when it signed.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A certificate on the signer's path was revoked, or the signer was retired when it signed.
    #[error("the signer {key_id} of the status list was revoked or retired")]
    Withdrawn {
        /// The signer.
        key_id: KeyId,
    },
    /// The list itself.
    #[error(transparent)]
    List(#[from] StatusListError),
}

/// Believes the list at `uri`, in whichever form `bytes` is, or says why not.
///
/// `seen` is what [`StatusList::seen`] said of the newest one accepted from there before; whoever keeps lists keeps that too.
pub fn accept_status_list(
    trust: &TrustStore,
    uri: &str,
    bytes: &[u8],
    seen: Option<Seen>,
    at: UnixTime,
) -> Result<AcceptedStatusList, StatusListRefusal> {
    let authority = authority_of(trust, uri)
        .ok_or_else(|| StatusListRefusal::ForeignAddress { uri: uri.chars().take(200).collect() })?;
    let token = StatusListToken::decode(bytes)?;
    let (expected, got) = (authority.status_signer, token.key_id());
    // The trust list was refused if it named a signer that is none.
    let signer = trust.signer(&expected).filter(|_| got == expected);
    let signer = signer.ok_or(StatusListRefusal::OtherSigner { expected, got })?;
    signer.check_usage(Usage::StatusList)?;
    let list = token.verify(signer.key())?;
    signer.check_at(list.issued_at)?;
    let retired = signer.retired().is_some_and(|retired| retired <= list.issued_at);
    if retired || !signer.revocations().is_empty() {
        return Err(StatusListRefusal::Withdrawn { key_id: got });
    }
    list.check(uri, at, seen)?;
    Ok(AcceptedStatusList { authority: authority.credit_code, list })
}

fn authority_of<'a>(trust: &'a TrustStore, uri: &str) -> Option<&'a Authority> {
    trust.list().authorities.iter().find(|authority| is_list_of(authority, uri))
}

/// Whether `uri` is the authority's prefix and a list's number in the one way to write it: no sign, no zeros before it.
pub(super) fn is_list_of(authority: &Authority, uri: &str) -> bool {
    uri.strip_prefix(&authority.status_uri).is_some_and(|number| {
        let digits = number.bytes().all(|byte| byte.is_ascii_digit());
        let canonical = digits && (number == "0" || !number.starts_with('0'));
        canonical && number.parse::<u32>().is_ok()
    })
}
