//! A holder's licences: all that the ledger has under one number, each judged now.

use std::sync::Arc;

use super::act_error::ActError;
use super::open::Registry;
use super::show::facts_of;
use crate::codec::LicenceClaims;
use crate::crypto::Digest;
use crate::ledger::IssuedLicence;
use crate::licence::{AskedHolder, Standing};
use crate::time::UnixTime;
use crate::verify::Verdict;

/// The most licences of one answer.
const MOST: usize = 100;

/// A licence of the holder that was asked for.
#[derive(Clone, Debug)]
pub struct HeldLicence {
    /// What it says.
    pub claims: Arc<LicenceClaims>,
    /// Its position in the ledger.
    pub position: u64,
    /// Digest of its full form.
    pub digest: Digest,
    /// Whether it is good now.
    pub verdict: Verdict,
    /// How it stands now.
    pub standing: Standing,
    /// `false` where a newer version has taken its place.
    pub current: bool,
}

/// Licences of a holder, newest first.
#[derive(Clone, Debug)]
pub struct HeldLicences {
    /// At most 100.
    pub licences: Vec<HeldLicence>,
    /// Whether there are others.
    pub more: bool,
}

/// A licence of the holder, not judged yet.
pub(super) struct Held {
    pub(super) claims: LicenceClaims,
    pub(super) issued: IssuedLicence,
    pub(super) position: u64,
}

impl Registry {
    /// The holder's licences that are `wanted`, newest first, each judged now; at most 100. A holder with that number and another
    /// name than was asked for is another holder.
    pub fn licences_of(
        &self,
        holder: &AskedHolder,
        wanted: impl Fn(&LicenceClaims) -> bool,
        now: UnixTime,
    ) -> Result<HeldLicences, ActError> {
        let mut licences = Vec::new();
        for held in self.held_by(holder)? {
            let held = held?;
            if !wanted(&held.claims) {
                continue;
            }
            if licences.len() == MOST {
                return Ok(HeldLicences { licences, more: true });
            }
            licences.push(self.judge_held(held, now)?);
        }
        Ok(HeldLicences { licences, more: false })
    }

    /// The holder's licences, newest first, each read when it is asked for.
    pub(super) fn held_by(
        &self,
        holder: &AskedHolder,
    ) -> Result<impl Iterator<Item = Result<Held, ActError>>, ActError> {
        let positions = self.store.licences_of(&holder.number)?;
        Ok(positions.into_iter().rev().filter_map(|position| match self.issued_at(position) {
            Ok((claims, issued)) => {
                let his = claims.licence.holders.iter().any(|one| holder.is(one));
                his.then_some(Ok(Held { claims, issued, position }))
            }
            Err(error) => Some(Err(error)),
        }))
    }

    /// Judges one of them now.
    pub(super) fn judge_held(&self, held: Held, now: UnixTime) -> Result<HeldLicence, ActError> {
        let Held { claims, issued, position } = held;
        let at = self.not_behind(now);
        let facts = facts_of(&claims, &self.store.events(&claims.licence.identifier)?);
        let verdict = self.judge_issued(&issued, at);
        Ok(HeldLicence {
            position,
            digest: Digest::of(&issued.full),
            verdict: verdict.ok_or(ActError::Internal("a kept licence cannot be judged"))?,
            standing: Standing::of(facts, at),
            current: facts.replaced_from.is_none_or(|from| at < from),
            claims: Arc::new(claims),
        })
    }
}
