//! What the installation does: one act a file, over store, keys and time.
//!
//! Setting up: `settings` and `plan` say what it is, `make` makes it once with what `certifier` certifies, `departments` adds to
//! it, `open` opens it. Acts: `issue`, `status`, `status_rows`, `show`,
//! `verify`, `receipts`, `presentations`, `statements`, `status_lists`, `packs`. Who asks stands in `caller`, what may go wrong in `act_error`, what is answered
//! in `views`.

mod access;
mod act_error;
mod caller;
mod certifier;
mod check;
mod departments;
mod history;
mod issue;
mod key_files;
mod make;
mod making;
mod open;
mod own_signer;
mod packs;
mod permit;
mod plan;
mod presentations;
mod receipts;
mod recertify;
mod sd_jwt;
mod settings;
mod show;
mod statements;
mod stats;
mod status;
mod status_index;
mod status_lists;
mod status_rows;
#[cfg(test)]
mod tests;
mod verify;
mod views;

pub use act_error::{ActError, ErrorKind, ProblemView};
pub use caller::Caller;
pub use certifier::CertifyError;
pub use check::{CheckError, IndexReport, StoreReport, check_store};
pub use departments::{DepartmentError, ListedApiKey, ListedDepartment, list_departments};
pub use history::{CameFirst, HistoryView};
pub use key_files::KeyFilesError;
pub use make::{Made, MakeError, make_installation};
pub use making::Making;
pub use open::{NotReady, Opened, Registry, RegistryOpenError};
pub use packs::{HeldPack, MakePackError, PackAnswer, PackRequest};
pub use permit::Permit;
pub use plan::{DepartmentPlan, Plan};
pub use presentations::PresentationError;
pub use receipts::KeptReceipt;
pub use sd_jwt::SdJwtView;
pub use settings::{Places, Settings, SettingsError};
pub use stats::{StoreStats, store_stats};
pub use status_lists::{Published, Representation, StatusListTimes};
pub use status_rows::{NamedOnce, RowResult, StatusRow, StatusRowView};
pub use verify::Presented;
pub use views::{
    AuthorityView, DepartmentView, GivenReceiptView, IssuedView, LicenceView, MadeDepartment,
    PresentationView, ReceiptView, ReceiptedVerdict, StandingView,
};
