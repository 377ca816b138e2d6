//! The service over HTTP/1.1: JSON, and `application/problem+json` where something was not done.
//!
//! `server` accepts connections and drains them, `tls` shakes hands before, `descriptors` bounds them by what the process may open,
//! `write_timeout` breaks with who does not read, `router` is the table of calls, `observe` stands around every one of
//! them. Calls: `verifications` and `batch`, `licences`, `status_changes`, `receipts`, `presentations`, `lookups`, `comparisons`, `materials`, `uses`,
//! `grants`, `consents`, `departments`, `certificates`, `statements`, `service_items`, `status_lists`, `packs`, `page`, `present_page`, `openapi`. What they share: `state`, `admission` (who may make which call), `identity_provider`, `department`
//! (who asks), `strangers` (how often who has no key), `trace` (what the request is called), `body` and `lines` (what was sent), `pictures` (bounded workers), `answer` and
//! `problem` (what is sent back), `watch` (how often who asks: `limits`, `alarms`, `metrics`), `proxies` (whose word on an address is taken).

mod accept;
mod admission;
mod alarms;
mod answer;
mod batch;
mod body;
mod certificates;
mod comparisons;
mod consents;
mod department;
mod departments;
mod descriptors;
mod freshness;
mod grants;
mod identity_provider;
mod licences;
mod limits;
mod lines;
mod lookups;
mod materials;
mod metrics;
mod observe;
mod openapi;
mod packs;
mod page;
mod pictures;
mod present_page;
mod presentations;
mod problem;
mod proxies;
mod receipts;
mod router;
mod server;
mod service_items;
mod state;
mod statements;
mod status_changes;
mod status_lists;
mod strangers;
mod tls;
mod trace;
mod uses;
mod verifications;
mod watch;
mod write_timeout;

pub use admission::Admits;
pub use identity_provider::{IdentityProvider, IdentityProviderError};
pub use pictures::PictureReaders;
pub use problem::Problem;
pub use router::{Operation, ROUTES, Route, Verb, build};
pub use server::{Network, serve};
pub use state::{Listener, State};
pub use strangers::Strangers;
pub use tls::{Tls, TlsError, TlsFiles};
pub use watch::Watch;
