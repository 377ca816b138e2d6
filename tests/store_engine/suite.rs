//! The suite that every engine passes.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use elicense::store::{Direction, Engine, EngineError, Group, KeyRange, Next, Outcome, Row};

use crate::{append, dump, entry, expected, group, head, rows};

/// Runs the suite over engines that `fresh` makes, each empty.
pub(crate) fn all<E: Engine>(mut fresh: impl FnMut() -> E) {
    begins_empty(&fresh());
    keeps_entries_and_rows(&fresh());
    later_rows_replace_earlier_ones(&fresh());
    scans(&fresh());
    refuses_what_no_group_may_be(&fresh());
    tells_who_is_behind(&fresh());
    readers_beside_a_writer(&fresh());
    many_writers_take_turns(&fresh());
}

fn begins_empty(engine: &dyn Engine) {
    assert_eq!(head(engine).entries(), 0);
    assert_eq!(engine.read(0), Ok(None));
    assert_eq!(engine.read(u64::MAX), Ok(None));
    assert_eq!(engine.get(b"e"), Ok(None));
    assert!(dump(engine).is_empty());
}

fn keeps_entries_and_rows(engine: &dyn Engine) {
    let mut kept = Vec::new();
    for (n, count) in [1_u8, 3, 1, 7, 20].into_iter().enumerate() {
        let first = u8::try_from(n * 30).unwrap();
        let entries: Vec<_> = (0..count).map(|k| entry(first + k, usize::from(k) * 700)).collect();
        let group = group(engine, entries.clone());
        engine.append(&group).unwrap();
        assert_eq!(head(engine), *group.head());
        kept.extend(entries.into_iter().map(|entry| (entry, group.base().salt)));
    }
    for (position, (entry, salt)) in (0..).zip(&kept) {
        let stored = engine.read(position).unwrap().unwrap();
        assert_eq!((stored.position, &stored.entry, &stored.salt), (position, entry, salt));
    }
    assert_eq!(engine.read(32), Ok(None));
    assert_eq!(dump(engine), expected(engine));
}

fn later_rows_replace_earlier_ones(engine: &dyn Engine) {
    append(engine, &[1]).unwrap();
    append(engine, &[1, 1]).unwrap();
    assert_eq!(engine.get(&[b'k', 2]), Ok(Some(2_u64.to_be_bytes().to_vec())));
    let next = engine.next().unwrap();
    let row = |value: &[u8]| Row { key: b"twice".to_vec(), value: value.to_vec() };
    engine.append(&Group::new(next, vec![entry(9, 40)], vec![row(b"1"), row(b"")])).unwrap();
    assert_eq!(engine.get(b"twice"), Ok(Some(Vec::new())));
}

fn scans(engine: &dyn Engine) {
    append(engine, &[1, 2, 3, 4, 5]).unwrap();
    let keys = |range: &KeyRange, direction, limit| -> Vec<Vec<u8>> {
        engine.scan(range, direction, limit).unwrap().into_iter().map(|row| row.key).collect()
    };
    let key = |n: u64| [b"e", &n.to_be_bytes()[..]].concat();
    let prefix = KeyRange::prefix(b"e");
    assert_eq!(keys(&prefix, Direction::Forward, 9), [key(0), key(1), key(2), key(3), key(4)]);
    assert_eq!(keys(&prefix, Direction::Backward, 2), [key(4), key(3)]);
    assert_eq!(keys(&prefix.clone().after(&key(2)), Direction::Forward, 9), [key(3), key(4)]);
    assert_eq!(keys(&KeyRange { from: key(1), to: Some(key(3)) }, Direction::Forward, 9), [key(1), key(2)]);
    assert!(keys(&KeyRange { from: key(3), to: Some(key(1)) }, Direction::Forward, 9).is_empty());
    assert!(keys(&prefix, Direction::Forward, 0).is_empty());
    assert!(keys(&KeyRange::prefix(b"z"), Direction::Forward, 9).is_empty());
}

fn refuses_what_no_group_may_be(engine: &dyn Engine) {
    append(engine, &[1]).unwrap();
    let before = (head(engine), dump(engine));
    let next = || engine.next().unwrap();
    let refused = |group: Group| {
        let error = engine.append(&group).unwrap_err();
        assert_eq!(error.outcome(), Outcome::NotWritten);
        error
    };
    let one = || vec![entry(2, 40)];
    assert_eq!(refused(Group::new(next(), vec![], vec![])), EngineError::GroupCount { got: 0 });
    let many = vec![entry(2, 16); 257];
    assert_eq!(refused(Group::new(next(), many, vec![])), EngineError::GroupCount { got: 257 });
    let long = vec![entry(2, 4 * 1024 * 1024)];
    assert!(matches!(refused(Group::new(next(), long, vec![])), EngineError::GroupBytes { .. }));
    let wide = vec![entry(2, 3 * 1024 * 1024); 3];
    assert!(matches!(refused(Group::new(next(), wide, vec![])), EngineError::GroupBytes { .. }));
    for key in [&b""[..], b"!applied", b"A", b"\xff"] {
        let row = Row { key: key.to_vec(), value: vec![] };
        let group = Group::new(next(), one(), vec![Row { key: b"fine".to_vec(), value: vec![] }, row]);
        assert_eq!(refused(group), EngineError::ReservedKey { key: key.to_vec() });
    }
    let salted = Next { salt: [0xAA; 32], ..next() };
    assert_eq!(refused(Group::new(salted, one(), vec![])), EngineError::Behind { ledger: 1, group: 1 });
    assert_eq!((head(engine), dump(engine)), before, "nothing of a refused group is there");
}

fn tells_who_is_behind(engine: &dyn Engine) {
    let (first, second) = (group(engine, vec![entry(1, 40)]), group(engine, vec![entry(2, 40); 2]));
    engine.append(&first).unwrap();
    assert_eq!(engine.append(&second), Err(EngineError::Behind { ledger: 1, group: 0 }));
    assert_eq!(engine.append(&first), Err(EngineError::Behind { ledger: 1, group: 0 }));
    assert_eq!(head(engine), *first.head());
    assert_eq!(engine.read(1), Ok(None));
}

fn readers_beside_a_writer(engine: &dyn Engine) {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for seed in 0..60 {
                append(engine, &[seed, seed + 100]).unwrap();
            }
            done.store(true, Ordering::Release);
        });
        for _ in 0..2 {
            scope.spawn(|| {
                while !done.load(Ordering::Acquire) {
                    let entries = head(engine).entries();
                    for position in entries.saturating_sub(3)..entries {
                        let stored = engine.read(position).unwrap().unwrap();
                        assert_eq!(stored.position, position);
                    }
                    // Rows that are there belong to entries that are there.
                    let found = engine.scan(&KeyRange::prefix(b"e"), Direction::Backward, 1).unwrap();
                    if let Some(row) = found.first() {
                        let position = u64::from_be_bytes(row.key[1..].try_into().unwrap());
                        let stored = engine.read(position).unwrap().unwrap();
                        assert_eq!(rows(position, &stored.entry)[0], *row);
                    }
                }
            });
        }
    });
    assert_eq!(dump(engine), expected(engine));
}

fn many_writers_take_turns(engine: &dyn Engine) {
    thread::scope(|scope| {
        for writer in 0..4_u8 {
            scope.spawn(move || {
                for _ in 0..10 {
                    // As a node of several does: what is behind is built again.
                    while let Err(error) = append(engine, &[writer]) {
                        assert!(matches!(error, EngineError::Behind { .. }), "{error}");
                    }
                }
            });
        }
    });
    assert_eq!(head(engine).entries(), 40);
    assert_eq!(dump(engine), expected(engine));
}
