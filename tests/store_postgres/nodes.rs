//! Several nodes over one database, and one that is called from tasks.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use elicense::store::{Engine, Group, Head, Outcome, Sharing};

use crate::appends::{conflict, issue, plain_at, position_of, start};
use crate::postgres::Cluster;
use crate::{append, claim, dump, entry, expected, fresh_store, group, head, open, open_with};

#[test]
fn two_nodes_end_in_one_ledger_without_gaps_or_forks() {
    let url = fresh_store(Cluster::shared());
    let engines: [Arc<dyn Engine>; 2] = [Arc::new(open(&url)), Arc::new(open(&url))];
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let nodes = [0, 1].map(|node| start(Arc::clone(&engines[node]), dirs[node].path()).0);
    thread::scope(|scope| {
        for client in 0..8_usize {
            let (node, other) = (&nodes[client % 2], &engines[(client + 1) % 2]);
            scope.spawn(move || {
                for n in 0..50 {
                    let name = format!("{}", n + client * 25); // every name twice, half of them on another node
                    match node.append_blocking(issue(&name)) {
                        // What one node has acknowledged, the other reads at once.
                        Ok(at) => {
                            assert_eq!(position_of(&**other, &name), Some(at));
                            assert_eq!(plain_at(&**other, at), name.as_bytes());
                        }
                        Err(error) => assert_eq!(error, conflict(&name)),
                    }
                }
            });
        }
    });
    assert_eq!(head(&*engines[0]), head(&*engines[1]));
    let last = head(&*engines[0]);
    assert_eq!(last.entries(), 225);
    drop((nodes, engines));
    // Follows every entry, and the chain from one to the next.
    open_with(&url, Some(&claim(&last))).unwrap();
}

#[test]
fn a_group_on_what_another_node_has_replaced_is_behind() {
    let url = fresh_store(Cluster::shared());
    let (one, other) = (open(&url), open(&url));
    let old = group(&one, vec![entry(1, 40)]);
    append(&other, &[2, 3]).unwrap();
    let refused = one.append(&old).unwrap_err();
    assert_eq!(refused.outcome(), Outcome::NotWritten);
    assert!(refused.to_string().contains("ledger of 0 entries, the ledger has 2"), "{refused}");
    append(&one, &[4]).unwrap();
    assert_eq!(dump(&other), expected(&one));
}

#[test]
fn while_one_has_its_turn_the_other_waits() {
    let url = fresh_store(Cluster::shared());
    let (one, other) = (open(&url), open(&url));
    let next = one.turn().unwrap();
    thread::scope(|scope| {
        let waiting = scope.spawn(|| other.turn().unwrap());
        let group = Group::new(next, vec![entry(1, 40)], vec![]);
        one.append(&group).unwrap();
        assert_eq!(waiting.join().unwrap().head, *group.head());
    });
    other.pass();
    assert_eq!(one.turn().unwrap().head.entries(), 1);
    one.pass();
    append(&other, &[2]).unwrap();
}

#[test]
fn many_turns_without_groups_leave_nothing() {
    let url = fresh_store(Cluster::shared());
    let (one, other) = (open(&url), open(&url));
    for _ in 0..20 {
        one.turn().unwrap();
        one.turn().unwrap();
        one.pass();
        one.pass();
        other.turn().unwrap();
        other.pass();
    }
    assert_eq!(head(&one), Head::empty());
}

#[test]
fn a_node_far_behind_follows_before_it_takes_its_turn() {
    let url = fresh_store(Cluster::shared());
    let (one, other) = (open(&url), open(&url));
    for seed in 0..15 {
        append(&other, &[seed; 200]).unwrap();
    }
    append(&one, &[1]).unwrap();
    assert_eq!(head(&other).entries(), 3001);
}

#[test]
fn a_copy_keeps_the_originals_salt() {
    let url = fresh_store(Cluster::shared());
    let node = open(&url);
    append(&node, &[1]).unwrap();
    node.use_salt([7; 32]).unwrap();
    append(&node, &[2]).unwrap();
    assert_eq!(node.next().unwrap().salt, [7; 32]);
    assert_ne!(node.read(0).unwrap().unwrap().salt, [7; 32]);
    assert_eq!(node.read(1).unwrap().unwrap().salt, [7; 32]);
    drop(node);
    assert_eq!(open(&url).next().unwrap().salt, [7; 32]);
}

#[test]
fn values_come_in_the_order_of_their_keys() {
    let url = fresh_store(Cluster::shared());
    let node = open(&url);
    append(&node, &[1, 2]).unwrap();
    let key = |n: u64| [b"e", &n.to_be_bytes()[..]].concat();
    let keys = [key(1), key(9), key(0), key(1)];
    let keys: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    let values = node.get_many(&keys).unwrap();
    let value = |n: usize| Some(entry(u8::try_from(n).unwrap(), 40).record.as_bytes().to_vec());
    assert_eq!(values, [value(2), None, value(1), value(2)]);
    assert_eq!(node.get_many(&[]).unwrap(), Vec::<Option<Vec<u8>>>::new());
}

#[test]
fn large_groups_go_through() {
    let url = fresh_store(Cluster::shared());
    let node = open(&url);
    let large = 4 * 1024 * 1024 - 54;
    node.append(&group(&node, vec![entry(1, large)])).unwrap();
    node.append(&group(&node, vec![entry(2, large), entry(3, large)])).unwrap();
    let mut position = 0;
    while position < 3 {
        let run = node.read_from(position, 100).unwrap();
        assert!(!run.is_empty());
        assert!(run.iter().all(|stored| stored.entry.sealed.len() == large));
        position += u64::try_from(run.len()).unwrap();
    }
    let last = head(&node);
    drop(node);
    open_with(&url, Some(&claim(&last))).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn tasks_of_many_threads_call_it_and_drop_it() {
    let url = fresh_store(Cluster::shared());
    let node = tokio::spawn(async move {
        let node = open(&url);
        append(&node, &[1, 2, 3]).unwrap();
        node
    });
    let node = Arc::new(node.await.unwrap());
    let reads = (0..64).map(|_| {
        let node = Arc::clone(&node);
        tokio::spawn(async move { node.read(2).unwrap().unwrap().position })
    });
    for read in reads.collect::<Vec<_>>() {
        assert_eq!(read.await.unwrap(), 2);
    }
    drop(node);
}

#[tokio::test]
async fn tasks_of_one_thread_call_it_and_drop_it() {
    let node = open(&fresh_store(Cluster::shared()));
    append(&node, &[1, 2, 3]).unwrap();
    assert_eq!(node.read(2).unwrap().unwrap().position, 2);
}

#[test]
fn a_replica_reads_and_takes_nothing() {
    let mut cluster = Cluster::start(&[]);
    let url = fresh_store(&cluster);
    let node = open(&url);
    append(&node, &[1, 2, 3]).unwrap();
    assert_eq!(node.sharing(), Sharing::Shared);
    let last = head(&node);
    drop(node);
    cluster.restart_as_replica();
    let (replica, opening) = open_with(&url, Some(&claim(&last))).unwrap();
    assert_eq!((replica.sharing(), opening.entries), (Sharing::Replica, 3));
    assert_eq!(dump(&replica), expected(&replica));
    for refused in [
        append(&replica, &[4]).unwrap_err(),
        replica.turn().unwrap_err(),
        replica.use_salt([0; 32]).unwrap_err(),
    ] {
        assert_eq!(refused.to_string(), "a replica of the database takes no entries");
        assert_eq!(refused.outcome(), Outcome::NotWritten);
    }
    // Promoted, it takes entries: the node notices by itself.
    cluster.sql("postgres", "SELECT pg_promote()");
    while replica.sharing() == Sharing::Replica {
        thread::sleep(Duration::from_millis(20));
    }
    append(&replica, &[4]).unwrap();
}

#[test]
fn nodes_say_that_they_are_there() {
    let url = fresh_store(Cluster::shared());
    let node = open(&url);
    while node.newest_beat_age().unwrap().is_none() {
        thread::sleep(Duration::from_millis(20));
    }
    assert!(node.newest_beat_age().unwrap().unwrap() < Duration::from_secs(3600));
    assert!(node.is_connected());
}
