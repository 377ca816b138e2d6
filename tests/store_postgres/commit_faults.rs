//! What becomes of a commit on its way: cancelled, broken off, late, and the machine gone.

use std::thread;
use std::time::Duration;

use elicense::store::postgres::{DatabaseAct, DatabaseCause, DatabaseFailure};
use elicense::store::{Engine as _, EngineError, Outcome, migrate};

use elicense::crypto::SystemRandom;

use crate::postgres::Cluster;
use crate::{append, append_in_turn, claim, dump, expected, head, open, open_with};

/// Sessions of nodes.
const NODES: &str = "FROM pg_stat_activity WHERE application_name = 'elicense'";
/// At the commit, not before: the constraint is checked then.
const SLEEP_AT_COMMIT: &str = "CREATE FUNCTION sleep() RETURNS trigger LANGUAGE plpgsql AS \
     'BEGIN PERFORM pg_sleep(60); RETURN NULL; END'; \
     CREATE CONSTRAINT TRIGGER sleep AFTER INSERT ON elicense_entry \
     DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION sleep()";

fn store(cluster: &Cluster) -> (String, String) {
    let name = cluster.fresh_name();
    let url = cluster.url(&name);
    migrate(&url.parse().unwrap(), &SystemRandom).unwrap();
    (name, url)
}

fn until(cluster: &Cluster, sql: &str) {
    while cluster.sql("postgres", sql) != "t" {
        thread::sleep(Duration::from_millis(20));
    }
}

/// Commits wait for a standby, which there is not.
fn wait_for_standby(cluster: &Cluster, standby: &str) {
    cluster.sql("postgres", &format!("ALTER SYSTEM SET synchronous_standby_names = '{standby}'"));
    cluster.sql("postgres", "SELECT pg_reload_conf()");
    until(cluster, &format!("SELECT current_setting('synchronous_standby_names') = '{standby}'"));
    thread::sleep(Duration::from_millis(200)); // sessions that run take the setting over between statements
}

/// A commit that is taken out of its wait for the standby was made, and may be lost with the machine.
#[test]
fn a_commit_without_its_standby_is_never_acknowledged() {
    let cluster = Cluster::start(&[]);
    let (_, url) = store(&cluster);
    let node = open(&url);
    append(&node, &[1]).unwrap();
    for (n, stop) in (0..).zip(["pg_cancel_backend", "pg_terminate_backend"]) {
        wait_for_standby(&cluster, "nobody");
        let answer = thread::scope(|scope| {
            let appending = scope.spawn(|| append(&node, &[2]));
            until(&cluster, &format!("SELECT count(*) = 1 {NODES} AND wait_event = 'SyncRep'"));
            cluster.sql("postgres", &format!("SELECT {stop}(pid) {NODES} AND wait_event = 'SyncRep'"));
            appending.join().unwrap()
        });
        let error = answer.unwrap_err();
        assert_eq!(error.outcome(), Outcome::Unknown, "{stop}: {error}");
        if n == 0 {
            let warned = DatabaseFailure { act: DatabaseAct::Commit, cause: DatabaseCause::Warned };
            assert_eq!(error, EngineError::CommitUnknown(warned));
        }
        wait_for_standby(&cluster, "");
        // It is there after all: the next turn finds it and goes on from it.
        append(&node, &[3]).unwrap();
        assert_eq!(head(&node).entries(), 3 + n * 2);
    }
    let last = head(&node);
    drop(node);
    open_with(&url, Some(&claim(&last))).unwrap();
}

#[test]
fn a_commit_that_takes_too_long_is_unknown_and_the_next_turn_waits_for_it() {
    let cluster = Cluster::start(&[]);
    let (_, url) = store(&cluster);
    let node = open(&url);
    append(&node, &[1]).unwrap();
    wait_for_standby(&cluster, "nobody");
    let error = append(&node, &[2]).unwrap_err();
    let late = DatabaseFailure { act: DatabaseAct::Commit, cause: DatabaseCause::Late };
    assert_eq!(error, EngineError::CommitUnknown(late));
    // The lost transaction still holds the turn: nothing is appended, and nobody is told otherwise.
    let error = node.turn().unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotWritten, "{error}");
    assert_eq!(head(&node).entries(), 1);
    wait_for_standby(&cluster, "");
    until(&cluster, &format!("SELECT count(*) = 0 {NODES} AND wait_event = 'SyncRep'"));
    append(&node, &[3]).unwrap();
    assert_eq!(head(&node).entries(), 3);
    assert_eq!(dump(&node), expected(&node));
}

#[test]
fn a_commit_that_is_broken_off_is_unknown_and_there_whole_or_not_at_all() {
    let cluster = Cluster::shared();
    let (name, url) = store(cluster);
    let node = open(&url);
    append(&node, &[1]).unwrap();
    cluster.sql(&name, SLEEP_AT_COMMIT);
    let here = format!("{NODES} AND datname = '{name}' AND wait_event = 'PgSleep'");
    let error = thread::scope(|scope| {
        let appending = scope.spawn(|| append(&node, &[2, 3]));
        until(cluster, &format!("SELECT count(*) = 1 {here}"));
        cluster.sql("postgres", &format!("SELECT pg_terminate_backend(pid) {here}"));
        appending.join().unwrap().unwrap_err()
    });
    assert_eq!(error.outcome(), Outcome::Unknown, "{error}");
    cluster.sql(&name, "DROP FUNCTION sleep CASCADE");
    append(&node, &[4]).unwrap();
    assert_eq!(head(&node).entries(), 2);
    assert_eq!(dump(&node), expected(&node));
}

#[test]
fn the_server_killed_in_the_middle_of_commits() {
    let mut cluster = Cluster::start(&[]);
    let (_, url) = store(&cluster);
    let node = open(&url);
    let mut acknowledged = 0;
    let mut unknown = 0;
    for round in 0..3 {
        thread::scope(|scope| {
            let node = &node;
            let appending = scope.spawn(move || {
                let (mut acknowledged, mut unknown) = (0, 0);
                loop {
                    match append_in_turn(node, &[round]) {
                        Ok(()) => acknowledged += 1,
                        Err(error) => {
                            unknown += u64::from(error.outcome() == Outcome::Unknown);
                            return (acknowledged, unknown);
                        }
                    }
                }
            });
            thread::sleep(Duration::from_millis(300));
            cluster.kill();
            let (more, lost) = appending.join().unwrap();
            (acknowledged, unknown) = (acknowledged + more, unknown + lost);
        });
        assert!(append_in_turn(&node, &[9]).is_err_and(|error| error.outcome() == Outcome::NotWritten));
        assert!(!node.is_connected());
        cluster.boot();
        append(&node, &[round]).unwrap();
        acknowledged += 1;
        assert!(node.is_connected());
    }
    let last = head(&node);
    let there = acknowledged..=acknowledged + unknown;
    assert!(there.contains(&last.entries()), "{} entries, expected {there:?}", last.entries());
    assert_eq!(dump(&node), expected(&node));
    drop(node);
    open_with(&url, Some(&claim(&last))).unwrap();
}

#[test]
fn a_user_whose_commits_do_not_wait_for_the_disk_waits_here() {
    let cluster = Cluster::shared();
    let (name, url) = store(cluster);
    cluster.sql(&name, &format!("ALTER DATABASE {name} SET synchronous_commit = off"));
    cluster.sql(
        &name,
        "CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
         IF current_setting('synchronous_commit') = 'off' THEN RAISE EXCEPTION 'off'; END IF; \
         RETURN NULL; END $$; \
         CREATE TRIGGER look AFTER INSERT ON elicense_entry FOR EACH STATEMENT EXECUTE FUNCTION look()",
    );
    append(&open(&url), &[1]).unwrap();
}
