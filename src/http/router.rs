//! The table of calls.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};

use super::admission::admit;
use super::observe::observe;
use super::problem::Problem;
use super::state::{Listener, State};
use super::{
    batch, certificates, comparisons, consents, departments, grants, licences, lookups, materials, metrics,
    openapi, packs, page, present_page, presentations, receipts, service_items, statements, status_changes,
    status_lists, uses, verifications,
};

/// One call: method, path template, what it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: Verb,
    /// The path, its parameters in braces.
    pub path: &'static str,
    /// What it does.
    pub operation: Operation,
}

/// The methods in use. `HEAD` is answered wherever `GET` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Look.
    Get,
    /// Do.
    Post,
}

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each stands beside its path in ROUTES and is described in docs/API.md")]
pub enum Operation {
    Verify,
    VerifyBatch,
    Issue,
    ShowLicence,
    LicenceQrPng,
    LicenceQrSvg,
    LicenceFile,
    ChangeStatus,
    IssueSdJwt,
    ChangeMany,
    CertifyDepartment,
    CertifyServer,
    ListDepartments,
    SetRoles,
    NewKey,
    RotateKey,
    WithdrawKey,
    ShowReceipt,
    Materials,
    Present,
    LookUp,
    Compare,
    UsesOfHolder,
    UsesOfAll,
    ListTypes,
    ShowType,
    ListServiceItems,
    ShowServiceItem,
    TrustList,
    TrustListPem,
    Pack,
    ListStatusLists,
    ShowStatusList,
    LedgerCheckpoint,
    LedgerKey,
    Describe,
    Alive,
    Ready,
    ShowPage,
    JudgeOnPage,
    PageStyle,
    AppModule,
    AppWords,
    AppIcon,
    AppManifest,
    AppDecoder,
    ServiceWorker,
    PresentPage,
    PresentStyle,
    PresentScript,
    ListGrants,
    GiveGrant,
    ConfirmGrant,
    WithdrawGrant,
    GiveConsent,
    WithdrawConsent,
    Metrics,
}

const fn get(path: &'static str, operation: Operation) -> Route {
    Route { method: Verb::Get, path, operation }
}

const fn post(path: &'static str, operation: Operation) -> Route {
    Route { method: Verb::Post, path, operation }
}

/// Every call of the service.
pub const ROUTES: &[Route] = &[
    post("/v1/verifications", Operation::Verify),
    post("/v1/verifications/batch", Operation::VerifyBatch),
    post("/v1/licences", Operation::Issue),
    get("/v1/licences/{identifier}", Operation::ShowLicence),
    get("/v1/licences/{identifier}/qr.png", Operation::LicenceQrPng),
    get("/v1/licences/{identifier}/qr.svg", Operation::LicenceQrSvg),
    get("/v1/licences/{identifier}/file", Operation::LicenceFile),
    post("/v1/licences/{identifier}/status", Operation::ChangeStatus),
    post("/v1/licences/{identifier}/sd-jwt", Operation::IssueSdJwt),
    post("/v1/licences/status-changes", Operation::ChangeMany),
    post("/v1/departments/{code}/certificates", Operation::CertifyDepartment),
    post("/v1/server-certificates", Operation::CertifyServer),
    get("/v1/departments", Operation::ListDepartments),
    post("/v1/departments/{code}/roles", Operation::SetRoles),
    post("/v1/departments/{code}/keys", Operation::NewKey),
    post("/v1/keys/{id}/rotate", Operation::RotateKey),
    post("/v1/keys/{id}/withdraw", Operation::WithdrawKey),
    get("/v1/receipts/{id}", Operation::ShowReceipt),
    post("/v1/materials", Operation::Materials),
    post("/v1/presentations", Operation::Present),
    post("/v1/lookups", Operation::LookUp),
    post("/v1/comparisons", Operation::Compare),
    post("/v1/holders/uses", Operation::UsesOfHolder),
    get("/v1/uses", Operation::UsesOfAll),
    get("/v1/licence-types", Operation::ListTypes),
    get("/v1/licence-types/{code}", Operation::ShowType),
    get("/v1/service-items", Operation::ListServiceItems),
    get("/v1/service-items/{code}", Operation::ShowServiceItem),
    get("/v1/trust-list", Operation::TrustList),
    get("/v1/trust-list.pem", Operation::TrustListPem),
    get("/v1/pack", Operation::Pack),
    get("/v1/status-lists", Operation::ListStatusLists),
    get("/v1/status-lists/{id}", Operation::ShowStatusList),
    get("/v1/ledger/checkpoint", Operation::LedgerCheckpoint),
    get("/v1/ledger/key", Operation::LedgerKey),
    get("/openapi.json", Operation::Describe),
    get("/healthz", Operation::Alive),
    get("/readyz", Operation::Ready),
    get("/", Operation::ShowPage),
    post("/", Operation::JudgeOnPage),
    get("/assets/verify.css", Operation::PageStyle),
    get("/assets/app/{folder}/{file}", Operation::AppModule),
    get("/assets/app/words.json", Operation::AppWords),
    get("/assets/app/icon.svg", Operation::AppIcon),
    get("/assets/operator/jsQR.js", Operation::AppDecoder),
    get("/manifest.webmanifest", Operation::AppManifest),
    get("/service-worker.js", Operation::ServiceWorker),
    get("/present", Operation::PresentPage),
    get("/assets/present.css", Operation::PresentStyle),
    get("/assets/present.js", Operation::PresentScript),
    get("/v1/grants", Operation::ListGrants),
    post("/v1/grants", Operation::GiveGrant),
    post("/v1/grants/{id}/confirm", Operation::ConfirmGrant),
    post("/v1/grants/{id}/withdraw", Operation::WithdrawGrant),
    post("/v1/consents", Operation::GiveConsent),
    post("/v1/consents/{id}/withdraw", Operation::WithdrawConsent),
    get("/metrics", Operation::Metrics),
];

impl Operation {
    fn handler(self, filter: MethodFilter) -> MethodRouter<State> {
        match self {
            Self::Verify => on(filter, verifications::verify),
            Self::VerifyBatch => on(filter, batch::verify_batch),
            Self::Issue => on(filter, licences::issue),
            Self::ShowLicence => on(filter, licences::show),
            Self::LicenceQrPng => on(filter, licences::qr_png),
            Self::LicenceQrSvg => on(filter, licences::qr_svg),
            Self::LicenceFile => on(filter, licences::file),
            Self::ChangeStatus => on(filter, licences::change_status),
            Self::IssueSdJwt => on(filter, licences::issue_sd_jwt),
            Self::ChangeMany => on(filter, status_changes::change_many),
            Self::CertifyDepartment => on(filter, certificates::for_department),
            Self::CertifyServer => on(filter, certificates::for_server),
            Self::ListDepartments => on(filter, departments::list),
            Self::SetRoles => on(filter, departments::set_roles),
            Self::NewKey => on(filter, departments::new_key),
            Self::RotateKey => on(filter, departments::rotate_key),
            Self::WithdrawKey => on(filter, departments::withdraw_key),
            Self::ShowReceipt => on(filter, receipts::show),
            Self::Materials => on(filter, materials::ask),
            Self::Present => on(filter, presentations::present),
            Self::LookUp => on(filter, lookups::look_up),
            Self::Compare => on(filter, comparisons::compare),
            Self::UsesOfHolder => on(filter, uses::of_holder),
            Self::UsesOfAll => on(filter, uses::of_all),
            Self::ListTypes => on(filter, statements::list_types),
            Self::ShowType => on(filter, statements::show_type),
            Self::ListServiceItems => on(filter, service_items::list),
            Self::ShowServiceItem => on(filter, service_items::show),
            Self::TrustList => on(filter, statements::trust_list),
            Self::TrustListPem => on(filter, statements::trust_list_pem),
            Self::Pack => on(filter, packs::pack),
            Self::ListStatusLists => on(filter, status_lists::list),
            Self::ShowStatusList => on(filter, status_lists::show),
            Self::LedgerCheckpoint => on(filter, statements::ledger_checkpoint),
            Self::LedgerKey => on(filter, statements::ledger_key),
            Self::Describe => on(filter, openapi::describe),
            Self::Alive => on(filter, statements::alive),
            Self::Ready => on(filter, statements::ready),
            Self::ShowPage => on(filter, page::show),
            Self::JudgeOnPage => on(filter, page::judge).layer(DefaultBodyLimit::disable()),
            Self::PageStyle => on(filter, page::style),
            Self::AppModule => on(filter, page::module),
            Self::AppWords => on(filter, page::words_json),
            Self::AppIcon => on(filter, page::icon),
            Self::AppManifest => on(filter, page::web_manifest),
            Self::AppDecoder => on(filter, page::decoder),
            Self::ServiceWorker => on(filter, page::service_worker),
            Self::PresentPage => on(filter, present_page::show),
            Self::PresentStyle => on(filter, present_page::style),
            Self::PresentScript => on(filter, present_page::script),
            Self::ListGrants => on(filter, grants::list),
            Self::GiveGrant => on(filter, grants::give),
            Self::ConfirmGrant => on(filter, grants::confirm),
            Self::WithdrawGrant => on(filter, grants::withdraw),
            Self::GiveConsent => on(filter, consents::give),
            Self::WithdrawConsent => on(filter, consents::withdraw),
            Self::Metrics => on(filter, metrics::scrape),
        }
    }
}

/// Every call of [`ROUTES`], as it is answered on `listener`.
pub fn build(state: State, listener: Listener) -> Router {
    let state = State { listener, ..state };
    let mut router = Router::new();
    for route in ROUTES {
        let filter = match route.method {
            Verb::Get => MethodFilter::GET,
            Verb::Post => MethodFilter::POST,
        };
        let handler = route.operation.handler(filter);
        let handler = match route.operation.admits().is_guarded() {
            true => handler.route_layer(from_fn_with_state((state.clone(), route.operation), admit)),
            false => handler,
        };
        router = router.route(route.path, handler);
    }
    router
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "no_such_route", "there is no such address"))
        .method_not_allowed_fallback(async || {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "the header Allow says which methods this address takes",
            )
        })
        .layer(from_fn_with_state(state.clone(), observe))
        .with_state(state)
}
