//! What the installation does: one act a file, over store, keys and time.
//!
//! Setting up: `settings` and `plan` say what it is, `make` makes it once with what `certifier` certifies, `departments` adds to
//! it, `open` opens it; `followed` is what it keeps in memory and follows from the ledger, the `roster` of departments in it.
//! `check` and `stats` look at what is stored, `backup` and `restore` keep a copy of it, `moving` moves it into a database and back. Acts: `issue`, `status`, `status_rows`, `show`,
//! `verify`, `receipts`, `holders`, `sight`, `lookups`, `comparisons`, `materials`, `holder_uses`, `uses`, `presentations`, `statements`, `status_lists`, `packs`; `grants` and `consents` say who may, read by `members`. Who asks stands in `caller`, what may go wrong in `act_error`, what is answered
//! in `views`.

mod access;
mod access_error;
mod act_error;
mod backup;
mod backup_file;
mod caller;
mod ceilings;
mod certifier;
mod check;
mod comparisons;
mod consents;
mod credentials;
mod departments;
mod followed;
mod grants;
mod history;
mod holder_request;
mod holder_uses;
mod holders;
mod issue;
mod key_files;
mod lookups;
mod make;
mod making;
mod materials;
mod members;
mod moving;
mod open;
mod own_signer;
mod packs;
mod permit;
mod plan;
mod presentations;
mod provider_settings;
mod receipts;
mod recertify;
mod restore;
mod roster;
mod sd_jwt;
mod settings;
mod show;
mod sight;
mod statements;
mod stats;
mod status;
mod status_index;
mod status_lists;
mod status_rows;
#[cfg(test)]
mod tests;
mod tls_certificates;
#[cfg(test)]
mod two_nodes;
mod use_words;
mod uses;
mod verify;
mod views;

pub use access_error::AccessError;
pub use act_error::{ActError, ErrorKind, ProblemView};
pub use backup::{BackupError, BackupKeys, BackupOrder, BackupReport, back_up};
pub use backup_file::BackupFileError;
pub use caller::Caller;
pub use certifier::CertifyError;
pub use check::{CheckError, IndexReport, StoreReport, check_store};
pub use comparisons::ComparisonView;
pub use consents::ConsentView;
pub use credentials::{CredentialError, CredentialView, DepartmentAccessView, NewKeyView, RotatedView};
pub use departments::{DepartmentError, ListedApiKey, ListedDepartment, list_departments};
pub use grants::GrantView;
pub use history::{CameFirst, HistoryView};
pub use holder_request::MemberError;
pub use holders::{HeldLicence, HeldLicences};
pub use key_files::KeyFilesError;
pub use lookups::{FoundLicenceView, LookupView};
pub use make::{Made, MakeError, make_installation};
pub use making::Making;
pub use materials::{MaterialsView, MissingView, ObtainFrom, RequiredView};
pub use members::MembersRefused;
pub use moving::{MoveError, MoveOrder, MoveProgress, MoveReport, move_from_database, move_to_database};
pub use open::{NotReady, Opened, Registry, RegistryOpenError};
pub use packs::{HeldPack, MakePackError, PackAnswer, PackRequest};
pub use permit::Permit;
pub use plan::{DepartmentPlan, Plan};
pub use presentations::PresentationError;
pub use provider_settings::IdentityProviderSettings;
pub use receipts::KeptReceipt;
pub use restore::{Outside, RestoreError, RestoreOrder, RestoreReport, restore};
pub use sd_jwt::SdJwtView;
pub use settings::{LedgerElsewhere, Places, Settings, SettingsError, StoreKind};
pub use stats::{StoreStats, store_stats};
pub use status_lists::{Published, Representation, StatusListTimes};
pub use status_rows::{NamedOnce, RowResult, StatusRow, StatusRowView};
pub use tls_certificates::{TlsCertificateError, TlsCertificateView};
pub use uses::{
    ConsentUseView, MaskedHolderView, OrganisationView, SupervisedView, UseView, UsedLicenceView, UsesView,
};
pub use verify::Presented;
pub use views::{
    AuthorityView, DepartmentView, GivenReceiptView, IssuedView, LicenceView, MadeDepartment,
    PresentationView, ReceiptView, ReceiptedVerdict, StandingView,
};
