//! A database that is slow, full, in the way, silent, or not what it was.

use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use elicense::crypto::SystemRandom;
use elicense::store::postgres::{DatabaseCause, DatabaseDamage};
use elicense::store::{Engine as _, EngineError, Group, Moved, OpenError, Outcome, migrate};

use crate::postgres::Cluster;
use crate::{append, append_in_turn, claim, dump, entry, expected, group, head, open, open_with, rows};

fn store(cluster: &Cluster) -> (String, String) {
    let name = cluster.fresh_name();
    let url = cluster.url(&name);
    migrate(&url.parse().unwrap(), &SystemRandom).unwrap();
    (name, url)
}

/// A session of another program, which does `sql`; ended when dropped.
struct Other(Child);

impl Other {
    fn start(cluster: &Cluster, database: &str, sql: &str) -> Self {
        Self(cluster.psql(database).args(["-c", sql]).stdout(Stdio::null()).spawn().unwrap())
    }
}

impl Drop for Other {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn until(cluster: &Cluster, sql: &str) {
    while cluster.sql("postgres", sql) != "t" {
        thread::sleep(Duration::from_millis(20));
    }
}

fn sqlstate(error: &EngineError) -> &str {
    match error {
        EngineError::Database(failure) => match &failure.cause {
            DatabaseCause::Refused(state) => state.as_str(),
            other => panic!("{other}"),
        },
        other => panic!("{other}"),
    }
}

#[test]
fn a_turn_that_never_comes_is_given_up() {
    let cluster = Cluster::shared();
    let (name, url) = store(cluster);
    let node = open(&url);
    append(&node, &[1]).unwrap();
    let hold = "BEGIN; SELECT 1 FROM elicense_ledger FOR UPDATE; SELECT pg_sleep(30)";
    let other = Other::start(cluster, &name, hold);
    until(
        cluster,
        &format!(
            "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = '{name}' AND wait_event = 'PgSleep'"
        ),
    );
    let group = group(&node, vec![entry(2, 40)]);
    for error in [node.turn().unwrap_err(), node.append(&group).unwrap_err()] {
        assert_eq!((sqlstate(&error), error.outcome()), ("55P03", Outcome::NotWritten));
    }
    // Reading goes on meanwhile, and the node is not called disconnected.
    assert_eq!(head(&node).entries(), 1);
    assert!(node.is_connected());
    cluster.sql("postgres", &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}' AND wait_event = 'PgSleep'"));
    drop(other);
    node.append(&group).unwrap();
}

#[test]
fn who_takes_too_long_loses_its_turn() {
    let url = store(Cluster::shared()).1;
    let (slow, other) = (open(&url), open(&url));
    let next = slow.turn().unwrap();
    // Waits until the server has ended the slow one's transaction.
    append(&other, &[1]).unwrap();
    let error = slow.append(&Group::new(next, vec![entry(2, 40)], vec![])).unwrap_err();
    assert_eq!(error.outcome(), Outcome::NotWritten, "{error}");
    append(&slow, &[3]).unwrap();
    assert_eq!(dump(&other), expected(&slow));
}

/// Raises `code` for the first two entries that come, as PostgreSQL does where transactions are in each other's way.
fn raise_twice(cluster: &Cluster, name: &str, code: &str) {
    cluster.sql(
        name,
        &format!(
            "CREATE SEQUENCE tries; GRANT USAGE ON SEQUENCE tries TO elicense; \
             CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             IF nextval('tries') <= 2 THEN RAISE EXCEPTION 'no' USING ERRCODE = '{code}'; END IF; \
             RETURN NULL; END $$; \
             CREATE TRIGGER fail AFTER INSERT ON elicense_entry FOR EACH STATEMENT EXECUTE FUNCTION fail()"
        ),
    );
}

#[test]
fn transactions_in_the_way_are_tried_again() {
    let cluster = Cluster::shared();
    for code in ["40001", "40P01"] {
        let (name, url) = store(cluster);
        let node = open(&url);
        append(&node, &[1]).unwrap();
        raise_twice(cluster, &name, code);
        append(&node, &[2, 3]).unwrap();
        assert_eq!(cluster.sql(&name, "SELECT last_value FROM tries"), "3");
        assert_eq!(head(&node).entries(), 3);
        assert_eq!(dump(&node), expected(&node));
    }
}

#[test]
fn a_statement_that_fails_writes_nothing() {
    let cluster = Cluster::shared();
    for table in ["elicense_entry", "elicense_row", "elicense_ledger"] {
        let (name, url) = store(cluster);
        let node = open(&url);
        append(&node, &[1]).unwrap();
        let before = (head(&node), dump(&node));
        cluster.sql(
            &name,
            &format!(
                "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'no'; END $$; \
                 CREATE TRIGGER fail BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION fail()"
            ),
        );
        let error = append(&node, &[2, 3]).unwrap_err();
        assert_eq!((sqlstate(&error), error.outcome()), ("P0001", Outcome::NotWritten), "{table}");
        assert_eq!((head(&node), dump(&node)), before);
        cluster.sql(&name, "DROP FUNCTION fail CASCADE");
        append(&node, &[2, 3]).unwrap();
        assert_eq!(dump(&node), expected(&node));
    }
}

#[test]
fn a_deadlock_with_another_program_is_survived() {
    let cluster = Cluster::shared();
    let (name, url) = store(cluster);
    let node = open(&url);
    append(&node, &[1]).unwrap();
    // Rows of entries of one kind share a key: this one the next entry writes again.
    let hold = "BEGIN; SELECT 1 FROM elicense_row FOR UPDATE; SELECT pg_sleep(1); \
         SELECT 1 FROM elicense_ledger FOR UPDATE; COMMIT";
    let other = Other::start(cluster, &name, hold);
    until(
        cluster,
        &format!(
            "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname = '{name}' AND wait_event = 'PgSleep'"
        ),
    );
    append(&node, &[1]).unwrap();
    drop(other);
    assert_eq!(dump(&node), expected(&node));
}

#[test]
fn an_entry_of_somebody_without_a_turn_is_in_the_way() {
    let cluster = Cluster::shared();
    let (name, url) = store(cluster);
    let node = open(&url);
    append(&node, &[1]).unwrap();
    cluster.sql(
        &name,
        "INSERT INTO elicense_entry SELECT 1, salt, kind, record, nonce, sealed, chain FROM elicense_entry",
    );
    let error = append(&node, &[2]).unwrap_err();
    assert!(matches!(error, EngineError::Behind { group: 1, .. }), "{error}");
    assert_eq!(head(&node).entries(), 1);
    cluster.sql(&name, "DELETE FROM elicense_entry WHERE position = 1");
    append(&node, &[2]).unwrap();
}

#[test]
fn connections_used_up() {
    let cluster = Cluster::start(&["max_connections=12", "superuser_reserved_connections=3"]);
    let (name, url) = store(&cluster);
    let node = open(&url);
    append(&node, &[1]).unwrap();
    until(&cluster, "SELECT count(*) = 4 FROM pg_stat_activity WHERE application_name = 'elicense'");
    let mut others = Vec::new();
    let used = "SELECT count(*) >= 10 FROM pg_stat_activity WHERE backend_type = 'client backend'";
    while cluster.sql("postgres", used) != "t" {
        others.push(Other::start(&cluster, &name, "SELECT pg_sleep(600)"));
        thread::sleep(Duration::from_millis(50));
    }
    // A node that has its connections goes on; another one is told why it does not open.
    append(&node, &[2]).unwrap();
    match open_with(&url, None).unwrap_err() {
        OpenError::Database(failure) => assert!(failure.to_string().contains("53300"), "{failure}"),
        other => panic!("{other}"),
    }
    drop(others);
    // Having lost them, it gets none.
    cluster.sql("postgres", "ALTER ROLE elicense CONNECTION LIMIT 0");
    let ours = "FROM pg_stat_activity WHERE application_name = 'elicense'";
    cluster.sql("postgres", &format!("SELECT pg_terminate_backend(pid, 10000) {ours}"));
    let error = append_in_turn(&node, &[3]).unwrap_err();
    assert_eq!((sqlstate(&error), error.outcome()), ("53300", Outcome::NotWritten));
    assert_eq!(sqlstate(&node.read(0).unwrap_err()), "53300");
    assert!(!node.is_connected());
    cluster.sql("postgres", "ALTER ROLE elicense CONNECTION LIMIT -1");
    while append_in_turn(&node, &[3]).is_err() {
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(dump(&node), expected(&node));
}

#[test]
fn a_server_that_says_nothing_is_given_up_and_found_again() {
    let cluster = Cluster::start(&[]);
    let (_, url) = store(&cluster);
    let node = open(&url);
    append(&node, &[1]).unwrap();
    until(&cluster, "SELECT count(*) = 4 FROM pg_stat_activity WHERE application_name = 'elicense'");
    let sessions =
        cluster.sql("postgres", "SELECT pid FROM pg_stat_activity WHERE application_name = 'elicense'");
    let signal = |signal: &str| {
        let sent = Command::new("kill").arg(signal).args(sessions.lines()).status().unwrap();
        assert!(sent.success());
    };
    signal("-STOP");
    let error = node.read(0).unwrap_err();
    assert!(matches!(error, EngineError::Database(failure) if failure.is_lost()), "{error}");
    // The server itself answers: new connections take the place of those that say nothing.
    while node.read(0).is_err() {}
    while append_in_turn(&node, &[2]).is_err() {}
    signal("-CONT");
    assert_eq!(head(&node).entries(), 2);
    assert_eq!(dump(&node), expected(&node));
}

#[test]
fn a_store_that_was_moved_takes_nothing() {
    let url = store(Cluster::shared()).1;
    let (node, other) = (open(&url), open(&url));
    append(&node, &[1]).unwrap();
    assert_eq!(node.moved(), Ok(Moved::Here));
    node.set_moved(Moved::Elsewhere).unwrap();
    assert_eq!(other.moved(), Ok(Moved::Elsewhere));
    assert_eq!(append(&node, &[2]), Err(EngineError::Moved));
    assert_eq!(other.turn(), Err(EngineError::Moved));
    // What nodes have is not all that there is any more: none opens, and none takes what it would read for the rest.
    let refused = open_with(&url, Some(&claim(&head(&node)))).unwrap_err();
    assert_eq!(refused, OpenError::Engine(EngineError::Moved));
    assert_eq!(other.read_from(0, 10), Err(EngineError::Moved));
    other.set_moved(Moved::Here).unwrap();
    append(&node, &[2]).unwrap();
}

#[test]
fn a_ledger_that_went_back_is_never_appended_to() {
    let cluster = Cluster::shared();
    let (name, url) = store(cluster);
    let node = open(&url);
    append(&node, &[1, 2]).unwrap();
    let save = |table: &str| format!("CREATE TABLE old_{table} AS SELECT * FROM {table};");
    cluster.sql(&name, &(save("elicense_ledger") + &save("elicense_entry")));
    append(&node, &[3]).unwrap();
    let last = head(&node);
    let newest = cluster.sql(&name, "SELECT head FROM elicense_ledger");

    // As from a backup, or a standby that had not got the last group.
    cluster.sql(
        &name,
        "DELETE FROM elicense_entry WHERE position = 2; UPDATE elicense_ledger SET entries = 2, \
         head = (SELECT head FROM old_elicense_ledger)",
    );
    let error = node.next().unwrap_err();
    let EngineError::DatabaseLedger(DatabaseDamage::Another { seen, found, .. }) = &error else {
        panic!("{error}")
    };
    assert_eq!((*seen, *found), (3, 2));
    assert_eq!(node.turn(), Err(error.clone()));
    // Even if it comes again: what happened is for people to look at.
    cluster.sql(&name, &format!("UPDATE elicense_ledger SET entries = 3, head = '{newest}'"));
    let group = Group::new(open_head(&last, &node), vec![entry(4, 40)], vec![]);
    assert_eq!(node.append(&group), Err(error));
}

fn open_head(head: &elicense::store::Head, node: &elicense::store::PostgresEngine) -> elicense::store::Next {
    elicense::store::Next { head: head.clone(), salt: node.read(0).unwrap().unwrap().salt }
}

#[test]
fn an_entry_of_another_node_that_was_edited_is_not_built_upon() {
    let cluster = Cluster::shared();
    let (name, url) = store(cluster);
    let (node, other) = (open(&url), open(&url));
    append(&node, &[1]).unwrap();
    append(&other, &[2, 3, 4]).unwrap();
    cluster.sql(&name, "UPDATE elicense_entry SET sealed = sealed || '\\x00' WHERE position = 2");
    let error = node.turn().unwrap_err();
    assert!(
        matches!(error, EngineError::DatabaseLedger(DatabaseDamage::Changed { position: 2, .. })),
        "{error}"
    );
    cluster.sql(&name, "DELETE FROM elicense_entry WHERE position = 1");
    let error = node.turn().unwrap_err();
    assert!(
        matches!(error, EngineError::DatabaseLedger(DatabaseDamage::Missing { position: 1, .. })),
        "{error}"
    );
}

/// A row that is too long for one statement of the server is told, and nothing of it stays.
#[test]
fn rows_of_every_length_and_byte() {
    let url = store(Cluster::shared()).1;
    let node = open(&url);
    let next = node.next().unwrap();
    let entry = entry(1, 40);
    let mut all = rows(0, &entry);
    all.extend((0..=255_u8).map(|byte| elicense::store::Row {
        key: vec![b'z', byte, 0, byte],
        value: vec![byte; usize::from(byte) * 16],
    }));
    node.append(&Group::new(next, vec![entry], all.clone())).unwrap();
    for row in all {
        assert_eq!(node.get(&row.key).unwrap(), Some(row.value));
    }
    assert_eq!(dump(&node).len(), 258);
}
