//! An installation with one or more nodes, and clients that ask them as the HTTP door does, without HTTP.

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use elicense::crypto::SystemRandom;
use elicense::registry::{Caller, IssuedView, Registry};
use elicense::store::StoreAt;
use elicense::verify::Status;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

use crate::city::{City, body_for, holder_code, now};

/// One process's view of the installation.
#[derive(Clone)]
pub(crate) struct Node {
    registry: Arc<Registry>,
    caller: Caller,
}

/// A city and its nodes.
pub(crate) struct Installation {
    nodes: Vec<Node>,
    runtime: Runtime,
    /// Number of the next licence.
    next: u64,
    /// Keys and settings, and a copy of them for each further node: removed after the nodes have closed.
    _dirs: (City, Vec<tempfile::TempDir>),
}

/// So many clients, each with one request at a time, spread over these nodes.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) clients: usize,
    pub(crate) nodes: usize,
    pub(crate) requests: u64,
}

impl Load {
    /// Time that one request takes of the whole.
    pub(crate) fn each(self, took: Duration) -> Duration {
        took.div_f64(self.requests as f64)
    }
}

impl Installation {
    /// Makes it there and opens so many nodes.
    pub(crate) fn new(at: &StoreAt, nodes: usize) -> Self {
        let runtime = Builder::new_multi_thread().enable_all().build().unwrap();
        let city = City::over(at.clone());
        let copy = |_| {
            let copy = tempfile::tempdir().unwrap();
            let from = city.dir.path().join(".");
            assert!(Command::new("cp").arg("-a").arg(from).arg(copy.path()).status().unwrap().success());
            copy
        };
        let copies: Vec<_> = (1..nodes).map(copy).collect();
        let dirs = std::iter::once(&city.dir).chain(&copies);
        let open = |dir: &tempfile::TempDir| {
            let random = Arc::new(SystemRandom);
            let registry = Registry::open(dir.path(), "bench".to_owned(), at.clone(), random).unwrap().0;
            let caller = registry.authenticate(&city.department.api_key, now()).unwrap();
            Node { registry: Arc::new(registry), caller }
        };
        let nodes = dirs.map(open).collect();
        Self { nodes, runtime, next: 0, _dirs: (city, copies) }
    }

    /// Entries in its ledger.
    pub(crate) fn entries(&self) -> i64 {
        i64::try_from(self.nodes[0].registry.store().entries().unwrap()).unwrap()
    }

    /// Issues, each licence to a holder of its own; hands out the time and what was answered, with its number.
    pub(crate) fn issue(&mut self, load: Load) -> (Duration, Vec<(u64, IssuedView)>) {
        let first = self.next;
        self.next += load.requests;
        let bodies: Arc<Vec<_>> = Arc::new((first..self.next).map(body_for).collect());
        self.drive(load, move |node, at| {
            let bodies = Arc::clone(&bodies);
            async move {
                let (number, body) = (first + at, &bodies[usize::try_from(at).unwrap()]);
                let issued = node.registry.issue(&node.caller, &number.to_string(), body, now()).await;
                (number, issued.unwrap())
            }
        })
    }

    /// Verifies each of these once, with status and ledger.
    pub(crate) fn verify(&self, clients: usize, issued: &[(u64, IssuedView)]) -> Duration {
        let texts: Arc<Vec<String>> = Arc::new(issued.iter().map(|(_, one)| one.qr.clone()).collect());
        let load = Load { clients, nodes: 1, requests: issued.len() as u64 };
        let verify = move |node: Node, at: u64| {
            let texts = Arc::clone(&texts);
            async move {
                let verdict = node.registry.verify_text(&texts[usize::try_from(at).unwrap()], now()).await;
                assert_eq!(verdict.status, Status::Valid, "{verdict:?}");
            }
        };
        load.each(self.drive(load, verify).0)
    }

    /// Asks for the licences of each of these holders, with a receipt for each answer.
    pub(crate) fn look_up(&self, clients: usize, issued: &[(u64, IssuedView)]) -> Duration {
        let asked = |(number, _): &(u64, IssuedView)| {
            json!({"holder": {"code": holder_code(*number), "code_type": "099"},
                "purpose": {"operator": "王小明", "item": "企业变更登记", "item_code": "000199002000",
                    "case": format!("2026-{number}"), "reason": "核对申请人营业执照的住所"}})
        };
        let bodies: Arc<Vec<_>> = Arc::new(issued.iter().map(|one| asked(one).to_string()).collect());
        let load = Load { clients, nodes: 1, requests: issued.len() as u64 };
        let look_up = move |node: Node, at: u64| {
            let bodies = Arc::clone(&bodies);
            async move {
                let body = bodies[usize::try_from(at).unwrap()].as_bytes();
                let found = node.registry.look_up(&node.caller, body, now()).await.unwrap();
                assert_eq!(found.licences.len(), 1);
            }
        };
        load.each(self.drive(load, look_up).0)
    }

    /// Each request first waits until its node has seen what was acknowledged before, as at the HTTP door.
    fn drive<T, F>(
        &self,
        load: Load,
        act: impl Fn(Node, u64) -> F + Clone + Send + 'static,
    ) -> (Duration, Vec<T>)
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let next = Arc::new(AtomicU64::new(0));
        let start = Instant::now();
        let mut tasks = JoinSet::new();
        let _on = self.runtime.enter();
        for _ in 0..load.clients {
            let (next, act, nodes) = (Arc::clone(&next), act.clone(), self.nodes[..load.nodes].to_vec());
            tasks.spawn(async move {
                let mut done = Vec::new();
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= load.requests {
                        return done;
                    }
                    let node = nodes[usize::try_from(at).unwrap() % nodes.len()].clone();
                    node.registry.fresh().await.unwrap();
                    done.push(act(node, at).await);
                }
            });
        }
        let done = self.runtime.block_on(tasks.join_all());
        (start.elapsed(), done.into_iter().flatten().collect())
    }
}
