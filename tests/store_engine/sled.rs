//! The engine on disk: opening, its checkpoint, and its index lost, damaged, ahead or another's.

use std::fs;
use std::ops::ControlFlow;
use std::path::Path;

use elicense::store::journal::JournalError;
use elicense::store::{
    Engine as _, Head, IndexPolicy, IndexWork, Lock, LockError, OpenError, Rebuild, SledOptions, Standing,
    StoredEntry, WitnessError, check,
};

use crate::{append, claim, copy, dump, expected, head, open, open_with, options};

fn filled(dir: &Path) -> Head {
    let (engine, _) = open(dir);
    for seed in 0..20 {
        append(&engine, &[seed, seed + 1]).unwrap();
    }
    head(&engine)
}

#[test]
fn reopening_keeps_everything_and_applies_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let last = filled(dir.path());
    let (engine, opening) = open_with(&options(dir.path()), Some(&claim(&last))).unwrap();
    assert_eq!(opening.index, IndexWork::CaughtUp { entries: 0 });
    assert_eq!((opening.standing, opening.entries, opening.aside), (Standing::Equal, 40, None));
    assert_eq!(head(&engine), last);
    assert_eq!(dump(&engine), expected(&engine));
    append(&engine, &[99]).unwrap();
    assert_eq!(dump(&engine), expected(&engine));
}

#[test]
fn a_second_one_is_told_who_holds_it() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, _) = open(dir.path());
    assert_eq!(Lock::take(dir.path(), "b").unwrap_err(), LockError::Held { by: "a test".into() });
    drop(engine);
    assert!(Lock::take(dir.path(), "b").is_ok());
}

#[test]
fn an_index_that_is_gone_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let last = filled(dir.path());
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    let (engine, opening) = open_with(&options(dir.path()), Some(&claim(&last))).unwrap();
    assert_eq!(opening.index, IndexWork::Rebuilt { because: Rebuild::Missing });
    assert_eq!(dump(&engine), expected(&engine));
    append(&engine, &[99]).unwrap();
    drop(engine);
    let (engine, opening) = open(dir.path());
    assert_eq!(opening.index, IndexWork::CaughtUp { entries: 0 });
    assert_eq!(dump(&engine), expected(&engine));
}

#[test]
fn a_rebuild_can_be_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let last = filled(dir.path());
    let again = SledOptions { index: IndexPolicy::Rebuild, ..options(dir.path()) };
    let (engine, opening) = open_with(&again, Some(&claim(&last))).unwrap();
    assert_eq!(opening.index, IndexWork::Rebuilt { because: Rebuild::Asked });
    assert_eq!(dump(&engine), expected(&engine));
    assert!(!dir.path().join("index.new").exists() && !dir.path().join("index.old").exists());
}

#[test]
fn an_index_that_is_behind_is_caught_up() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let aside = tempfile::tempdir().unwrap();
    copy(&dir.path().join("index"), aside.path());
    let (engine, _) = open(dir.path());
    append(&engine, &[7, 8, 9]).unwrap();
    drop(engine);
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    copy(aside.path(), &dir.path().join("index"));
    let (engine, opening) = open(dir.path());
    assert_eq!(opening.index, IndexWork::CaughtUp { entries: 3 });
    assert_eq!(dump(&engine), expected(&engine));
}

#[test]
fn an_index_that_is_ahead_tells_that_entries_are_gone() {
    let dir = tempfile::tempdir().unwrap();
    let old = filled(dir.path());
    let before = tempfile::tempdir().unwrap();
    copy(&dir.path().join("ledger"), before.path());
    let (engine, _) = open(dir.path());
    append(&engine, &[7, 8, 9]).unwrap();
    drop(engine);
    fs::remove_dir_all(dir.path().join("ledger")).unwrap();
    copy(before.path(), &dir.path().join("ledger"));
    let refused = open_with(&options(dir.path()), Some(&claim(&old))).unwrap_err();
    assert_eq!(refused, OpenError::IndexAhead { ledger: 40, index: 43 });
    let again = SledOptions { index: IndexPolicy::Rebuild, ..options(dir.path()) };
    let (engine, _) = open_with(&again, Some(&claim(&old))).unwrap();
    assert_eq!((head(&engine), dump(&engine)), (old, expected(&engine)));
}

#[test]
fn the_index_of_another_ledger_is_made_anew() {
    let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    filled(dir.path());
    let (engine, _) = open(other.path());
    append(&engine, &[200, 201]).unwrap();
    drop(engine);
    fs::remove_dir_all(dir.path().join("index")).unwrap();
    copy(&other.path().join("index"), &dir.path().join("index"));
    let (engine, opening) = open(dir.path());
    assert_eq!(opening.index, IndexWork::Rebuilt { because: Rebuild::OtherLedger });
    assert_eq!(dump(&engine), expected(&engine));
}

#[test]
fn bits_flipped_in_the_index_lose_no_row_unnoticed() {
    let dir = tempfile::tempdir().unwrap();
    filled(dir.path());
    let whole = fs::read(dir.path().join("index/sled/db")).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap();
    let mut noticed = 0;
    for n in 0..40 {
        let copied = tempfile::tempdir().unwrap();
        copy(dir.path(), copied.path());
        let mut changed = whole.clone();
        changed[(n * used) / 40] ^= 0x10;
        fs::write(copied.path().join("index/sled/db"), changed).unwrap();
        let (engine, opening) = open(copied.path());
        noticed += u32::from(opening.index != IndexWork::CaughtUp { entries: 0 });
        assert_eq!(dump(&engine), expected(&engine), "flip {n}: {:?}", opening.index);
    }
    assert!(noticed > 0);
}

#[test]
fn a_ledger_that_is_not_the_checkpoints_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let old = filled(dir.path());
    let yesterday = tempfile::tempdir().unwrap();
    copy(dir.path(), yesterday.path());
    let (engine, _) = open(dir.path());
    append(&engine, &[7, 8, 9]).unwrap();
    let new = head(&engine);
    drop(engine);

    let (engine, opening) = open_with(&options(dir.path()), Some(&claim(&old))).unwrap();
    assert_eq!(opening.standing, Standing::Grew { by: 3 });
    drop(engine);

    let refused = open_with(&options(yesterday.path()), Some(&claim(&new))).unwrap_err();
    assert_eq!(refused, OpenError::Witness(WitnessError::Shorter { ledger: 40, checkpoint: 43 }));
    assert!(refused.to_string().contains("entry 40"), "{refused}");

    let refused = open_with(&options(dir.path()), None).unwrap_err();
    assert_eq!(refused, OpenError::Witness(WitnessError::Missing { entries: 43 }));

    let other = tempfile::tempdir().unwrap();
    let (engine, _) = open(other.path());
    (0..43).for_each(|_| append(&engine, &[1]).unwrap());
    drop(engine);
    let refused = open_with(&options(other.path()), Some(&claim(&new))).unwrap_err();
    assert!(matches!(refused, OpenError::Witness(WitnessError::Root { size: 43, .. })), "{refused}");
}

#[test]
fn the_last_group_cut_off_behind_the_checkpoint_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let last = filled(dir.path());
    let ledger = dir.path().join("ledger");
    let mut segments: Vec<_> = fs::read_dir(&ledger).unwrap().map(|file| file.unwrap().path()).collect();
    segments.sort();
    let path = segments.last().unwrap();
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() - 1]).unwrap();
    // Even without a newer checkpoint: the index has seen these entries.
    for checkpoint in [claim(&last), claim(&Head::empty())] {
        match open_with(&options(dir.path()), Some(&checkpoint)).unwrap_err() {
            OpenError::Journal(JournalError::Damaged(damage)) => assert_eq!(damage.position, 40),
            other => panic!("{other}"),
        }
    }
    let aside = fs::read_dir(&ledger).unwrap().any(|file| file.unwrap().path().ends_with(".bin"));
    assert!(!aside && fs::metadata(path).unwrap().len() == u64::try_from(bytes.len() - 1).unwrap());
}

#[test]
fn a_store_is_checked_beside_who_has_it_open() {
    let dir = tempfile::tempdir().unwrap();
    let old = filled(dir.path());
    let (engine, _) = open(dir.path());
    append(&engine, &[7, 8, 9]).unwrap();
    let mut seen = 0;
    let mut visit = |stored: &StoredEntry| {
        assert_eq!(engine.read(stored.position).unwrap().unwrap(), *stored);
        seen += 1;
        ControlFlow::Continue(())
    };
    let checked = check(dir.path(), Some(&claim(&old)), &mut visit).unwrap();
    assert_eq!((checked.standing, checked.head), (Standing::Grew { by: 3 }, head(&engine)));
    assert_eq!((seen, checked.unfinished), (43, None));
    let newer = claim(&head(&engine));
    drop(engine);
    fs::remove_file(dir.path().join("ledger/00000000.seg")).unwrap();
    let refused = check(dir.path(), Some(&newer), &mut |_| ControlFlow::Continue(())).unwrap_err();
    assert!(
        refused.to_string().starts_with("ledger segment 00000000 is damaged at byte 0, entry 0:"),
        "{refused}"
    );
}

#[test]
fn scans_do_not_show_the_engines_own_rows() {
    let dir = tempfile::tempdir().unwrap();
    let (engine, _) = open(dir.path());
    append(&engine, &[1]).unwrap();
    assert!(engine.get(b"!applied").is_ok());
    assert!(dump(&engine).keys().all(|key| key[0] != b'!'));
}
