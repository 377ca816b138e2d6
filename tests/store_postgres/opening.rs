//! Migrating, opening, and ledgers that were edited behind our back.

use std::thread;

use elicense::crypto::SystemRandom;
use elicense::store::postgres::{DatabaseDamage, MigrateError, VersionError};
use elicense::store::{
    Engine as _, EngineError, Head, IndexWork, Migrated, OpenError, Standing, WitnessError, migrate,
};

use crate::postgres::Cluster;
use crate::{append, claim, dump, expected, fresh_store, head, open, open_with};

#[test]
fn migrating_again_and_by_many_at_once_is_safe() {
    let url = Cluster::shared().fresh_database().parse().unwrap();
    let migrated: Vec<Migrated> = thread::scope(|scope| {
        let all: Vec<_> = (0..6).map(|_| scope.spawn(|| migrate(&url, &SystemRandom).unwrap())).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(migrated.iter().all(|migrated| migrated.to == 1));
    assert!(migrated.iter().any(|migrated| migrated.from == 0));
    assert_eq!(migrate(&url, &SystemRandom), Ok(Migrated { from: 1, to: 1 }));
}

#[test]
fn tables_of_another_version_are_refused_and_say_what_to_do() {
    let cluster = Cluster::shared();
    let name = cluster.fresh_name();
    let url = cluster.url(&name);
    let refused = open_with(&url, None).unwrap_err();
    assert_eq!(refused, OpenError::Version(VersionError::Older { found: 0, needed: 1 }));
    assert!(refused.to_string().contains("`elicense store migrate`"), "{refused}");
    migrate(&url.parse().unwrap(), &SystemRandom).unwrap();
    cluster.sql(&name, "INSERT INTO elicense_version VALUES (7)");
    let newer = VersionError::Newer { found: 7, known: 1 };
    assert_eq!(open_with(&url, None).unwrap_err(), OpenError::Version(newer));
    assert_eq!(migrate(&url.parse().unwrap(), &SystemRandom), Err(MigrateError::Version(newer)));
}

#[test]
fn opening_again_finds_everything() {
    let url = fresh_store(Cluster::shared());
    assert_eq!(open_with(&url, None).unwrap().1.standing, Standing::New);
    let node = open(&url);
    for seed in 0..30 {
        append(&node, &[seed, seed + 1, seed + 2]).unwrap();
    }
    let (last, rows) = (head(&node), dump(&node));
    drop(node);
    let (node, opening) = open_with(&url, Some(&claim(&last))).unwrap();
    assert_eq!((opening.standing, opening.entries, opening.aside), (Standing::Equal, 90, None));
    assert_eq!(opening.index, IndexWork::InTransactions);
    assert_eq!((head(&node), dump(&node)), (last.clone(), rows));
    append(&node, &[99]).unwrap();
    assert_eq!(dump(&node), expected(&node));
    assert_eq!(open_with(&url, Some(&claim(&last))).unwrap().1.standing, Standing::Grew { by: 1 });
    assert!(matches!(
        open_with(&url, None).unwrap_err(),
        OpenError::Witness(WitnessError::Missing { entries: 91 })
    ));
}

/// Every page of a ledger of many pages is followed.
#[test]
fn a_long_ledger_opens_and_is_read_in_runs() {
    let url = fresh_store(Cluster::shared());
    let node = open(&url);
    for seed in 0..25_u8 {
        append(&node, &[seed; 200]).unwrap();
    }
    let last = head(&node);
    let node = open_with(&url, Some(&claim(&last))).unwrap().0;
    let mut position = 0;
    loop {
        let run = node.read_from(position, 1000).unwrap();
        if run.is_empty() {
            break;
        }
        for stored in run {
            assert_eq!(stored.position, position);
            position += 1;
        }
    }
    assert_eq!(position, 5000);
    assert_eq!(node.read_from(4998, 70).unwrap().len(), 2);
    assert_eq!(dump(&node).len(), 5007);
}

#[test]
fn an_edited_ledger_is_refused_and_the_entry_named() {
    let cluster = Cluster::shared();
    for (edit, position) in [
        ("UPDATE elicense_entry SET sealed = sealed || '\\x00' WHERE position = 7", 7),
        ("UPDATE elicense_entry SET record = sha256('x') WHERE position = 3", 3),
        ("UPDATE elicense_entry SET kind = 1 + kind WHERE position = 19", 19),
        ("UPDATE elicense_entry SET nonce = decode(repeat('00', 12), 'hex') WHERE position = 5", 5),
        ("UPDATE elicense_entry SET chain = sha256('x') WHERE position = 6", 6),
        ("UPDATE elicense_entry SET nonce = '\\x00' WHERE position = 4", 4),
        ("UPDATE elicense_entry SET kind = 300 WHERE position = 2", 2),
        ("DELETE FROM elicense_entry WHERE position = 11", 11),
        ("DELETE FROM elicense_entry WHERE position = 0", 0),
        ("DELETE FROM elicense_entry WHERE position >= 15", 15),
        ("UPDATE elicense_entry SET position = 1000 WHERE position = 12", 12),
        // The same edit twice: two entries change places.
        (
            "UPDATE elicense_entry SET position = -1 WHERE position = 8; \
             UPDATE elicense_entry SET position = 8 WHERE position = 9; \
             UPDATE elicense_entry SET position = 9 WHERE position = -1",
            8,
        ),
    ] {
        let name = cluster.fresh_name();
        let url = cluster.url(&name);
        migrate(&url.parse().unwrap(), &SystemRandom).unwrap();
        let node = open(&url);
        for seed in 0..10 {
            append(&node, &[seed, seed + 100]).unwrap();
        }
        drop(node);
        cluster.sql(&name, edit);
        let refused = open_with(&url, Some(&claim(&Head::empty()))).unwrap_err();
        assert!(refused.to_string().starts_with(&format!("entry {position} ")), "{edit}: {refused}");
    }
}

#[test]
fn a_ledger_whose_end_was_edited_is_refused() {
    let cluster = Cluster::shared();
    let name = cluster.fresh_name();
    let url = cluster.url(&name);
    migrate(&url.parse().unwrap(), &SystemRandom).unwrap();
    let node = open(&url);
    append(&node, &[1, 2]).unwrap();
    let old = cluster.sql(&name, "SELECT head FROM elicense_ledger");
    append(&node, &[3, 4]).unwrap();
    let last = head(&node);
    drop(node);

    // Everything cut off consistently: only the checkpoint tells.
    cluster.sql(&name, &format!("UPDATE elicense_ledger SET entries = 2, head = '{old}'"));
    let refused = open_with(&url, Some(&claim(&last))).unwrap_err();
    assert_eq!(refused, OpenError::Witness(WitnessError::Shorter { ledger: 2, checkpoint: 4 }));
    // Half of it.
    cluster.sql(&name, "UPDATE elicense_ledger SET entries = 4");
    let refused = open_with(&url, Some(&claim(&last))).unwrap_err();
    assert_eq!(refused, OpenError::Engine(EngineError::DatabaseLedger(DatabaseDamage::Ledger)));
    cluster.sql(&name, "DELETE FROM elicense_ledger");
    let refused = open_with(&url, Some(&claim(&last))).unwrap_err();
    assert_eq!(refused, OpenError::Engine(EngineError::DatabaseLedger(DatabaseDamage::Ledger)));
}

#[test]
fn another_ledger_is_not_taken_for_the_checkpoints() {
    let (one, other) = (fresh_store(Cluster::shared()), fresh_store(Cluster::shared()));
    let (first, second) = (open(&one), open(&other));
    append(&first, &[1, 2, 3]).unwrap();
    append(&second, &[1, 2, 4]).unwrap();
    let refused = open_with(&other, Some(&claim(&head(&first)))).unwrap_err();
    assert!(matches!(refused, OpenError::Witness(WitnessError::Root { size: 3, .. })), "{refused}");
}
