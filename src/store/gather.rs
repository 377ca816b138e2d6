//! Makes a group of appends that wait: guards checked in order, entries and rows sealed for their places.

use std::collections::HashMap;

use super::committer::{AppendError, Conditions, PlainEntry, Request, Seals};
use super::engine::{Engine, Group, Next, Row, Salt, SealedEntry, additional_data};
use super::sealed_index::RowError;
use crate::crypto::SealingKey;

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
    /// By a row that is there, or because the append is not admitted.
    Durably(AppendError),
    /// By a row that an earlier request of the group brings.
    Within(AppendError),
}

/// Plain rows that the group writes, in order, and the last one of each key.
#[derive(Default)]
struct Fresh {
    rows: Vec<Row>,
    last: HashMap<Vec<u8>, usize>,
}

impl Fresh {
    fn extend(&mut self, rows: Vec<Row>) {
        for row in rows {
            self.last.insert(row.key.clone(), self.rows.len());
            self.rows.push(row);
        }
    }

    fn get(&self, key: &[u8]) -> Option<&Vec<u8>> {
        self.last.get(key).and_then(|at| self.rows.get(*at)).map(|row| &row.value)
    }
}

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
        let there = match self.read_guards(engine, &requests) {
            Ok(there) => there,
            Err(error) => {
                let error = AppendError::from(error);
                requests.into_iter().for_each(|request| request.answer(Err(error.clone())));
                return None;
            }
        };
        let mut fresh = Fresh::default();
        let (mut accepted, mut conflicting) = (Vec::with_capacity(requests.len()), Vec::new());
        let mut position = next.head.entries();
        for request in requests {
            match check(&request.append.conditions, &fresh, &there) {
                Ok(()) => {
                    fresh.extend((request.append.rows)(position));
                    accepted.push(request);
                    position += 1;
                }
                Err(Broken::Within(error)) => conflicting.push((request, error)),
                Err(Broken::Durably(error)) => request.answer(Err(error)),
            }
        }
        if accepted.is_empty() {
            return None;
        }
        match self.seal(next, &accepted, fresh.rows) {
            Ok(group) => Some(Gathered { group, accepted, conflicting }),
            Err(error) => {
                let error = AppendError::from(error);
                accepted.into_iter().for_each(|request| request.answer(Err(error.clone())));
                conflicting.into_iter().for_each(|(request, _)| request.answer(Err(error.clone())));
                None
            }
        }
    }

    fn seal(&mut self, next: Next, accepted: &[Request], rows: Vec<Row>) -> Result<Group, RowError> {
        let Seals { data_key, index, random } = &self.seals;
        let (_, key) = match self.segment.take() {
            Some(segment) if segment.0 == next.salt => self.segment.insert(segment),
            _ => self.segment.insert((next.salt, data_key.segment_key(&next.salt))),
        };
        let mut nonces = vec![[0; 12]; accepted.len()];
        random.fill(nonces.as_flattened_mut())?;
        let mut entries = Vec::with_capacity(accepted.len());
        for ((position, request), nonce) in (next.head.entries()..).zip(accepted).zip(nonces) {
            let PlainEntry { kind, record, plain } = &request.append.entry;
            let sealed = key.seal(nonce, &additional_data(position, *kind), plain)?;
            entries.push(SealedEntry { kind: *kind, record: *record, nonce, sealed });
        }
        Ok(Group::new(next, entries, index.seal(rows)?))
    }

    /// The rows of all guards, as they are in the ledger: read together, because each may be a journey to another machine.
    fn read_guards(&self, engine: &dyn Engine, requests: &[Request]) -> Result<There, RowError> {
        let guards = requests.iter().flat_map(|request| &request.append.conditions.guards);
        let keys: Vec<&[u8]> = guards.map(|guard| guard.key.as_slice()).collect();
        let open = |(key, value): (&&[u8], Option<Vec<u8>>)| {
            Ok(match value {
                Some(value) => Some((key.to_vec(), self.seals.index.open(key, &value)?)),
                None => None,
            })
        };
        keys.iter().zip(engine.get_many(&keys)?).filter_map(|row| open(row).transpose()).collect()
    }
}

/// Rows of guards that there are.
type There = HashMap<Vec<u8>, Vec<u8>>;

fn check(conditions: &Conditions, fresh: &Fresh, there: &There) -> Result<(), Broken> {
    for (n, guard) in conditions.guards.iter().enumerate() {
        let conflict = || AppendError::Conflict { guard: n, key: guard.key.clone() };
        match fresh.get(&guard.key) {
            Some(value) if guard.expected.as_ref() == Some(value) => {}
            Some(_) => return Err(Broken::Within(conflict())),
            None if there.get(&guard.key) == guard.expected.as_ref() => {}
            None => return Err(Broken::Durably(conflict())),
        }
    }
    match &conditions.admission {
        Some(admission) if !admission.admits() => Err(Broken::Durably(AppendError::NotAdmitted)),
        _ => Ok(()),
    }
}
