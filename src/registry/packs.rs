//! Packs of this installation: made anew when the ledger has grown, and once a minute while it has not. What has not changed
//! since the last one is neither hashed nor compressed again.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;

use super::act_error::ActError;
use super::open::Registry;
use super::roster::{KnownDepartment, Roster};
use crate::crypto::Digest;
use crate::ledger::Event;
use crate::licence::CreditCode;
use crate::pack::{Contents, Held, PackError, Selection, SignedPack, SurvivorSet};
use crate::pki::{RevocationReason, Scope};
use crate::store::{StoreError, read_position};
use crate::time::UnixTime;

/// Seconds that a pack is handed out again while nothing has changed: it is that much older than it could be.
const KEPT: u32 = 60;

/// What somebody asks of a pack.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackRequest {
    /// Which status lists; absent: all.
    pub selection: Option<Selection>,
    /// What he holds; absent: nothing.
    pub held: Option<HeldPack>,
}

/// The pack that somebody holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldPack {
    /// Its version.
    pub version: u64,
    /// The first eight bytes of the digests of its parts.
    pub digests: Vec<[u8; 8]>,
}

/// A pack, and what names it for caches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackAnswer {
    /// The file.
    pub bytes: Vec<u8>,
    /// Entity tag, quotes included.
    pub etag: String,
}

/// A pack could not be made.
#[derive(Debug, thiserror::Error)]
pub enum MakePackError {
    /// Reading what goes into it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Its status lists.
    #[error(transparent)]
    Lists(#[from] ActError),
    /// Signing it.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// The licence types.
    #[error("the licence types cannot be written: {0}")]
    Types(#[from] serde_json::Error),
}

/// The pack with everything that was made last.
#[derive(Default)]
pub(super) struct LastPack(Mutex<Option<Arc<SignedPack>>>);

impl Registry {
    /// A pack for everyone (FORMAT.md §11): nothing personal is in it. Takes as long as reading every status list: not for a
    /// thread that must not wait.
    pub fn pack(&self, request: &PackRequest, now: UnixTime) -> Result<PackAnswer, MakePackError> {
        let now = self.shared_date(now, KEPT).unwrap_or_else(|| self.not_behind(now));
        let signed = match &request.selection {
            None => self.whole_pack(now)?,
            Some(selection) => Arc::new(self.sign_pack(Some(selection.clone()), None, now)?),
        };
        let bytes = match &request.held {
            None => signed.whole(),
            Some(held) => self.update(&signed, held, now)?,
        };
        let etag = format!("\"{}\"", Digest::of(&bytes));
        Ok(PackAnswer { bytes, etag })
    }

    /// One thread makes it; the others wait for what it makes.
    fn whole_pack(&self, now: UnixTime) -> Result<Arc<SignedPack>, MakePackError> {
        let mut last = self.last_pack.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Whoever has waited may bring a time from before the one whose pack he waited for; none is older than the last.
        let now = last.as_ref().map_or(now, |pack| now.max(pack.seen().issued_at));
        if let Some(pack) = &*last {
            let age = now.seconds() - pack.seen().issued_at.seconds();
            if pack.seen().version == self.store.visible_entries() && age < i64::from(KEPT) {
                return Ok(Arc::clone(pack));
            }
        }
        let pack = Arc::new(self.sign_pack(None, last.as_deref(), now)?);
        *last = Some(Arc::clone(&pack));
        Ok(pack)
    }

    fn sign_pack(
        &self,
        selection: Option<Selection>,
        last: Option<&SignedPack>,
        now: UnixTime,
    ) -> Result<SignedPack, MakePackError> {
        // The version is read first: what becomes visible while the lists are read is in them, and is sent again by the next
        // update, which does no harm.
        let version = self.store.visible_entries();
        let roster = self.roster();
        let lists = self.list_snapshots(now)?;
        let chosen =
            |authority| selection.as_ref().is_none_or(|chosen| is_chosen(&roster, chosen, authority));
        let lists = lists.into_iter().filter(|list| chosen(list.authority));
        let types: Vec<_> = self.catalogue.iter().collect();
        let contents = Contents {
            issued_at: now,
            version,
            public_url: self.public_url(),
            trust_list: (&roster.trust_list, roster.trust.issued_at()),
            status_lists: lists.map(|list| (list.uri, list.bits.as_bytes().to_vec())).collect(),
            licence_types: serde_json::to_vec(&json!({ "types": types }))?,
            checkpoint: Some((self.settings.origin.clone(), self.store.checkpoint().to_string())),
            survivors: self.survivors(&roster)?,
            selection,
        };
        let (key_id, key) = self.pack_signer.identity();
        Ok(SignedPack::sign(contents, last, key_id, key)?)
    }

    fn update(&self, signed: &SignedPack, held: &HeldPack, now: UnixTime) -> Result<Vec<u8>, MakePackError> {
        // The entry before the held version's end is no younger than that pack.
        let since = match held.version.checked_sub(1) {
            Some(last) if held.version <= self.store.visible_entries() => self.store.entry(last)?.at,
            // Of another ledger, or of none: whole lists.
            _ => return Ok(signed.whole()),
        };
        let changed = |uri: &str| self.changed_since(uri, held.version, since, now).ok().flatten();
        Ok(signed.update(&Held { digests: &held.digests, changed: &changed }))
    }

    /// What stands in the ledger from before the compromise of a key on its signer's path.
    fn survivors(&self, roster: &Roster) -> Result<Vec<SurvivorSet>, StoreError> {
        let mut sets = Vec::new();
        for signer in roster.trust.signers() {
            let compromised =
                signer.revocations().iter().filter(|one| one.reason == RevocationReason::Compromised);
            let (Some(position), Some(scope)) = (compromised.map(|one| one.position).min(), signer.scope())
            else {
                continue;
            };
            let digests = self.digests_before(scope, position)?;
            sets.push(SurvivorSet { signer: signer.key_id(), digests });
        }
        Ok(sets)
    }

    fn digests_before(&self, scope: &Scope, position: u64) -> Result<Vec<Digest>, StoreError> {
        let mut digests = Vec::new();
        for code in scope.type_codes.as_slice() {
            let range = self.store.keys().licences_by(*code, scope.credit_code);
            for row in self.store.rows(&range, usize::MAX)? {
                let at = read_position(&row.key)?;
                if at >= position {
                    break;
                }
                if let Event::Licence(issued) = self.store.entry(at)?.event {
                    digests.extend([Digest::of(&issued.full), Digest::of(&issued.qr)]);
                }
            }
        }
        Ok(digests)
    }
}

fn is_chosen(roster: &Roster, selection: &Selection, authority: CreditCode) -> bool {
    let issues =
        |known: &KnownDepartment| selection.types.iter().any(|code| known.department.types.contains(code));
    selection.authorities.contains(&authority) || roster.departments.get(&authority).is_some_and(issues)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{City, SAMPLE, now, runtime};
    use super::*;
    use crate::pack::{Pack, PartKind};
    use crate::pki::Anchor;

    /// What somebody who holds this pack asks for next.
    fn asks(pack: &Pack) -> PackRequest {
        let begins =
            pack.manifest().lines.iter().filter_map(|line| line.digest.as_bytes().first_chunk().copied());
        let held = HeldPack { version: pack.seen().version, digests: begins.collect() };
        PackRequest { held: Some(held), selection: None }
    }

    #[test]
    fn no_pack_is_older_than_the_one_before_and_updates_are_small() {
        let city = City::new();
        let registry = city.open();
        let (caller, runtime) = (city.issuer(&registry), runtime());
        let issued = runtime.block_on(registry.issue(&caller, "1", SAMPLE, now())).unwrap();
        let whole = registry.pack(&PackRequest::default(), now().plus(5)).unwrap();
        let mut pack = Pack::open(&whole.bytes, Anchor::FirstUse).unwrap();
        // A request that was on its way for longer.
        let late = registry.pack(&PackRequest::default(), now()).unwrap();
        pack = pack.update(&late.bytes).unwrap();
        for (seconds, to) in [(6, "suspended"), (70, "valid"), (71, "revoked")] {
            let at = now().plus(seconds);
            let body = format!("{{\"to\": \"{to}\", \"reason\": \"a test\"}}");
            runtime
                .block_on(registry.change_status(&caller, &issued.identifier, body.as_bytes(), at))
                .unwrap();
            let update = registry.pack(&asks(&pack), at).unwrap();
            assert!(update.bytes.len() < 2_000, "{} bytes", update.bytes.len());
            pack = pack.update(&update.bytes).unwrap();
            assert_eq!(pack.seen().version, registry.store.visible_entries());
        }
        let lists: Vec<_> = pack.manifest().of_kind(PartKind::StatusList).collect();
        assert_eq!(lists.len(), registry.list_snapshots(now().plus(80)).unwrap().len());
        // Of a ledger that is not this one, and of a version that it does not have yet: all of it.
        let ahead =
            PackRequest { held: Some(HeldPack { version: 1 << 40, digests: Vec::new() }), selection: None };
        assert!(Pack::open(&registry.pack(&ahead, now().plus(81)).unwrap().bytes, Anchor::FirstUse).is_ok());
    }
}
