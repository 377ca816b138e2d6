//! How a command reaches an installation: through the service that has it open, or by opening it.

use std::os::unix::net::UnixStream;
use std::sync::Arc;

use hyper::Method;
use serde_json::Value;

use super::client::{Ask, Client};
use super::exit::CliError;
use super::{DataArgs, now, who};
use crate::crypto::SystemRandom;
use crate::licence::{CreditCode, Identifier};
use crate::pack::Selection;
use crate::registry::{Caller, PackRequest, Registry, Settings};
use crate::store::IndexPolicy;

/// An installation within reach.
pub(super) enum Access {
    /// A service runs: everything goes through its local socket.
    Service(Box<Client>),
    /// None does: this process has it open.
    Here(Box<Registry>),
}

impl Access {
    pub(super) async fn to(data: &DataArgs, command: &str) -> Result<Self, CliError> {
        Settings::read(&data.dir).map_err(CliError::data)?;
        match Client::local(&data.dir.join(SOCKET)).await {
            Some(client) => Ok(Self::Service(Box::new(client))),
            None => Ok(Self::Here(Box::new(open(data, command, IndexPolicy::CatchUp)?))),
        }
    }

    /// Changes a status.
    pub(super) async fn change_status(
        &mut self,
        identifier: &Identifier,
        body: Vec<u8>,
    ) -> Result<Value, CliError> {
        let department = identifier.issuer().to_string();
        match self {
            Self::Service(client) => {
                let path = format!("/v1/licences/{identifier}/status");
                let headers =
                    vec![("acting-department", department), ("content-type", "application/json".to_owned())];
                client.json(Ask { method: Method::POST, path: &path, headers, body }).await
            }
            Self::Here(registry) => {
                let caller = acting(registry, &department)?;
                to_value(&registry.change_status(&caller, identifier.as_str(), &body, now()).await?)
            }
        }
    }

    /// A certificate of TLS: a department's, or the service's own.
    pub(super) async fn certify_tls(
        &mut self,
        department: Option<CreditCode>,
        body: Vec<u8>,
    ) -> Result<Value, CliError> {
        match (self, department) {
            (Self::Service(client), department) => {
                let path = match department {
                    Some(code) => format!("/v1/departments/{code}/certificates"),
                    None => "/v1/server-certificates".to_owned(),
                };
                let headers = vec![("content-type", "application/json".to_owned())];
                client.json(Ask { method: Method::POST, path: &path, headers, body }).await
            }
            (Self::Here(registry), Some(code)) => {
                let machine = registry.machine();
                to_value(&registry.certify_tls_client(&machine, code, &body, now()).await?)
            }
            (Self::Here(registry), None) => to_value(&registry.certify_tls_server(&body, now()).await?),
        }
    }

    /// Ends it: what was done is under the last checkpoint.
    pub(super) fn close(self) -> Result<(), CliError> {
        match self {
            Self::Service(_) => Ok(()),
            Self::Here(registry) => registry.close().map_err(CliError::internal),
        }
    }

    /// A licence as its department sees it.
    pub(super) async fn licence(&mut self, identifier: &Identifier) -> Result<Value, CliError> {
        match self {
            Self::Service(_) => {
                let body = self.get(identifier, "").await?;
                serde_json::from_slice(&body).map_err(CliError::internal)
            }
            Self::Here(registry) => {
                let caller = acting(registry, identifier.issuer().as_str())?;
                to_value(&registry.licence(&caller, identifier.as_str(), now())?)
            }
        }
    }

    /// The `.elic` file of a licence.
    pub(super) async fn file(&mut self, identifier: &Identifier) -> Result<Vec<u8>, CliError> {
        match self {
            Self::Service(_) => self.get(identifier, "/file").await,
            Self::Here(registry) => {
                let caller = acting(registry, identifier.issuer().as_str())?;
                Ok(registry.file(&caller, identifier.as_str())?)
            }
        }
    }

    /// A QR of a licence: `png` or `svg`.
    pub(super) async fn picture(
        &mut self,
        identifier: &Identifier,
        kind: Picture,
    ) -> Result<Vec<u8>, CliError> {
        match (self, kind) {
            (access @ Self::Service(_), Picture::Png) => access.get(identifier, "/qr.png").await,
            (access @ Self::Service(_), Picture::Svg) => access.get(identifier, "/qr.svg").await,
            (Self::Here(registry), kind) => {
                let caller = acting(registry, identifier.issuer().as_str())?;
                let text = registry.qr_text(&caller, identifier.as_str())?;
                let symbol = crate::render::QrSymbol::of(&text).map_err(CliError::internal)?;
                let style = crate::render::Style::default();
                Ok(match kind {
                    Picture::Png => symbol.png(style),
                    Picture::Svg => symbol.svg(style).into_bytes(),
                })
            }
        }
    }

    /// A pack.
    pub(super) async fn pack(&mut self, request: &PackRequest) -> Result<Vec<u8>, CliError> {
        match self {
            Self::Service(client) => {
                let query = request.selection.as_ref().map(Selection::to_query).unwrap_or_default();
                let path = format!("/v1/pack?{}", query.trim_start_matches('&'));
                client
                    .bytes(Ask { method: Method::GET, path: &path, headers: Vec::new(), body: Vec::new() })
                    .await
            }
            Self::Here(registry) => Ok(registry.pack(request, now()).map_err(CliError::internal)?.bytes),
        }
    }

    async fn get(&mut self, identifier: &Identifier, what: &str) -> Result<Vec<u8>, CliError> {
        let Self::Service(client) = self else { return Err(CliError::internal("no service")) };
        let path = format!("/v1/licences/{identifier}{what}");
        let headers = vec![("acting-department", identifier.issuer().to_string())];
        client.bytes(Ask { method: Method::GET, path: &path, headers, body: Vec::new() }).await
    }
}

/// The form of a drawn QR.
#[derive(Clone, Copy)]
pub(super) enum Picture {
    Png,
    Svg,
}

/// Name of the local socket in an installation's directory.
pub(super) const SOCKET: &str = "control.sock";

/// Opens an installation and logs what opening found.
pub(super) fn open(data: &DataArgs, command: &str, index: IndexPolicy) -> Result<Registry, CliError> {
    let at = data.store.at(index)?;
    let (registry, opened) = Registry::open(&data.dir, who(command), at, Arc::new(SystemRandom))?;
    tracing::info!(standing = ?opened.store.standing, entries = opened.store.entries, index = ?opened.store.index, "opened");
    if let Some(aside) = &opened.store.aside {
        tracing::warn!(path = %aside.path.display(), "an unfinished group, never acknowledged, was moved aside");
    }
    Ok(registry)
}

/// Opens an installation for what nobody else may be at meanwhile.
pub(super) fn open_alone(data: &DataArgs, command: &str, index: IndexPolicy) -> Result<Registry, CliError> {
    let dir = &data.dir;
    Settings::read(dir).map_err(CliError::data)?;
    if UnixStream::connect(dir.join(SOCKET)).is_ok() {
        return Err(CliError::Data(format!(
            "a service has {} open; `elicense {command}` needs it alone: stop the service, run this again, start it",
            dir.display()
        )));
    }
    open(data, command, index)
}

pub(super) fn acting(registry: &Registry, department: &str) -> Result<Caller, CliError> {
    registry
        .acting(department)
        .ok_or_else(|| CliError::Data(format!("{department} is no department of this installation")))
}

pub(super) fn to_value(view: &impl serde::Serialize) -> Result<Value, CliError> {
    serde_json::to_value(view).map_err(CliError::internal)
}

/// An identifier from the command line.
pub(super) fn identifier(text: &str) -> Result<Identifier, CliError> {
    text.parse().map_err(CliError::data)
}
