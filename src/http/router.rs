//! The table of calls.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodFilter, MethodRouter, on};

use super::admission::admit;
use super::freshness::be_fresh;
use super::observe::observe;
use super::problem::Problem;
use super::state::{Listener, State};
use super::{
    batch, certificates, comparisons, consents, departments, grants, licences, lookups, materials, metrics,
    openapi, packs, page, present_page, presentations, receipts, service_items, statements, status_changes,
    status_lists, uses, verifications,
};

/// Makes what answers a call, for its method.
type Handler = fn(MethodFilter) -> MethodRouter<State>;

/// One call: method, path template, what it does.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The method.
    pub method: Verb,
    /// The path, its parameters in braces.
    pub path: &'static str,
    /// What it does.
    pub operation: Operation,
    handler: Handler,
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

const fn get(path: &'static str, operation: Operation, handler: Handler) -> Route {
    Route { method: Verb::Get, path, operation, handler }
}

const fn post(path: &'static str, operation: Operation, handler: Handler) -> Route {
    Route { method: Verb::Post, path, operation, handler }
}

/// Every call of the service.
pub const ROUTES: &[Route] = &[
    post("/v1/verifications", Operation::Verify, |filter| on(filter, verifications::verify)),
    post("/v1/verifications/batch", Operation::VerifyBatch, |filter| on(filter, batch::verify_batch)),
    post("/v1/licences", Operation::Issue, |filter| on(filter, licences::issue)),
    get("/v1/licences/{identifier}", Operation::ShowLicence, |filter| on(filter, licences::show)),
    get("/v1/licences/{identifier}/qr.png", Operation::LicenceQrPng, |filter| on(filter, licences::qr_png)),
    get("/v1/licences/{identifier}/qr.svg", Operation::LicenceQrSvg, |filter| on(filter, licences::qr_svg)),
    get("/v1/licences/{identifier}/file", Operation::LicenceFile, |filter| on(filter, licences::file)),
    post("/v1/licences/{identifier}/status", Operation::ChangeStatus, |filter| {
        on(filter, licences::change_status)
    }),
    post("/v1/licences/{identifier}/sd-jwt", Operation::IssueSdJwt, |filter| {
        on(filter, licences::issue_sd_jwt)
    }),
    post("/v1/licences/status-changes", Operation::ChangeMany, |filter| {
        on(filter, status_changes::change_many)
    }),
    post("/v1/departments/{code}/certificates", Operation::CertifyDepartment, |filter| {
        on(filter, certificates::for_department)
    }),
    post("/v1/server-certificates", Operation::CertifyServer, |filter| on(filter, certificates::for_server)),
    get("/v1/departments", Operation::ListDepartments, |filter| on(filter, departments::list)),
    post("/v1/departments/{code}/roles", Operation::SetRoles, |filter| on(filter, departments::set_roles)),
    post("/v1/departments/{code}/keys", Operation::NewKey, |filter| on(filter, departments::new_key)),
    post("/v1/keys/{id}/rotate", Operation::RotateKey, |filter| on(filter, departments::rotate_key)),
    post("/v1/keys/{id}/withdraw", Operation::WithdrawKey, |filter| on(filter, departments::withdraw_key)),
    get("/v1/receipts/{id}", Operation::ShowReceipt, |filter| on(filter, receipts::show)),
    post("/v1/materials", Operation::Materials, |filter| on(filter, materials::ask)),
    post("/v1/presentations", Operation::Present, |filter| on(filter, presentations::present)),
    post("/v1/lookups", Operation::LookUp, |filter| on(filter, lookups::look_up)),
    post("/v1/comparisons", Operation::Compare, |filter| on(filter, comparisons::compare)),
    post("/v1/holders/uses", Operation::UsesOfHolder, |filter| on(filter, uses::of_holder)),
    get("/v1/uses", Operation::UsesOfAll, |filter| on(filter, uses::of_all)),
    get("/v1/licence-types", Operation::ListTypes, |filter| on(filter, statements::list_types)),
    get("/v1/licence-types/{code}", Operation::ShowType, |filter| on(filter, statements::show_type)),
    get("/v1/service-items", Operation::ListServiceItems, |filter| on(filter, service_items::list)),
    get("/v1/service-items/{code}", Operation::ShowServiceItem, |filter| on(filter, service_items::show)),
    get("/v1/trust-list", Operation::TrustList, |filter| on(filter, statements::trust_list)),
    get("/v1/trust-list.pem", Operation::TrustListPem, |filter| on(filter, statements::trust_list_pem)),
    get("/v1/pack", Operation::Pack, |filter| on(filter, packs::pack)),
    get("/v1/status-lists", Operation::ListStatusLists, |filter| on(filter, status_lists::list)),
    get("/v1/status-lists/{id}", Operation::ShowStatusList, |filter| on(filter, status_lists::show)),
    get("/v1/ledger/checkpoint", Operation::LedgerCheckpoint, |filter| {
        on(filter, statements::ledger_checkpoint)
    }),
    get("/v1/ledger/key", Operation::LedgerKey, |filter| on(filter, statements::ledger_key)),
    get("/openapi.json", Operation::Describe, |filter| on(filter, openapi::describe)),
    get("/healthz", Operation::Alive, |filter| on(filter, statements::alive)),
    get("/readyz", Operation::Ready, |filter| on(filter, statements::ready)),
    get("/", Operation::ShowPage, |filter| on(filter, page::show)),
    // The page reads its body within limits of its own.
    post("/", Operation::JudgeOnPage, |filter| on(filter, page::judge).layer(DefaultBodyLimit::disable())),
    get("/assets/verify.css", Operation::PageStyle, |filter| on(filter, page::style)),
    get("/assets/app/{folder}/{file}", Operation::AppModule, |filter| on(filter, page::module)),
    get("/assets/app/words.json", Operation::AppWords, |filter| on(filter, page::words_json)),
    get("/assets/app/icon.svg", Operation::AppIcon, |filter| on(filter, page::icon)),
    get("/assets/operator/jsQR.js", Operation::AppDecoder, |filter| on(filter, page::decoder)),
    get("/manifest.webmanifest", Operation::AppManifest, |filter| on(filter, page::web_manifest)),
    get("/service-worker.js", Operation::ServiceWorker, |filter| on(filter, page::service_worker)),
    get("/present", Operation::PresentPage, |filter| on(filter, present_page::show)),
    get("/assets/present.css", Operation::PresentStyle, |filter| on(filter, present_page::style)),
    get("/assets/present.js", Operation::PresentScript, |filter| on(filter, present_page::script)),
    get("/v1/grants", Operation::ListGrants, |filter| on(filter, grants::list)),
    post("/v1/grants", Operation::GiveGrant, |filter| on(filter, grants::give)),
    post("/v1/grants/{id}/confirm", Operation::ConfirmGrant, |filter| on(filter, grants::confirm)),
    post("/v1/grants/{id}/withdraw", Operation::WithdrawGrant, |filter| on(filter, grants::withdraw)),
    post("/v1/consents", Operation::GiveConsent, |filter| on(filter, consents::give)),
    post("/v1/consents/{id}/withdraw", Operation::WithdrawConsent, |filter| on(filter, consents::withdraw)),
    get("/metrics", Operation::Metrics, |filter| on(filter, metrics::scrape)),
];

/// Every call of [`ROUTES`], as it is answered on `listener`.
pub fn build(state: State, listener: Listener) -> Router {
    let state = State { listener, ..state };
    let mut router = Router::new();
    for route in ROUTES {
        let filter = match route.method {
            Verb::Get => MethodFilter::GET,
            Verb::Post => MethodFilter::POST,
        };
        let handler = (route.handler)(filter);
        let handler = match route.operation.admits().is_guarded() {
            true => handler.route_layer(from_fn_with_state((state.clone(), route.operation), admit)),
            false => handler,
        };
        let handler = match state.registry.is_shared() && route.operation.reads_ledger() {
            true => handler.route_layer(from_fn_with_state((state.clone(), route.operation), be_fresh)),
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
