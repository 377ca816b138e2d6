//! What every call has at hand.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use super::identity_provider::IdentityProvider;
use super::page::{self, App};
use super::pictures::PictureReaders;
use super::strangers::Strangers;
use super::watch::Watch;
use crate::config::{AccessLimits, HttpLimits};
use crate::crypto::Random;
use crate::registry::Registry;
use crate::time::UnixTime;

/// What every call has at hand; cheap to clone.
#[derive(Clone)]
pub struct State {
    /// The installation.
    pub registry: Arc<Registry>,
    /// Who reads pictures.
    pub pictures: PictureReaders,
    /// Who asks how often, and what is counted of it.
    pub watch: Arc<Watch>,
    /// Who came without a good key.
    pub strangers: Arc<Strangers>,
    /// What names requests.
    pub random: Arc<dyn Random>,
    /// What requests are held to.
    pub limits: HttpLimits,
    /// Who says whose tokens are good.
    pub identity_provider: Option<Arc<IdentityProvider>>,
    /// Where the call came in.
    pub listener: Listener,
    /// The page's files.
    pub(super) app: Arc<App>,
}

/// Where a call came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// The network: a department shows its key.
    Tcp,
    /// The socket in the installation's directory: whoever can open it may act for any department.
    Local,
}

impl State {
    /// For calls over TCP; [`build`](super::build) says otherwise where it has to.
    pub fn new(registry: Arc<Registry>, limits: HttpLimits, random: Arc<dyn Random>) -> Self {
        let pictures = PictureReaders::new(&limits);
        let strangers = Arc::new(Strangers::new(limits.strangers));
        let watch = Arc::new(Watch::new(&registry.limits()));
        let app = Arc::new(page::app(registry.public_url(), None));
        Self {
            registry,
            pictures,
            watch,
            strangers,
            random,
            limits,
            identity_provider: None,
            listener: Listener::Tcp,
            app,
        }
    }

    /// Believing this identity provider.
    #[must_use]
    pub fn believing(self, provider: Arc<IdentityProvider>) -> Self {
        Self { identity_provider: Some(provider), ..self }
    }

    /// Under other limits than those of `settings.json`.
    #[must_use]
    pub fn under(self, limits: &AccessLimits) -> Self {
        Self { watch: Arc::new(Watch::new(limits)), ..self }
    }

    /// With a decoder of QR pictures for browsers that have none: the text of `jsQR.js`, as the operator got it.
    #[must_use]
    pub fn with_decoder(self, decoder: Vec<u8>) -> Self {
        let app = Arc::new(page::app(self.registry.public_url(), Some(decoder)));
        Self { app, ..self }
    }

    /// The time by this machine's clock.
    pub fn now(&self) -> UnixTime {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let seconds = i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        UnixTime::from_seconds(seconds).unwrap_or(UnixTime::MAX)
    }
}
