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
use crate::registry::{ActError, Caller};

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
    /// Nobody but whoever acts for no department in particular on the local socket.
    Machine,
}

const ADMINISTRATOR: &[Role] = &[Role::Administrator];
const ISSUER: &[Role] = &[Role::Issuer];
const OFFICER: &[Role] = &[Role::Officer];
const VERIFIER: &[Role] = &[Role::Verifier];
const PORTAL: &[Role] = &[Role::Portal];
/// Who sees a department's own licences.
const OF_THE_DEPARTMENT: &[Role] = &[Role::Issuer, Role::Officer, Role::Verifier];
/// Who reads how the installation is managed.
const MANAGES_OR_WATCHES: &[Role] = &[Role::Administrator, Role::Supervisor];

impl Operation {
    /// Whom it lets in.
    pub const fn admits(self) -> Admits {
        match self {
            Self::Verify => Admits::EveryoneAndMoreFor(VERIFIER),
            Self::Issue | Self::IssueSdJwt => Admits::Granted(ISSUER, Call::Issue),
            Self::ChangeStatus | Self::ChangeMany => Admits::Granted(OFFICER, Call::Status),
            Self::LookUp => Admits::Granted(VERIFIER, Call::Lookup),
            Self::Compare => Admits::Granted(VERIFIER, Call::Comparison),
            Self::Materials => Admits::Granted(VERIFIER, Call::Materials),
            Self::ShowLicence | Self::LicenceQrPng | Self::LicenceQrSvg | Self::LicenceFile => {
                Admits::Roles(OF_THE_DEPARTMENT)
            }
            Self::Present => Admits::Roles(&[Role::Issuer, Role::Portal]),
            Self::UsesOfHolder | Self::GiveConsent | Self::WithdrawConsent => Admits::Roles(PORTAL),
            Self::UsesOfAll => Admits::RolesOrMachine(&[Role::Supervisor]),
            Self::ShowReceipt => {
                Admits::RolesOrMachine(&[Role::Issuer, Role::Officer, Role::Verifier, Role::Supervisor])
            }
            Self::ListGrants | Self::Metrics => Admits::RolesOrMachine(MANAGES_OR_WATCHES),
            Self::GiveGrant | Self::ConfirmGrant | Self::WithdrawGrant | Self::CertifyDepartment => {
                Admits::RolesOrMachine(ADMINISTRATOR)
            }
            Self::CertifyServer => Admits::Machine,
            Self::VerifyBatch
            | Self::ListTypes
            | Self::ShowType
            | Self::ListServiceItems
            | Self::ShowServiceItem
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
    /// The roles of which a caller needs one; none where everyone gets all there is, and where no role is enough.
    pub const fn roles(self) -> &'static [Role] {
        match self {
            Self::Everyone | Self::Machine => &[],
            Self::EveryoneAndMoreFor(roles)
            | Self::Roles(roles)
            | Self::Granted(roles, _)
            | Self::RolesOrMachine(roles) => roles,
        }
    }

    /// Whether strangers are turned away before the request is looked at.
    pub(super) const fn is_guarded(self) -> bool {
        !matches!(self, Self::Everyone | Self::EveryoneAndMoreFor(_))
    }

    /// Whether on the local socket it makes sense to ask for no department in particular.
    pub(super) const fn knows_the_machine(self) -> bool {
        matches!(self, Self::RolesOrMachine(_) | Self::Machine)
    }
}

/// Stands around a guarded call: 401, 429, 403, and only then the request itself.
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
    let (admits, registry) = (operation.admits(), &state.registry);
    let caller = identify(parts, state, admits).await?;
    let roles = admits.roles();
    let is_let_in = match admits {
        Admits::Machine => caller == registry.machine(),
        _ => caller.has_one_of(roles),
    };
    match admits {
        _ if is_let_in => {}
        Admits::Machine => return Err(on_the_machine_only()),
        _ => return Err(ActError::RoleRequired { roles: roles.iter().copied().collect() }.into()),
    }
    match admits {
        // An issue request may be sent again, and is answered then whatever is granted by now: its handler asks for the grant.
        Admits::Granted(_, call) if operation != Operation::Issue => {
            registry.may_call(&caller, call, state.now())?;
        }
        _ => {}
    }
    Ok(caller)
}

fn on_the_machine_only() -> Problem {
    let detail = "this is done on the machine itself, through its local socket";
    Problem::new(StatusCode::FORBIDDEN, "role_required", detail)
}
