//! `GET /metrics`: what is counted, in the text format of OpenMetrics, which Prometheus reads. No holder, no address and no credential
//! stands in a label.

use std::collections::HashSet;
use std::sync::LazyLock;
use std::sync::atomic::AtomicU64;

use axum::extract;
use axum::http::StatusCode;
use axum::response::Response;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

use super::answer;
use super::department::Department;
use super::problem::Problem;
use super::router::ROUTES;
use super::state::State;
use crate::access::Call;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// The line in the log that an alarm is.
pub(super) const BULK_PULL: &str = "bulk_pull";

/// Templates of paths, by which answers are counted; what a client writes never becomes a label.
static KNOWN_ROUTES: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| ROUTES.iter().map(|route| route.path).collect());

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Answer {
    route: &'static str,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Use {
    call: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Refusal {
    code: &'static str,
}

/// What is counted.
pub(super) struct Metrics {
    registry: Registry,
    answers: Family<Answer, Counter>,
    uses: Family<Use, Counter>,
    refusals: Family<Refusal, Counter>,
    bulk_pulls: Counter,
    entries: Gauge<u64, AtomicU64>,
    connections: Gauge<u64, AtomicU64>,
}

/// One open connection: counted while it is held.
pub(super) struct Connection(Gauge<u64, AtomicU64>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Metrics {
    pub(super) fn new() -> Self {
        let mut registry = Registry::with_prefix("elicense");
        let (answers, uses, refusals) = (Family::default(), Family::default(), Family::default());
        let (bulk_pulls, entries, connections) = (Counter::default(), Gauge::default(), Gauge::default());
        registry.register("answers", "Answers by route and status", answers.clone());
        registry.register("uses", "Questions about holders by call", uses.clone());
        registry.register("refusals", "Calls that were refused, by code", refusals.clone());
        let help = "Alarms: one operator asked for very many holders within an hour";
        registry.register("bulk_pull_alarms", help, bulk_pulls.clone());
        registry.register("ledger_entries", "Entries in the ledger", entries.clone());
        registry.register("connections", "Connections that are open", connections.clone());
        Self { registry, answers, uses, refusals, bulk_pulls, entries, connections }
    }

    pub(super) fn answered(&self, route: Option<&str>, status: StatusCode, code: Option<&'static str>) {
        let route = route.and_then(|route| KNOWN_ROUTES.get(route)).copied().unwrap_or("none");
        self.answers.get_or_create(&Answer { route, status: status.as_u16() }).inc();
        if let Some(code) = code {
            self.refusals.get_or_create(&Refusal { code }).inc();
        }
    }

    pub(super) fn used(&self, call: Call) {
        self.uses.get_or_create(&Use { call: call.as_str() }).inc();
    }

    pub(super) fn bulk_pull(&self) {
        self.bulk_pulls.inc();
    }

    pub(super) fn connected(&self) -> Connection {
        self.connections.inc();
        Connection(self.connections.clone())
    }

    fn text(&self, entries: u64) -> Result<String, std::fmt::Error> {
        self.entries.set(entries);
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

pub(super) async fn scrape(
    extract::State(state): extract::State<State>,
    Department(_): Department,
) -> Result<Response, Problem> {
    let text = state.watch.metrics.text(state.registry.store().visible_entries());
    Ok(answer::bytes(OPEN_METRICS, text.map_err(Problem::internal)?))
}
