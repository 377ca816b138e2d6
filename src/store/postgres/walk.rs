//! Follows the whole ledger when a store is opened (STORE.md §7.4): while a page is hashed the next is on its way.

use super::failure::DatabaseDamage;
use super::flight::{Answer, Ask};
use super::postgres_engine::unexpected;
use super::reads::{Pending, Reads};
use super::tables::LedgerRow;
use crate::store::engine::EngineError;
use crate::store::head::Head;

/// Entries in a page.
const PAGE: usize = 2048;
/// Bytes of entries in a page.
const PAGE_BYTES: usize = 4 * 1024 * 1024;

/// What following the ledger found.
pub(super) struct Walked {
    /// Where the ledger was when it had the wanted number of entries, if it ever had.
    pub(super) then: Option<Head>,
}

/// Follows every entry up to `ledger`, each of them checked and the end compared.
pub(super) fn walk(reads: &Reads, ledger: &LedgerRow, wanted: u64) -> Result<Walked, EngineError> {
    let entries = ledger.head.entries();
    let mut head = Head::empty();
    let mut then = (wanted == 0).then(Head::empty);
    let mut page = begin(reads, 0, entries)?;
    while let Some(pending) = page {
        let Answer::Run(found) = pending.wait()? else { return Err(unexpected()) };
        let Some(last) = found.last() else {
            return Err(DatabaseDamage::Missing { position: head.entries(), entries }.into());
        };
        page = begin(reads, last.stored.position.saturating_add(1), entries)?;
        for entry in &found {
            if head.entries() == entries {
                break;
            }
            entry.follow(&mut head, entries)?;
            if head.entries() == wanted {
                then = Some(head.clone());
            }
        }
    }
    if head != ledger.head {
        let (expected, found) = (ledger.head.chain(), head.chain());
        return Err(DatabaseDamage::End { entries, expected, found }.into());
    }
    Ok(Walked { then })
}

fn begin(reads: &Reads, from: u64, entries: u64) -> Result<Option<Pending>, EngineError> {
    if from >= entries {
        return Ok(None);
    }
    reads.begin(Ask::Run { from, limit: PAGE, bytes: PAGE_BYTES }).map(Some)
}
