//! Group commit above the engines, and what it makes of engines that fail.

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use elicense::crypto::Digest;
use elicense::store::{
    Admission, Append, AppendError, Appended, Engine, EngineError, Fault, FaultyEngine, Guard, MemoryEngine,
    Outcome, PlainEntry, read_checkpoint,
};

use crate::appends::{conflict, issue, plain_at, position_of, start};
use crate::{head, open};

#[test]
fn what_was_answered_is_readable_and_sealed() {
    let dir = tempfile::tempdir().unwrap();
    let engine: Arc<dyn Engine> = Arc::new(open(dir.path()).0);
    let (committer, verifier) = start(Arc::clone(&engine), dir.path());
    for (n, name) in (0..).zip(["first", "second", "third"]) {
        assert_eq!(committer.append_blocking(issue(name)), Ok(n));
        assert_eq!(position_of(&*engine, name), Some(n));
        assert_eq!(plain_at(&*engine, n), name.as_bytes());
    }
    assert_eq!(committer.append_blocking(issue("second")), Err(conflict("second")));
    committer.close().unwrap();
    let checkpoint = read_checkpoint(&dir.path().join("checkpoint"), &verifier).unwrap().unwrap();
    assert_eq!((checkpoint.size, checkpoint.root), (3, head(&*engine).root()));
}

#[test]
fn appends_that_come_together_share_a_sync() {
    let dir = tempfile::tempdir().unwrap();
    let faulty = Arc::new(FaultyEngine::new(MemoryEngine::new([1; 32])));
    (0..400).for_each(|n| faulty.fail(n, Fault::Slow(Duration::from_millis(2))));
    let (committer, _) = start(faulty.clone(), dir.path());
    let mut positions: Vec<u64> = thread::scope(|scope| {
        let clients: Vec<_> = (0..16)
            .map(|client| {
                let committer = &committer;
                scope.spawn(move || {
                    let issue = |n| committer.append_blocking(issue(&format!("{client} {n}"))).unwrap();
                    (0..20).map(issue).collect::<Vec<u64>>()
                })
            })
            .collect();
        clients.into_iter().flat_map(|client| client.join().unwrap()).collect()
    });
    positions.sort_unstable();
    assert_eq!(positions, (0..320).collect::<Vec<u64>>());
    assert!(faulty.appends() < 160, "{} groups for 320 appends", faulty.appends());
}

#[test]
fn one_of_many_who_want_the_same_gets_it() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Arc::new(FaultyEngine::new(MemoryEngine::new([1; 32])));
    engine.fail(0, Fault::Slow(Duration::from_millis(50)));
    let (committer, _) = start(engine.clone(), dir.path());
    let answers: Vec<_> = thread::scope(|scope| {
        let clients: Vec<_> =
            (0..12).map(|_| scope.spawn(|| committer.append_blocking(issue("the number")))).collect();
        clients.into_iter().map(|client| client.join().unwrap()).collect()
    });
    assert_eq!(answers.iter().filter(|answer| **answer == Ok(0)).count(), 1);
    assert_eq!(answers.iter().filter(|answer| **answer == Err(conflict("the number"))).count(), 11);
}

#[test]
fn a_guard_may_ask_for_a_value() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Arc::new(MemoryEngine::new([1; 32]));
    let (committer, _) = start(engine.clone(), dir.path());
    let change = |from: Option<u64>| Append {
        conditions: Guard { key: b"nx".to_vec(), expected: from.map(|at| at.to_be_bytes().to_vec()) }.into(),
        ..issue("x")
    };
    assert_eq!(committer.append_blocking(change(Some(0))), Err(conflict("x")));
    assert_eq!(committer.append_blocking(change(None)), Ok(0));
    assert_eq!(committer.append_blocking(change(Some(0))), Ok(1));
    assert_eq!(committer.append_blocking(change(Some(0))), Err(conflict("x")));
    assert_eq!(position_of(&*engine, "x"), Some(1));
}

/// Says whether an append is admitted, and remembers what it was told became of it.
struct Gate {
    opens: bool,
    told: Arc<Mutex<Vec<Appended>>>,
}

impl Admission for Gate {
    fn admits(&self) -> bool {
        self.opens
    }

    fn settle(&self, appended: &Appended) {
        self.told.lock().unwrap().push(appended.clone());
    }
}

#[tokio::test]
async fn an_append_may_have_to_be_admitted_and_whoever_admits_it_is_told_what_became_of_it() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Arc::new(MemoryEngine::new([1; 32]));
    let (committer, _) = start(engine.clone(), dir.path());
    let told = Arc::new(Mutex::new(Vec::new()));
    let gated = |name: &str, opens| {
        let mut append = issue(name);
        append.conditions.admission = Some(Box::new(Gate { opens, told: Arc::clone(&told) }));
        append
    };
    assert_eq!(committer.append(gated("a", false)).await, Err(AppendError::NotAdmitted));
    assert_eq!(AppendError::NotAdmitted.outcome(), Outcome::NotWritten);
    assert_eq!(position_of(&*engine, "a"), None);
    assert_eq!(committer.append(gated("a", true)).await, Ok(0));
    assert_eq!(committer.append(gated("a", false)).await, Err(conflict("a")), "guards come first");
    // Nobody waits for this one.
    let _ = tokio::time::timeout(Duration::ZERO, committer.append(gated("b", true))).await;
    assert_eq!(committer.append(issue("c")).await, Ok(2));
    let expected = [Err(AppendError::NotAdmitted), Ok(0), Err(conflict("a")), Ok(1)];
    assert_eq!(*told.lock().unwrap(), expected);
}

#[test]
fn two_nodes_over_one_ledger() {
    let dirs = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let engine: Arc<dyn Engine> = Arc::new(MemoryEngine::new([1; 32]));
    let nodes = dirs.each_ref().map(|dir| start(Arc::clone(&engine), dir.path()).0);
    thread::scope(|scope| {
        for client in 0..8_usize {
            let (node, engine) = (&nodes[client % 2], &engine);
            scope.spawn(move || {
                for n in 0..50 {
                    let name = format!("{}", n + client * 25); // every name twice
                    match node.append_blocking(issue(&name)) {
                        Ok(at) => assert_eq!(plain_at(&**engine, at), name.as_bytes()),
                        Err(error) => assert_eq!(error, conflict(&name)),
                    }
                }
            });
        }
    });
    assert_eq!(head(&*engine).entries(), 225);
}

#[test]
fn too_long_an_entry_is_refused_and_disturbs_no_one() {
    let dir = tempfile::tempdir().unwrap();
    let (committer, _) = start(Arc::new(MemoryEngine::new([1; 32])), dir.path());
    let long = Append {
        entry: PlainEntry { kind: 6, record: Digest::of(b""), plain: vec![0; 4 * 1024 * 1024] },
        ..issue("long")
    };
    assert!(matches!(
        committer.append_blocking(long),
        Err(AppendError::Refused(EngineError::GroupBytes { .. }))
    ));
    assert_eq!(committer.append_blocking(issue("short")), Ok(0));
}

#[test]
fn large_entries_are_spread_over_groups() {
    let dir = tempfile::tempdir().unwrap();
    let engine: Arc<dyn Engine> = Arc::new(open(dir.path()).0);
    let (committer, _) = start(Arc::clone(&engine), dir.path());
    thread::scope(|scope| {
        for n in 0..8 {
            let committer = &committer;
            scope.spawn(move || {
                let name = format!("large {n}");
                let mut large = issue(&name);
                large.entry.plain = vec![n; 3 * 1024 * 1024];
                committer.append_blocking(large).unwrap();
            });
        }
    });
    assert_eq!(head(&*engine).entries(), 8);
}

/// Every fault, then the same request again, another one, and both again after the engine was opened anew.
#[test]
fn faults_are_told_as_what_they_are() {
    for (fault, outcome, kept) in [
        (Fault::Refuse, Some(Outcome::NotWritten), false),
        (Fault::LoseUnknown, Some(Outcome::Unknown), false),
        (Fault::KeepUnknown, Some(Outcome::Unknown), true),
        (Fault::Slow(Duration::from_millis(20)), None, true),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let engine = Arc::new(FaultyEngine::new(MemoryEngine::new([1; 32])));
        let (committer, verifier) = start(engine.clone(), dir.path());
        assert_eq!(committer.append_blocking(issue("before")), Ok(0));
        engine.fail(0, fault);
        let answer = committer.append_blocking(issue("one"));
        assert_eq!(answer.as_ref().err().map(AppendError::outcome), outcome, "{fault:?}");
        assert_eq!(position_of(&*engine, "one").is_some(), kept);

        let again = committer.append_blocking(issue("one"));
        let other = committer.append_blocking(issue("other"));
        match (outcome, kept) {
            (Some(Outcome::NotWritten), _) => assert_eq!((again, other), (Ok(1), Ok(2))),
            (None, _) => assert_eq!((again, other), (Err(conflict("one")), Ok(2))),
            (Some(Outcome::Unknown), kept) => {
                let stopped = Err(AppendError::Refused(EngineError::Stopped));
                assert_eq!(again, if kept { Err(conflict("one")) } else { stopped.clone() });
                assert_eq!(other, stopped);
                engine.reopen();
                let again = committer.append_blocking(issue("one"));
                assert_eq!(again, if kept { Err(conflict("one")) } else { Ok(1) });
                assert_eq!(committer.append_blocking(issue("other")), Ok(2));
            }
        }
        committer.close().unwrap();
        let checkpoint = read_checkpoint(&dir.path().join("checkpoint"), &verifier).unwrap().unwrap();
        assert_eq!((checkpoint.size, checkpoint.chain), (3, head(&*engine).chain()));
    }
}

#[test]
fn who_lost_to_a_group_that_failed_is_not_told_conflict() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Arc::new(FaultyEngine::new(MemoryEngine::new([1; 32])));
    engine.fail(0, Fault::Slow(Duration::from_millis(100)));
    engine.fail(1, Fault::Refuse);
    let (committer, _) = start(engine.clone(), dir.path());
    let answers: Vec<_> = thread::scope(|scope| {
        let first = scope.spawn(|| committer.append_blocking(issue("first")));
        while engine.appends() == 0 {
            thread::yield_now();
        }
        // These two wait for the slow one and go into one group, which fails.
        let clients = [0, 1].map(|_| scope.spawn(|| committer.append_blocking(issue("same"))));
        assert_eq!(first.join().unwrap(), Ok(0));
        clients.map(|client| client.join().unwrap()).to_vec()
    });
    for answer in answers {
        assert!(matches!(answer, Err(AppendError::Refused(EngineError::NotWritten(_)))), "{answer:?}");
    }
    assert_eq!(committer.append_blocking(issue("same")), Ok(1));
}

#[tokio::test]
async fn tasks_wait_without_blocking() {
    let dir = tempfile::tempdir().unwrap();
    let engine = Arc::new(MemoryEngine::new([1; 32]));
    let (committer, _) = start(engine.clone(), dir.path());
    assert_eq!(committer.append(issue("a")).await, Ok(0));
    assert_eq!(committer.append(issue("a")).await, Err(conflict("a")));
    // A client that goes away does not take its append back.
    let gone = tokio::time::timeout(Duration::ZERO, committer.append(issue("b"))).await;
    drop(gone);
    committer.close().unwrap();
    assert_eq!(position_of(&*engine, "b"), Some(1));
}
