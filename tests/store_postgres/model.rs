//! Random groups by two nodes against a map in memory, with nodes opened anew and connections broken in between.

use std::collections::BTreeMap;

use proptest::prelude::*;

use elicense::store::{Engine as _, PostgresEngine, SealedEntry, migrate};

use crate::postgres::Cluster;
use crate::{append_in_turn, claim, dump, entry, head, open, open_with, rows};

#[derive(Clone, Debug)]
enum Step {
    Append(usize, Vec<u8>),
    /// A node is closed and opened again, with what it saw last for a checkpoint.
    Reopen(usize),
    /// The server ends every session.
    Break,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..2_usize, prop::collection::vec(any::<u8>(), 1..6)).prop_map(|(node, seeds)| Step::Append(node, seeds)),
        1 => (0..2_usize).prop_map(Step::Reopen),
        1 => Just(Step::Break),
    ];
    prop::collection::vec(step, 1..20)
}

fn end_sessions(cluster: &Cluster, name: &str) {
    let sql =
        "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'elicense'";
    cluster.sql("postgres", &format!("{sql} AND datname = '{name}'"));
}

proptest! {
    #![proptest_config(ProptestConfig { max_shrink_iters: 20, ..ProptestConfig::with_cases(10) })]

    #[test]
    fn the_ledger_is_the_model(steps in steps()) {
        let cluster = Cluster::shared();
        let name = cluster.fresh_name();
        let url = cluster.url(&name);
        migrate(&url.parse().unwrap(), &elicense::crypto::SystemRandom).unwrap();
        let mut nodes: [PostgresEngine; 2] = [open(&url), open(&url)];
        let mut entries: Vec<SealedEntry> = Vec::new();
        let mut model = BTreeMap::new();
        for step in steps {
            match step {
                Step::Append(node, seeds) => {
                    append_in_turn(&nodes[node], &seeds).unwrap();
                    for seed in seeds {
                        let entry = entry(seed, 40);
                        let position = u64::try_from(entries.len()).unwrap();
                        model.extend(rows(position, &entry).into_iter().map(|row| (row.key, row.value)));
                        entries.push(entry);
                    }
                }
                Step::Reopen(node) => {
                    let last = claim(&head(&nodes[node]));
                    nodes[node] = open_with(&url, Some(&last)).unwrap().0;
                }
                Step::Break => end_sessions(cluster, &name),
            }
            for node in &nodes {
                prop_assert_eq!(head(node).entries(), u64::try_from(entries.len()).unwrap());
                prop_assert_eq!(&dump(node), &model);
            }
        }
        for (position, entry) in (0..).zip(&entries) {
            prop_assert_eq!(&nodes[1].read(position).unwrap().unwrap().entry, entry);
        }
    }
}
