//! Who may make which call (ACCESS.md, *Roles* and *Grants*): one table, and one place that holds every call to it before the call's own
//! handler sees anything.

use axum::extract::{self, Request};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::department::identify;
use super::problem::Problem;
use super::router::Operation;
use super::state::State;
use crate::access::{Call, Role};
use crate::registry::{AccessError, ActError, Caller};

/// Whom a call lets in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admits {
    /// Whoever asks.
    Everyone,
    /// Whoever asks; who asks for more than everyone gets needs one of these roles.
    EveryoneAndMoreFor(&'static [Role]),
    /// A caller with one of these roles.
    Roles(&'static [Role]),
    /// A caller with one of these roles and a grant of this call.
    Granted(&'static [Role], Call),
    /// A caller with one of these roles, and on the local socket whoever acts for no department in particular.
    RolesOrMachine(&'static [Role]),
}

/// Who sees a department's own licences.
const OF_THE_DEPARTMENT: &[Role] = &[Role::Issuer, Role::Officer, Role::Verifier];

impl Operation {
    /// Whom it lets in.
    pub const fn admits(self) -> Admits {
        match self {
            Self::Verify => Admits::EveryoneAndMoreFor(&[Role::Verifier]),
            Self::ChangeStatus | Self::ChangeMany => Admits::Granted(&[Role::Officer], Call::Status),
            Self::Issue | Self::IssueSdJwt => Admits::Granted(&[Role::Issuer], Call::Issue),
            Self::ShowLicence | Self::LicenceQrPng | Self::LicenceQrSvg | Self::LicenceFile => {
                Admits::Roles(OF_THE_DEPARTMENT)
            }
            Self::ShowReceipt => {
                Admits::RolesOrMachine(&[Role::Verifier, Role::Issuer, Role::Officer, Role::Supervisor])
            }
            Self::Present => Admits::Roles(&[Role::Issuer, Role::Portal]),
            Self::LookUp => Admits::Granted(&[Role::Verifier], Call::Lookup),
            Self::Compare => Admits::Granted(&[Role::Verifier], Call::Comparison),
            Self::Materials => Admits::Granted(&[Role::Verifier], Call::Materials),
            Self::UsesOfHolder | Self::GiveConsent | Self::WithdrawConsent => Admits::Roles(&[Role::Portal]),
            Self::UsesOfAll => Admits::RolesOrMachine(&[Role::Supervisor]),
            Self::ListGrants | Self::ListDepartments | Self::Metrics => {
                Admits::RolesOrMachine(&[Role::Administrator, Role::Supervisor])
            }
            Self::GiveGrant
            | Self::ConfirmGrant
            | Self::WithdrawGrant
            | Self::CertifyDepartment
            | Self::SetRoles
            | Self::NewKey
            | Self::RotateKey
            | Self::WithdrawKey => Admits::RolesOrMachine(&[Role::Administrator]),
            // Whoever has the service's own certificate can pass for it.
            Self::CertifyServer => Admits::RolesOrMachine(&[]),
            Self::VerifyBatch
            | Self::ListTypes
            | Self::ListServiceItems
            | Self::ShowServiceItem
            | Self::ShowType
            | Self::TrustList
            | Self::TrustListPem
            | Self::Pack
            | Self::ListStatusLists
            | Self::ShowStatusList
            | Self::LedgerCheckpoint
            | Self::LedgerKey
            | Self::Describe
            | Self::Alive
            | Self::Ready
            | Self::ShowPage
            | Self::JudgeOnPage
            | Self::PageStyle
            | Self::AppModule
            | Self::AppWords
            | Self::AppIcon
            | Self::AppManifest
            | Self::AppDecoder
            | Self::ServiceWorker
            | Self::PresentPage
            | Self::PresentStyle
            | Self::PresentScript => Admits::Everyone,
        }
    }
}

impl Admits {
    /// The roles of which a caller needs one; none where everyone gets all there is.
    pub const fn roles(self) -> &'static [Role] {
        match self {
            Self::Everyone => &[],
            Self::EveryoneAndMoreFor(roles)
            | Self::Roles(roles)
            | Self::Granted(roles, _)
            | Self::RolesOrMachine(roles) => roles,
        }
    }

    /// Whether strangers are turned away before the request is looked at.
    pub(super) const fn is_guarded(self) -> bool {
        matches!(self, Self::Roles(_) | Self::Granted(..) | Self::RolesOrMachine(_))
    }
}

/// Stands around a guarded call: 401, 403, and only then the request itself.
pub(super) async fn admit(
    extract::State((state, operation)): extract::State<(State, Operation)>,
    request: Request,
    next: Next,
) -> Response {
    let (mut parts, body) = request.into_parts();
    match admitted(&parts, &state, operation).await {
        Ok(caller) => {
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) => problem.into_response(),
    }
}

/// Who asks, if the call lets him in.
pub(super) async fn admitted(parts: &Parts, state: &State, operation: Operation) -> Result<Caller, Problem> {
    let admits = operation.admits();
    let caller = identify(parts, state, admits).await?;
    let roles = admits.roles();
    if !caller.is_machine() && !caller.has_one_of(roles) {
        return Err(match roles {
            [] => on_the_machine_only(),
            some => {
                ActError::from(AccessError::RoleRequired { roles: some.iter().copied().collect() }).into()
            }
        });
    }
    match admits {
        // An issue request may be sent again, and is answered then whatever is granted by now: its handler asks for the grant.
        Admits::Granted(_, call) if operation != Operation::Issue => {
            state.registry.may_call(&caller, call, state.now())?;
        }
        _ => {}
    }
    Ok(caller)
}

fn on_the_machine_only() -> Problem {
    let detail = "this is done on the machine itself, through its local socket";
    Problem::new(StatusCode::FORBIDDEN, "role_required", detail)
}
