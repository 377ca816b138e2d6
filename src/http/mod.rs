//! The service over HTTP/1.1: JSON, and `application/problem+json` where something was not done.
//!
//! `server` accepts connections and drains them, `descriptors` bounds them by what the process may open,
//! `write_timeout` breaks with who does not read, `router` is the table of calls, `observe` stands around every one of
//! them. Calls: `verifications` and `batch`, `licences`, `status_changes`, `receipts`, `presentations`, `statements`,
//! `status_lists`, `packs`, `page`, `present_page`, `openapi`. What they share: `state`, `admission` (who may make which
//! call), `department` (who asks), `strangers` (how often who has no key), `trace` (what the request is called), `body` and `lines` (what was sent), `pictures` (bounded workers), `answer` and
//! `problem` (what is sent back).

mod accept;
mod admission;
mod answer;
mod batch;
mod body;
mod department;
mod descriptors;
mod licences;
mod lines;
mod observe;
mod openapi;
mod packs;
mod page;
mod pictures;
mod present_page;
mod presentations;
mod problem;
mod receipts;
mod router;
mod server;
mod state;
mod statements;
mod status_changes;
mod status_lists;
mod strangers;
mod trace;
mod verifications;
mod write_timeout;

pub use admission::Admits;
pub use pictures::PictureReaders;
pub use problem::Problem;
pub use router::{Operation, ROUTES, Route, Verb, build};
pub use server::serve;
pub use state::{Listener, State};
pub use strangers::Strangers;
