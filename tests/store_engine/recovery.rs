//! The ledger's files, cut, changed, swapped and put back: what is named, what is put aside, what goes on.

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use elicense::crypto::SystemRandom;
use elicense::store::Head;
use elicense::store::journal::{Damage, Journal, JournalError, Problem, Walked, Wanted, walk};
use elicense::store::{EngineError, Group, StoredEntry};

use crate::{entry, head};

/// Long enough that everything in these tests stays in one segment.
const ONE_SEGMENT: u64 = 1 << 20;

fn look(ledger: &Path, acknowledged: u64) -> Result<Walked, JournalError> {
    let visit = &mut |_: &StoredEntry| ControlFlow::Continue(());
    walk(ledger, Wanted { acknowledged, heads: &[], visit })
}

fn open(ledger: &Path, acknowledged: u64, rollover: u64) -> (Journal, Option<PathBuf>) {
    let walked = look(ledger, acknowledged).unwrap();
    let (journal, aside) = Journal::open(ledger, walked, rollover, Arc::new(SystemRandom)).unwrap();
    (journal, aside.map(|aside| aside.path))
}

fn append(journal: &Journal, seeds: &[u8]) -> Result<(), EngineError> {
    let entries = seeds.iter().map(|seed| entry(*seed, 20)).collect();
    journal.append(&Group::new(journal.next(), entries, vec![]))
}

fn damage(result: Result<Walked, JournalError>) -> Damage {
    match result {
        Err(JournalError::Damaged(damage)) => damage,
        other => panic!("expected damage, got {other:?}"),
    }
}

fn segment(ledger: &Path, number: u32) -> PathBuf {
    ledger.join(format!("{number:08x}.seg"))
}

#[test]
fn a_group_cut_at_any_byte_is_put_aside_or_whole() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path(), 0, ONE_SEGMENT);
    append(&journal, &[1, 2]).unwrap();
    append(&journal, &[3]).unwrap();
    let before = fs::read(segment(dir.path(), 0)).unwrap();
    let head_before = journal.next().head;
    append(&journal, &[4, 5]).unwrap();
    let whole = fs::read(segment(dir.path(), 0)).unwrap();
    let head_after = journal.next().head;
    drop(journal);

    for cut in before.len()..=whole.len() {
        let copy = tempfile::tempdir().unwrap();
        fs::write(segment(copy.path(), 0), &whole[..cut]).unwrap();
        let (journal, aside) = open(copy.path(), 3, ONE_SEGMENT);
        let kept = cut == whole.len();
        assert_eq!(journal.next().head, if kept { head_after.clone() } else { head_before.clone() });
        let left = &whole[before.len()..cut];
        assert_eq!(
            aside.map(|path| fs::read(path).unwrap()),
            (!kept && !left.is_empty()).then(|| left.to_vec())
        );
        append(&journal, &[6]).unwrap();
        drop(journal);
        let again = look(copy.path(), u64::MAX).unwrap();
        assert_eq!(again.head.entries(), if kept { 6 } else { 4 }, "cut at {cut}");
    }
}

#[test]
fn an_acknowledged_group_cut_at_any_byte_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path(), 0, ONE_SEGMENT);
    append(&journal, &[1, 2]).unwrap();
    let before = fs::read(segment(dir.path(), 0)).unwrap();
    append(&journal, &[3, 4]).unwrap();
    let whole = fs::read(segment(dir.path(), 0)).unwrap();
    for cut in before.len() + 1..whole.len() {
        fs::write(segment(dir.path(), 0), &whole[..cut]).unwrap();
        let damage = damage(look(dir.path(), 4));
        assert!((2..=4).contains(&damage.position), "{damage}");
    }
}

#[test]
fn half_written_groups_of_zeros_or_noise_are_put_aside() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path(), 0, ONE_SEGMENT);
    append(&journal, &[1]).unwrap();
    let before = fs::read(segment(dir.path(), 0)).unwrap();
    append(&journal, &[2, 3, 4]).unwrap();
    let whole = fs::read(segment(dir.path(), 0)).unwrap();
    // A power cut may keep any pages of a group: here any 16 bytes of it are zeros.
    for at in (before.len()..whole.len()).step_by(16) {
        let mut torn = whole.clone();
        let end = (at + 16).min(torn.len());
        torn[at..end].fill(0);
        if torn == whole {
            continue;
        }
        fs::write(segment(dir.path(), 0), &torn).unwrap();
        let walked = look(dir.path(), 1).unwrap();
        assert_eq!((walked.head.entries(), walked.unfinished.is_some()), (1, true), "zeros at {at}");
        assert!(look(dir.path(), 2).is_err());
    }
}

/// A ledger of two segments and five groups; the last group begins at the returned byte of the last segment.
fn small_ledger(ledger: &Path) -> (Head, u64, usize) {
    let (journal, _) = open(ledger, 0, 449);
    for seeds in [&[1, 2][..], &[3], &[4], &[5, 6]] {
        append(&journal, seeds).unwrap();
    }
    let (before, acknowledged) =
        (fs::metadata(segment(ledger, 1)).unwrap().len(), journal.next().head.entries());
    append(&journal, &[7, 8]).unwrap();
    assert!(!segment(ledger, 2).exists() && segment(ledger, 1).exists());
    (journal.next().head, acknowledged, usize::try_from(before).unwrap())
}

#[test]
fn every_flipped_bit_is_named_or_in_a_group_that_was_not_acknowledged() {
    let dir = tempfile::tempdir().unwrap();
    let (head, before_last, last_begin) = small_ledger(dir.path());
    let mut flips = 0;
    for number in 0..2_u32 {
        let path = segment(dir.path(), number);
        let whole = fs::read(&path).unwrap();
        for bit in 0..whole.len() * 8 {
            let mut changed = whole.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            fs::write(&path, &changed).unwrap();
            let found = damage(look(dir.path(), head.entries()));
            assert_eq!(found.segment, number, "byte {} of segment {number}: {found}", bit / 8);
            assert!(found.offset <= u64::try_from(bit / 8).unwrap(), "{found}");
            match look(dir.path(), before_last) {
                Err(JournalError::Damaged(again)) => assert_eq!(again, found),
                Ok(walked) => {
                    assert!(number == 1 && bit / 8 >= last_begin, "bit {bit} of {number} was not noticed");
                    assert_eq!(walked.head.entries(), before_last);
                    assert_eq!(walked.unfinished.unwrap().damage, found);
                }
                Err(other) => panic!("{other}"),
            }
            flips += 1;
        }
        fs::write(&path, &whole).unwrap();
    }
    assert!(flips > 8 * 1000, "{flips}");
    assert_eq!(look(dir.path(), head.entries()).unwrap().head, head);
}

#[test]
fn damage_before_a_later_group_is_never_put_aside() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path(), 0, ONE_SEGMENT);
    append(&journal, &[1]).unwrap();
    let begin = fs::read(segment(dir.path(), 0)).unwrap().len();
    append(&journal, &[2, 3]).unwrap();
    let end = fs::read(segment(dir.path(), 0)).unwrap().len();
    append(&journal, &[4]).unwrap();
    let whole = fs::read(segment(dir.path(), 0)).unwrap();
    for at in begin..end {
        let mut changed = whole.clone();
        changed[at] ^= 0x40;
        fs::write(segment(dir.path(), 0), &changed).unwrap();
        let found = damage(look(dir.path(), 0));
        assert!((1..=3).contains(&found.position), "{found}");
    }
}

#[test]
fn swapped_missing_and_foreign_segments_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path(), 0, 200);
    for seed in 0..6 {
        append(&journal, &[seed, seed]).unwrap();
    }
    drop(journal);
    let (one, two) = (segment(dir.path(), 1), segment(dir.path(), 2));
    let (first, second) = (fs::read(&one).unwrap(), fs::read(&two).unwrap());

    fs::write(&one, &second).unwrap();
    fs::write(&two, &first).unwrap();
    let found = damage(look(dir.path(), 0));
    assert_eq!((found.segment, found.problem), (1, Problem::SegmentNumber { found: 2 }));

    fs::write(&one, &first).unwrap();
    fs::remove_file(&two).unwrap();
    let found = damage(look(dir.path(), 0));
    assert_eq!((found.segment, found.problem), (2, Problem::Missing));

    let other = tempfile::tempdir().unwrap();
    let (journal, _) = open(other.path(), 0, 200);
    for seed in 0..6 {
        append(&journal, &[seed + 50, seed]).unwrap();
    }
    fs::copy(segment(other.path(), 2), &two).unwrap();
    let found = damage(look(dir.path(), 0));
    assert_eq!(found.segment, 2);
    assert!(matches!(found.problem, Problem::SegmentChain { .. }), "{found}");

    fs::write(&two, &second[..95]).unwrap();
    assert!(matches!(damage(look(dir.path(), 0)).problem, Problem::Header(_)));
    fs::write(&two, &second).unwrap();
    assert_eq!(look(dir.path(), 0).unwrap().head.entries(), 12);
}

#[test]
fn a_segment_that_never_got_its_name_is_no_matter() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path(), 0, 200);
    append(&journal, &[1, 2]).unwrap();
    drop(journal);
    let unnamed = dir.path().join("00000001.seg.new");
    fs::write(&unnamed, b"half a head").unwrap();
    let (journal, _) = open(dir.path(), 2, 200);
    assert!(!unnamed.exists());
    append(&journal, &[3]).unwrap();
    assert_eq!(look(dir.path(), 3).unwrap().head.entries(), 3);
}

#[test]
fn each_segment_has_a_salt_of_its_own_which_its_entries_carry() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path(), 0, 200);
    let mut salts = Vec::new();
    for seed in 0..4 {
        salts.push(journal.next().salt);
        append(&journal, &[seed, seed]).unwrap();
    }
    drop(journal);
    let (journal, _) = open(dir.path(), 8, 200);
    for position in 0..8_u64 {
        let stored = journal.read(position).unwrap().unwrap();
        assert_eq!(stored.salt, salts[usize::try_from(position / 2).unwrap()]);
    }
    salts.push(journal.next().salt);
    salts.sort_unstable();
    salts.dedup();
    assert_eq!(salts.len(), 5);
}

#[test]
fn a_reader_beside_a_running_writer_sees_whole_groups() {
    let dir = tempfile::tempdir().unwrap();
    let (journal, _) = open(dir.path(), 0, 2000);
    std::thread::scope(|scope| {
        let writer = scope.spawn(|| (0..200).for_each(|seed| append(&journal, &[seed, 1, 2]).unwrap()));
        while !writer.is_finished() {
            let acknowledged = journal.next().head.entries();
            let walked = look(dir.path(), acknowledged).unwrap();
            assert!(walked.head.entries() >= acknowledged);
        }
    });
    assert_eq!(look(dir.path(), 600).unwrap().head, journal.next().head);
}

#[test]
fn an_entry_changed_on_disk_after_opening_is_not_returned() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, _) = crate::open(dir.path());
    crate::append(&engine, &[1, 2, 3]).unwrap();
    assert_eq!(head(&engine).entries(), 3);
    let path = dir.path().join("ledger/00000000.seg");
    let mut bytes = fs::read(&path).unwrap();
    bytes[96 + 8 + 60] ^= 1;
    fs::write(&path, bytes).unwrap();
    use elicense::store::Engine as _;
    assert!(matches!(
        engine.read(0),
        Err(EngineError::Damaged(Damage { segment: 0, offset: 96, position: 0, .. }))
    ));
    assert!(engine.read(1).unwrap().is_some());
}

#[test]
fn what_the_visitor_refuses_is_named() {
    let dir = tempfile::tempdir().unwrap();
    small_ledger(dir.path());
    let visit = &mut |stored: &StoredEntry| match stored.position {
        4 => ControlFlow::Break(()),
        _ => ControlFlow::Continue(()),
    };
    let found = damage(walk(dir.path(), Wanted { acknowledged: 0, heads: &[], visit }));
    assert_eq!((found.position, found.problem), (4, Problem::Content));
}
