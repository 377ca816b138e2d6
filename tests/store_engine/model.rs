//! Random groups against a map in memory, with kills in between.

use std::collections::BTreeMap;

use proptest::prelude::*;

use elicense::store::{Engine as _, SealedEntry};

use crate::{copy, dump, entry, group, head, open, rows};

#[derive(Clone, Debug)]
enum Step {
    Append(Vec<u8>),
    /// The process is killed: what sled holds in memory is gone, what the system holds is not.
    Kill,
    Close,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => prop::collection::vec(any::<u8>(), 1..6).prop_map(Step::Append),
        1 => Just(Step::Kill),
        1 => Just(Step::Close),
    ];
    prop::collection::vec(step, 1..25)
}

#[derive(Default)]
struct Model {
    entries: Vec<SealedEntry>,
    rows: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Model {
    fn append(&mut self, entries: &[SealedEntry]) {
        for entry in entries {
            let position = u64::try_from(self.entries.len()).unwrap();
            self.rows.extend(rows(position, entry).into_iter().map(|row| (row.key, row.value)));
            self.entries.push(entry.clone());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_engine_is_the_model(steps in steps()) {
        let mut dir = tempfile::tempdir().unwrap();
        let (mut engine, _) = open(dir.path());
        let mut model = Model::default();
        for step in steps {
            match step {
                Step::Append(seeds) => {
                    let entries: Vec<_> = seeds.iter().map(|seed| entry(*seed, usize::from(*seed))).collect();
                    engine.append(&group(&engine, entries.clone())).unwrap();
                    model.append(&entries);
                }
                Step::Kill => {
                    let copied = tempfile::tempdir().unwrap();
                    copy(dir.path(), copied.path());
                    engine = open(copied.path()).0;
                    dir = copied;
                }
                Step::Close => {
                    drop(engine);
                    engine = open(dir.path()).0;
                }
            }
            prop_assert_eq!(head(&engine).entries(), u64::try_from(model.entries.len()).unwrap());
            prop_assert_eq!(&dump(&engine), &model.rows);
        }
        for (position, entry) in (0..).zip(&model.entries) {
            prop_assert_eq!(&engine.read(position).unwrap().unwrap().entry, entry);
        }
        drop(engine);
        drop(dir);
    }
}
