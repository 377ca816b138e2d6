//! From memory to sled, from sled to memory, cut off at every group.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::crypto::{DataKey, SystemRandom};
use crate::ledger::{Checkpoint, Entry, Event, MintedCertificate};
use crate::store::engine::{Direction, KeyRange, additional_data};
use crate::store::{
    Fault, FaultyEngine, Lock, MemoryEngine, ReplayError, SealedIndex, SledEngine, SledOptions,
};
use crate::time::UnixTime;

fn keys() -> StoreKeys {
    StoreKeys { data: Arc::new(DataKey::from_bytes([7; 32])), random: Arc::new(SystemRandom) }
}

/// An entry of some `bytes`, sealed for `position`.
fn sealed(keys: &StoreKeys, position: u64, salt: &Salt, bytes: usize) -> SealedEntry {
    let der = vec![u8::try_from(position % 251).unwrap(); bytes];
    let event = match position % 3 {
        0 => Event::TrustList(der),
        _ => Event::Certificate(MintedCertificate { der, key_name: format!("key-{position}") }),
    };
    let entry = Entry { at: UnixTime::from_seconds(1_700_000_000).unwrap(), event };
    let encoded = entry.encode(&*keys.random).unwrap();
    let mut nonce = [0; 12];
    keys.random.fill(&mut nonce).unwrap();
    let additional = additional_data(position, encoded.kind);
    let sealed = keys.data.segment_key(salt).seal(nonce, &additional, &encoded.plain).unwrap();
    SealedEntry { kind: encoded.kind, record: encoded.record, nonce, sealed }
}

/// A ledger of groups: salt, and the bytes of its entries.
fn ledger(keys: &StoreKeys, groups: &[(u8, Vec<usize>)]) -> MemoryEngine {
    let engine = MemoryEngine::new([0; 32]);
    extend(&engine, keys, groups);
    engine
}

fn extend(engine: &dyn Engine, keys: &StoreKeys, groups: &[(u8, Vec<usize>)]) {
    let rows = RowMaker::new(keys);
    for (salt, sizes) in groups {
        engine.use_salt([*salt; 32]).unwrap();
        let next = engine.next().unwrap();
        let places = (next.head.entries()..).zip(sizes);
        let entries: Vec<_> = places.map(|(at, bytes)| sealed(keys, at, &[*salt; 32], *bytes)).collect();
        let stored = (next.head.entries()..).zip(entries.clone());
        let stored = stored.map(|(position, entry)| StoredEntry { position, salt: [*salt; 32], entry });
        let made = stored.flat_map(|stored| rows.rows(&stored).unwrap()).collect();
        engine.append(&Group::new(next, entries, made)).unwrap();
    }
}

fn some_groups() -> Vec<(u8, Vec<usize>)> {
    vec![(1, vec![20; 3]), (1, vec![500]), (2, vec![10, 20, 30]), (3, vec![40; 300 - 50]), (3, vec![9; 40])]
}

/// What everyone sees of a ledger: its entries, and its rows opened.
fn seen(engine: &dyn Engine, keys: &StoreKeys) -> (Vec<StoredEntry>, BTreeMap<Vec<u8>, Vec<u8>>) {
    let mut entries = Vec::new();
    while let Some(stored) = engine.read(u64::try_from(entries.len()).unwrap()).unwrap() {
        entries.push(stored);
    }
    let index = SealedIndex::new(&keys.data, Arc::clone(&keys.random));
    let all = KeyRange { from: Vec::new(), to: None };
    let rows = index.scan(engine, &all, Direction::Forward, usize::MAX).unwrap();
    (entries, rows.into_iter().map(|row| (row.key, row.value)).collect())
}

fn sled(dir: &Path, keys: &StoreKeys, segment_bytes: u64) -> SledEngine {
    let lock = Lock::take(dir, "a test").unwrap();
    let options = SledOptions { segment_bytes, cache_bytes: 1 << 20, ..SledOptions::new(dir) };
    SledEngine::open_with(&options, lock, Some(&of_nothing()), keys).unwrap().0
}

/// The checkpoint that a store has before its first entry.
fn of_nothing() -> Checkpoint {
    let head = Head::empty();
    Checkpoint { origin: "l".to_owned(), size: 0, root: head.root(), chain: head.chain() }
}

fn copy(from: &dyn Engine, to: &dyn Engine, keys: &StoreKeys) -> Result<Copied, CopyError> {
    copy_ledger(from, to, keys, &mut |_, _| {})
}

#[test]
fn there_and_back_everything_is_equal() {
    let (keys, dir) = (keys(), tempfile::tempdir().unwrap());
    let first = ledger(&keys, &some_groups());
    let on_disk = sled(dir.path(), &keys, 2000);
    let there = copy(&first, &on_disk, &keys).unwrap();
    assert_eq!((there.head.entries(), there.had), (297, 0));
    assert_eq!(seen(&on_disk, &keys), seen(&first, &keys));
    let second = MemoryEngine::new([9; 32]);
    assert_eq!(copy(&on_disk, &second, &keys).unwrap().head, there.head);
    assert_eq!(seen(&second, &keys), seen(&first, &keys));
    // Opened again, the disk says the same; and there is nothing to copy a second time.
    drop(on_disk);
    let again = sled(dir.path(), &keys, 2000);
    assert_eq!(copy(&first, &again, &keys), Ok(Copied { head: there.head, had: 297 }));
}

#[test]
fn the_ledger_goes_on_in_the_copy() {
    let keys = keys();
    let (first, second) = (ledger(&keys, &some_groups()), MemoryEngine::new([9; 32]));
    copy(&first, &second, &keys).unwrap();
    extend(&second, &keys, &[(4, vec![10; 5])]);
    assert_eq!(copy(&second, &first, &keys).unwrap().had, 297);
    assert_eq!(first.next().unwrap().head, second.next().unwrap().head);
}

#[test]
fn a_copy_that_is_cut_off_at_any_group_goes_on() {
    let keys = keys();
    let first = ledger(&keys, &some_groups());
    for fault in [Fault::Refuse, Fault::LoseUnknown, Fault::KeepUnknown] {
        for cut in 0..4 {
            let target = FaultyEngine::new(MemoryEngine::new([9; 32]));
            target.fail(cut, fault);
            let broken = copy(&first, &target, &keys);
            assert!(matches!(broken, Err(CopyError::Write(_))), "{fault:?} at {cut}: {broken:?}");
            target.reopen();
            let copied = copy(&first, &target, &keys).unwrap();
            assert_eq!(copied.had > 0, cut > 0 || fault == Fault::KeepUnknown, "{fault:?} at {cut}");
            assert_eq!(seen(&target, &keys), seen(&first, &keys), "{fault:?} at {cut}");
        }
    }
}

#[test]
fn another_ledger_is_left_as_it_is() {
    let keys = keys();
    let (first, other) = (ledger(&keys, &some_groups()), ledger(&keys, &[(1, vec![20; 3])]));
    let before = other.next().unwrap();
    let refused = copy(&first, &other, &keys).unwrap_err();
    assert!(matches!(refused, CopyError::Foreign { entries: 3, .. }), "{refused}");
    assert_eq!(other.next().unwrap(), before);
    let longer = copy(&other, &first, &keys);
    assert_eq!(longer, Err(CopyError::Longer { source_entries: 3, target: 297 }));
}

#[test]
fn the_same_entries_in_another_salt_are_another_ledger() {
    // The salt is not in the chain: entries that do not open under the salt they are stored with are found here.
    let keys = keys();
    let wrong = MemoryEngine::new([5; 32]);
    let next = wrong.next().unwrap();
    let entry = sealed(&keys, 0, &[6; 32], 20);
    wrong.append(&Group::new(next, vec![entry], Vec::new())).unwrap();
    let refused = copy(&wrong, &MemoryEngine::new([9; 32]), &keys).unwrap_err();
    assert!(
        matches!(refused, CopyError::Entry { position: 0, problem: ReplayError::Sealed(_) }),
        "{refused}"
    );
}

#[test]
fn another_installations_key_copies_nothing() {
    let first = ledger(&keys(), &some_groups());
    let target = MemoryEngine::new([9; 32]);
    let other = StoreKeys { data: Arc::new(DataKey::from_bytes([8; 32])), random: Arc::new(SystemRandom) };
    assert!(matches!(copy(&first, &target, &other), Err(CopyError::Entry { position: 0, .. })));
    assert_eq!(target.next().unwrap().head, Head::empty());
}

#[test]
fn entries_as_long_as_they_may_be_are_copied_one_by_one() {
    let (keys, dir) = (keys(), tempfile::tempdir().unwrap());
    let mib = 1024 * 1024;
    let first = ledger(&keys, &[(1, vec![3 * mib, 3 * mib]), (1, vec![3 * mib]), (1, vec![1, 3 * mib, 1])]);
    let on_disk = sled(dir.path(), &keys, 1 << 30);
    copy(&first, &on_disk, &keys).unwrap();
    assert_eq!(seen(&on_disk, &keys), seen(&first, &keys));
}

#[test]
fn progress_grows_to_all() {
    let keys = keys();
    let (first, second) = (ledger(&keys, &some_groups()), ledger(&keys, &[]));
    let mut told = Vec::new();
    copy_ledger(&first, &second, &keys, &mut |done, all| told.push((done, all))).unwrap();
    copy_ledger(&first, &second, &keys, &mut |done, all| told.push((done, all))).unwrap();
    assert_eq!(told, [(256, 297), (297, 297), (256, 297), (297, 297)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_ledger_any_cut(
        groups in prop::collection::vec((0_u8..3, prop::collection::vec(1_usize..900, 1..40)), 1..12),
        cut in 0_u64..12,
    ) {
        let (keys, dir) = (keys(), tempfile::tempdir().unwrap());
        let first = ledger(&keys, &groups);
        let on_disk = FaultyEngine::new(sled(dir.path(), &keys, 4000));
        on_disk.fail(cut, Fault::LoseUnknown);
        let _ = copy(&first, &on_disk, &keys);
        drop(on_disk);
        let again = sled(dir.path(), &keys, 4000);
        let copied = copy(&first, &again, &keys).unwrap();
        prop_assert_eq!(copied.head, first.next().unwrap().head);
        prop_assert_eq!(seen(&again, &keys), seen(&first, &keys));
    }
}
