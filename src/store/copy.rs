//! Copies a ledger from one engine into another: the sealed entries as they are, under the salts that they have, and the
//! index rows made anew from them. So both ledgers have the same head, and what was proved from one is proved from the other.
//!
//! A copy that was cut off goes on where it ended: what the target has must be how the source begins.

use super::catch_up::ReplayError;
use super::engine::{
    Engine, EngineError, Group, MAX_GROUP_BYTES, MAX_GROUP_ENTRIES, Next, Salt, SealedEntry, StoredEntry,
};
use super::head::Head;
use super::licence_store::StoreKeys;
use super::row_maker::RowMaker;
use crate::crypto::Digest;

/// A finished copy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Where both ledgers stand.
    pub head: Head,
    /// Entries that the target had already.
    pub had: u64,
}

/// A copy did not come to its end. What was copied stays; copying again goes on after it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CopyError {
    /// The target has more than the source: it went on by itself, or it is another ledger.
    #[error(
        "the target has {target} entries, the source only {source_entries}: it went on by itself, or is another ledger; nothing was changed"
    )]
    Longer {
        /// Entries in the source.
        source_entries: u64,
        /// Entries in the target.
        target: u64,
    },
    /// The target holds another ledger.
    #[error(
        "the target holds another ledger: after {entries} entries its hash chain is {target}, the source's {source_chain}; nothing was changed"
    )]
    Foreign {
        /// Entries in the target.
        entries: u64,
        /// The source's hash chain after as many.
        source_chain: Digest,
        /// The target's.
        target: Digest,
    },
    /// The source does not have the entry that comes next.
    #[error("the source says it has {entries} entries, and entry {position} is not there")]
    Gap {
        /// Position of the entry that is not there.
        position: u64,
        /// Entries that the source says it has.
        entries: u64,
    },
    /// The source's entries are not those of its head.
    #[error(
        "the source's {entries} entries have hash chain {found}, the source says {expected}: check it with `elicense store check`"
    )]
    Source {
        /// Entries in it.
        entries: u64,
        /// The hash chain that it says.
        expected: Digest,
        /// That of the entries that were read.
        found: Digest,
    },
    /// The target does not end as the source does.
    #[error("after {entries} entries the target's hash chain is {target}, the source's {source_chain}")]
    Differs {
        /// Entries in the source.
        entries: u64,
        /// The source's hash chain.
        source_chain: Digest,
        /// The target's.
        target: Digest,
    },
    /// An entry's rows cannot be made.
    #[error("entry {position} of the source: {problem}")]
    Entry {
        /// Its position.
        position: u64,
        /// Why.
        problem: ReplayError,
    },
    /// The source cannot be read.
    #[error("the source: {0}")]
    Read(EngineError),
    /// The target cannot be read or does not take entries.
    #[error("the target: {0}")]
    Write(EngineError),
}

/// Copies the ledger of `from` into `to`, to which nobody else may append meanwhile, as nobody may to `from`. `keys` open both.
/// `progress` is told how many entries are in both, and of how many, after each group.
pub fn copy_ledger(
    from: &dyn Engine,
    to: &dyn Engine,
    keys: &StoreKeys,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Copied, CopyError> {
    let source = from.next().map_err(CopyError::Read)?.head;
    let target = to.next().map_err(CopyError::Write)?.head;
    let mut reading = Reading { from, all: source.entries(), head: Head::empty() };
    reading.compare(&target, progress)?;
    let had = target.entries();
    let rows = RowMaker::new(keys);
    while reading.head.entries() < reading.all {
        for run in runs(reading.some(MAX_GROUP_ENTRIES)?) {
            reading.head = append(to, &reading.head, run, &rows)?;
        }
        progress(reading.head.entries(), reading.all);
    }
    if reading.head != source {
        let (expected, found) = (source.chain(), reading.head.chain());
        return Err(CopyError::Source { entries: source.entries(), expected, found });
    }
    let copy = to.next().map_err(CopyError::Write)?.head;
    if copy != source {
        let (source_chain, target) = (source.chain(), copy.chain());
        return Err(CopyError::Differs { entries: source.entries(), source_chain, target });
    }
    Ok(Copied { head: source, had })
}

/// The source, read in order.
struct Reading<'a> {
    from: &'a dyn Engine,
    all: u64,
    /// After the entries that were read.
    head: Head,
}

impl Reading<'_> {
    /// The next entries, at least one, at most `limit`.
    fn some(&self, limit: usize) -> Result<Vec<StoredEntry>, CopyError> {
        let first = self.head.entries();
        let entries = self.from.read_from(first, limit).map_err(CopyError::Read)?;
        let gap = (first..).zip(&entries).find(|(position, stored)| stored.position != *position);
        match (gap, entries.is_empty()) {
            (None, false) => Ok(entries),
            (Some((position, _)), _) => Err(CopyError::Gap { position, entries: self.all }),
            (None, true) => Err(CopyError::Gap { position: first, entries: self.all }),
        }
    }

    /// Reads as many entries as `target` has, and compares.
    fn compare(&mut self, target: &Head, progress: &mut dyn FnMut(u64, u64)) -> Result<(), CopyError> {
        let entries = target.entries();
        if entries > self.all {
            return Err(CopyError::Longer { source_entries: self.all, target: entries });
        }
        while self.head.entries() < entries {
            let left = usize::try_from(entries - self.head.entries()).unwrap_or(usize::MAX);
            for stored in self.some(left.min(MAX_GROUP_ENTRIES))? {
                self.head.advance(&stored.entry);
            }
            progress(self.head.entries(), self.all);
        }
        if self.head == *target {
            return Ok(());
        }
        Err(CopyError::Foreign { entries, source_chain: self.head.chain(), target: target.chain() })
    }
}

/// Entries that go into one group.
struct Run {
    salt: Salt,
    entries: Vec<StoredEntry>,
}

/// Splits where the salt changes and where a group would be too long.
fn runs(entries: Vec<StoredEntry>) -> Vec<Run> {
    let (mut runs, mut bytes) = (Vec::<Run>::new(), 0_usize);
    for stored in entries {
        let more = bytes.saturating_add(stored.entry.sealed.len());
        match runs.last_mut() {
            Some(run) if run.salt == stored.salt && more <= MAX_GROUP_BYTES => {
                bytes = more;
                run.entries.push(stored);
            }
            _ => {
                bytes = stored.entry.sealed.len();
                runs.push(Run { salt: stored.salt, entries: vec![stored] });
            }
        }
    }
    runs
}

/// Appends a run of entries that follow `head` in the source, and returns the head after them.
fn append(to: &dyn Engine, head: &Head, run: Run, rows: &RowMaker) -> Result<Head, CopyError> {
    let mut made = Vec::new();
    for stored in &run.entries {
        let position = stored.position;
        made.extend(rows.rows(stored).map_err(|problem| CopyError::Entry { position, problem })?);
    }
    // A segment that is full has given itself another salt.
    if to.next().map_err(CopyError::Write)?.salt != run.salt {
        to.use_salt(run.salt).map_err(CopyError::Write)?;
    }
    let entries: Vec<SealedEntry> = run.entries.into_iter().map(|stored| stored.entry).collect();
    let group = Group::new(Next { head: head.clone(), salt: run.salt }, entries, made);
    to.append(&group).map_err(CopyError::Write)?;
    Ok(group.head().clone())
}

#[cfg(test)]
mod tests;
