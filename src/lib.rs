//! Electronic certificates (电子证照): issue them, keep them, show them, verify them.
//!
//! The crate is a house with one direction: a module uses modules to its left, never to its right.
//!
//! `time` | `crypto` | `licence` | `codec` | `pki`, `ledger` | `verify`, `issue` | `store`, `render` | `registry` |
//! `config` | `http`, `cli`

pub mod cli;
pub mod codec;
pub mod config;
pub mod crypto;
pub mod http;
pub mod issue;
pub mod ledger;
pub mod licence;
pub mod pki;
pub mod registry;
pub mod render;
pub mod store;
pub mod time;
pub mod verify;
