//! An installation over PostgreSQL, on one node and on two, beside the same installation in files and beside a client that writes the same
//! groups and does nothing else. All sides in turn, several rounds.

use std::thread::sleep;
use std::time::Duration;

use criterion::Criterion;
use elicense::registry::IssuedView;
use elicense::store::{DatabaseUrl, IndexPolicy};

use crate::bare_client::{BareClient, Group, key};
use crate::cluster::Cluster;
use crate::nodes::{Installation, Load};
use crate::table::{Promise, Row, record};

const FILES: &str = "over sled";
const ONE_NODE: &str = "over PostgreSQL";
const TWO_NODES: &str = "over PostgreSQL, two nodes";
const BARE: &str = "the same groups by a bare client";
const SIGNING: &str = "the same by a bare client that signs beside";

const ISSUE: &str = "PostgreSQL: issued, 64 clients";
const ISSUE_ONE: &str = "PostgreSQL: issued, 1 client";
const VERIFY: &str = "PostgreSQL: verified, 64 clients";
const VERIFY_ONE: &str = "PostgreSQL: verified, 1 client";
const AGAIN: &str = "PostgreSQL: verified again, 64 clients";
const AGAIN_ONE: &str = "PostgreSQL: verified again, 1 client";
const LOOK_UP: &str = "PostgreSQL: looked up, 64 clients";
const LOOK_UP_ONE: &str = "PostgreSQL: looked up, 1 client";

const fn row(group: &'static str, ours: &'static str, beside: &'static str) -> Row {
    Row { group, ours, beside, promise: Promise::Nothing }
}

pub(crate) const ROWS: [Row; 13] = [
    Row { group: ISSUE, ours: ONE_NODE, beside: BARE, promise: Promise::AtLeast(0.6) },
    row(ISSUE, ONE_NODE, SIGNING),
    row(ISSUE, ONE_NODE, FILES),
    row(ISSUE, TWO_NODES, ONE_NODE),
    row(ISSUE_ONE, ONE_NODE, BARE),
    row(ISSUE_ONE, ONE_NODE, FILES),
    row(ISSUE_ONE, TWO_NODES, ONE_NODE),
    row(VERIFY, ONE_NODE, FILES),
    row(VERIFY_ONE, ONE_NODE, FILES),
    row(AGAIN, ONE_NODE, FILES),
    row(AGAIN_ONE, ONE_NODE, FILES),
    row(LOOK_UP, ONE_NODE, FILES),
    row(LOOK_UP_ONE, ONE_NODE, FILES),
];

const ROUNDS: usize = 5;
const CLIENTS: usize = 64;
/// Requests of a round with many clients, and with one.
const MANY: u64 = 3_000;
const FEW: u64 = 200;
/// The server tells what it did once a second.
const STATISTICS: Duration = Duration::from_millis(1500);

/// Times of one request, one for each round.
#[derive(Default)]
struct Times(Vec<(&'static str, &'static str, Duration)>);

impl Times {
    fn add(&mut self, group: &'static str, side: &'static str, each: Duration) {
        println!("{group}: {side}: {each:.2?}");
        self.0.push((group, side, each));
    }

    fn record(self) {
        let mut left = self.0;
        while let Some(&(group, side, _)) = left.first() {
            let (these, others): (Vec<_>, Vec<_>) =
                left.into_iter().partition(|(at, of, _)| (*at, *of) == (group, side));
            record(group, side, these.into_iter().map(|(.., each)| each).collect());
            left = others;
        }
    }
}

/// What was answered to orders, with their numbers.
type Issued = Vec<(u64, IssuedView)>;

/// Everything that is compared.
struct Sides {
    cluster: Cluster,
    database: String,
    files: Installation,
    nodes: Installation,
    bare: BareClient,
    times: Times,
}

pub(crate) fn measure(_: &mut Criterion) {
    let cluster = Cluster::start(&["shared_buffers=128MB"]);
    let (database, copy) = (cluster.fresh_name(), cluster.fresh_database());
    let url = cluster.url(&database);
    let nodes = Installation::new(&url.parse::<DatabaseUrl>().unwrap().into(), 2);
    let files = Installation::new(&IndexPolicy::CatchUp.into(), 1);
    let bare = BareClient::new(&url, &copy);
    let mut sides = Sides { cluster, database, files, nodes, bare, times: Times::default() };
    for round in 0..ROUNDS {
        println!("round {}", round + 1);
        sides.round();
    }
    sides.times.record();
}

impl Sides {
    fn round(&mut self) {
        let many = Load { clients: CLIENTS, nodes: 1, requests: MANY };
        let few = Load { clients: 1, nodes: 1, requests: FEW };
        let (in_files, in_database) = self.issue(ISSUE, many);
        self.show(VERIFY, AGAIN, CLIENTS, [&in_files, &in_database]);
        self.look_up(LOOK_UP, CLIENTS, [&in_files, &in_database]);
        let (in_files, in_database) = self.issue(ISSUE_ONE, few);
        self.show(VERIFY_ONE, AGAIN_ONE, 1, [&in_files, &in_database]);
        self.look_up(LOOK_UP_ONE, 1, [&in_files, &in_database]);
    }

    /// In files, over PostgreSQL on one node, by the bare client, and on two nodes.
    fn issue(&mut self, group: &'static str, load: Load) -> (Issued, Issued) {
        let (took, in_files) = self.files.issue(load);
        self.times.add(group, FILES, load.each(took));
        self.bare.catch_up(self.nodes.entries());
        let before = self.statements();
        let (took, in_database) = self.nodes.issue(load);
        self.times.add(group, ONE_NODE, load.each(took));
        let statements = self.statements() - before;
        let groups = self.bare.read(self.nodes.entries());
        tell(&groups, statements);
        let took = self.bare.write(&groups);
        self.times.add(group, BARE, load.each(took));
        self.bare.forget(&groups);
        let took = self.bare.sign_and_write(&groups, key());
        self.times.add(group, SIGNING, load.each(took));
        let (took, _) = self.nodes.issue(Load { nodes: 2, ..load });
        self.times.add(group, TWO_NODES, load.each(took));
        (in_files, in_database)
    }

    /// Each licence for the first time, and each once more.
    fn show(
        &mut self,
        first: &'static str,
        again: &'static str,
        clients: usize,
        [in_files, in_database]: [&Issued; 2],
    ) {
        for group in [first, again] {
            self.times.add(group, FILES, self.files.verify(clients, in_files));
            self.times.add(group, ONE_NODE, self.nodes.verify(clients, in_database));
        }
    }

    fn look_up(&mut self, group: &'static str, clients: usize, [in_files, in_database]: [&Issued; 2]) {
        self.times.add(group, FILES, self.files.look_up(clients, in_files));
        self.times.add(group, ONE_NODE, self.nodes.look_up(clients, in_database));
    }

    /// Transactions of the nodes' database so far: a read is one, a group is one.
    fn statements(&self) -> u64 {
        sleep(STATISTICS);
        let sql = format!("SELECT xact_commit FROM pg_stat_database WHERE datname = '{}'", self.database);
        self.cluster.sql("postgres", &sql).parse().unwrap()
    }
}

fn tell(groups: &[Group], statements: u64) {
    let entries: usize = groups.iter().map(Group::entries).sum();
    let rows: usize = groups.iter().map(Group::rows).sum();
    println!(
        "{} groups of {:.1} entries and {:.1} rows; {:.2} transactions a licence, groups and beats among them",
        groups.len(),
        entries as f64 / groups.len() as f64,
        rows as f64 / groups.len() as f64,
        statements as f64 / entries as f64,
    );
}
