//! Electronic certificates (电子证照): issue them, keep them, show them, verify them.
//!
//! A department signs a *licence*; another department, or anyone with a phone, verifies it and gets a *verdict* that says
//! what was checked and what came of it. The whole way in thirty lines:
//!
//! ```
//! use elicense::crypto::{Algorithm, SystemRandom};
//! use elicense::licence::Authority;
//! use elicense::registry::{DepartmentPlan, Plan, Registry, make_installation};
//! use elicense::store::IndexPolicy;
//! use elicense::verify::{Code, Status};
//! use std::sync::Arc;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A city and one bureau, which issues business licences. Time and randomness are arguments, here as everywhere.
//! let bureau = DepartmentPlan::new(Authority::new("11430000006122244L".parse()?, "示范市市场监督管理局")?, vec!["11100000MB0143028R001".parse()?], Algorithm::Es256);
//! let city = Authority::new("11110000000021135M".parse()?, "示范市人民政府")?;
//! let plan = Plan::new("示范市", city, "https://licences.example", vec![bureau]);
//! let (dir, random) = (tempfile::tempdir()?, Arc::new(SystemRandom));
//! let now = "2026-11-24T10:00:00+08:00".parse()?;
//! let made = make_installation(dir.path(), &plan, random.clone(), now)?;
//! let (registry, _) = Registry::open(dir.path(), "me".to_owned(), IndexPolicy::CatchUp, random)?;
//! // Issue. The answer comes when the licence is durable; the same key and body give the same licence again.
//! let caller = registry.authenticate(&made.departments[0].api_key, now).ok_or("no such key")?;
//! let request = std::fs::read("fixtures/licences/business-licence-benchmark.json")?;
//! let issued = registry.issue(&caller, "order-1", &request, now).await?;
//! assert_eq!(registry.verify_text(&issued.qr, now).await.status, Status::Valid);
//! // Tamper: another company's name, in the same number of bytes. Verify.
//! let mut file = registry.file(&caller, &issued.identifier)?;
//! let name = file.windows(12).position(|bytes| bytes == "云岭青禾".as_bytes()).ok_or("no such name")?;
//! file[name..name + 12].copy_from_slice("云岭青木".as_bytes());
//! let verdict = registry.verify_bytes(&file, now).await;
//! assert_eq!(verdict.status, Status::Invalid);
//! assert!(verdict.reasons().contains(&Code::Forged));
//! # Ok(())
//! # }
//! ```
//!
//! # The map
//!
//! One direction: a module uses modules of the layers above it in this table, never its neighbours, and a test holds it to
//! that.
//!
//! | layer | modules | what they are |
//! | --- | --- | --- |
//! | 1 | [`time`] | instants, dates in China Standard Time; never asks a clock |
//! | 2 | [`crypto`] | ES256 and Ed25519 signatures, digests, keys, sealing |
//! | 3 | [`licence`] | what a licence is: identifiers, holders, types, fields, states |
//! | 4 | [`codec`], [`access`] | bytes to structures and back: CBOR, COSE envelope, payload, QR text; roles, grants and what they allow |
//! | 5 | [`pki`], [`status`], [`ledger`], [`sdjwt`] | certificates and trust list; status lists; entries, Merkle tree, checkpoints; SD-JWT VC |
//! | 6 | [`verify`], [`issue`] | bytes to verdict; draft to signed licence. Both pure |
//! | 7 | [`store`], [`render`], [`pack`] | the ledger on disk and its index; QR pictures, drawn and read; signed files for offline verifiers |
//! | 8 | [`registry`] | what an installation does, one act a file |
//!
//! Whoever only verifies needs [`verify::Verifier`], a [`pki::TrustStore`] and something that implements
//! [`verify::Records`]; nothing there reads a file, a clock or the network.
//!
//! The bytes are specified in `docs/FORMAT.md` and `docs/STORE.md`, the reasons stand in `docs/ARCHITECTURE.md`, every
//! verdict code in `docs/VERDICTS.md`.

pub mod access;
pub mod cli;
pub mod codec;
pub mod config;
pub mod crypto;
pub mod http;
pub mod issue;
pub mod ledger;
pub mod licence;
pub mod pack;
pub mod pki;
pub mod registry;
pub mod render;
pub mod sdjwt;
pub mod status;
pub mod store;
pub mod time;
pub mod verify;
