//! Makes a group of appends that wait: guards checked in order, entries and rows sealed for their places.

use std::collections::HashMap;

use super::committer::{AppendError, Guard, PlainEntry, Request, Seals};
use super::engine::{Engine, Group, Next, Row, Salt, SealedEntry, additional_data};
use super::sealed_index::{RowError, SealedIndex};
use crate::crypto::{SealingKey, random_bytes};

/// Seals appends into groups.
pub(super) struct Gatherer {
    seals: Seals,
    /// The key of the segment that was last written to.
    segment: Option<(Salt, SealingKey)>,
}

/// A group and the requests that it is made of.
pub(super) struct Gathered {
    pub(super) group: Group,
    /// In the order of the group's entries.
    pub(super) accepted: Vec<Request>,
    /// Requests that another one of this very group rules out. They are answered when it is durable: not before, since
    /// they conflict with nothing if it fails.
    pub(super) conflicting: Vec<(Request, AppendError)>,
}

/// How a guard fails.
enum Broken {
    /// By a row that is there.
    Durably(AppendError),
    /// By a row that an earlier request of the group brings.
    Within(AppendError),
}

/// Plain rows that the group writes.
type Fresh = HashMap<Vec<u8>, Vec<u8>>;

impl Gatherer {
    pub(super) const fn new(seals: Seals) -> Self {
        Self { seals, segment: None }
    }

    /// The group of those `requests` whose guards hold, on top of `next`. Requests whose guards fail by what is there
    /// are answered here; `None` where no request is left.
    pub(super) fn gather(
        &mut self,
        engine: &dyn Engine,
        next: Next,
        requests: Vec<Request>,
    ) -> Option<Gathered> {
        let Seals { data_key, index, .. } = &self.seals;
        if self.segment.as_ref().is_none_or(|(salt, _)| *salt != next.salt) {
            self.segment = Some((next.salt, data_key.segment_key(&next.salt)));
        }
        let (_, key) = self.segment.as_ref()?;
        let mut fresh = Fresh::new();
        let (mut accepted, mut conflicting) = (Vec::with_capacity(requests.len()), Vec::new());
        let (mut entries, mut rows) = (Vec::with_capacity(requests.len()), Vec::new());
        let mut position = next.head.entries();
        for request in requests {
            match check(&request.append.guards, &fresh, engine, index) {
                Ok(()) => {}
                Err(Broken::Within(error)) => {
                    conflicting.push((request, error));
                    continue;
                }
                Err(Broken::Durably(error)) => {
                    request.answer(Err(error));
                    continue;
                }
            }
            let plain = (request.append.rows)(position);
            match self.seal(key, position, &request.append.entry, &plain) {
                Ok((entry, sealed)) => {
                    entries.push(entry);
                    rows.extend(sealed);
                    fresh.extend(plain.into_iter().map(|row| (row.key, row.value)));
                    accepted.push(request);
                    position += 1;
                }
                Err(error) => request.answer(Err(error.into())),
            }
        }
        let group = Group::new(next, entries, rows);
        (!accepted.is_empty()).then_some(Gathered { group, accepted, conflicting })
    }

    fn seal(
        &self,
        key: &SealingKey,
        position: u64,
        entry: &PlainEntry,
        rows: &[Row],
    ) -> Result<(SealedEntry, Vec<Row>), RowError> {
        let nonce = random_bytes(&*self.seals.random)?;
        let sealed = key.seal(nonce, &additional_data(position, entry.kind), &entry.plain)?;
        let rows = rows.iter().map(|row| self.seals.index.seal(row)).collect::<Result<_, _>>()?;
        Ok((SealedEntry { kind: entry.kind, record: entry.record, nonce, sealed }, rows))
    }
}

fn check(guards: &[Guard], fresh: &Fresh, engine: &dyn Engine, index: &SealedIndex) -> Result<(), Broken> {
    for (n, guard) in guards.iter().enumerate() {
        let conflict = || AppendError::Conflict { guard: n, key: guard.key.clone() };
        match fresh.get(&guard.key) {
            Some(value) if guard.expected.as_ref() == Some(value) => {}
            Some(_) => return Err(Broken::Within(conflict())),
            None => match index.get(engine, &guard.key) {
                Ok(value) if value == guard.expected => {}
                Ok(_) => return Err(Broken::Durably(conflict())),
                Err(error) => return Err(Broken::Durably(error.into())),
            },
        }
    }
    Ok(())
}
