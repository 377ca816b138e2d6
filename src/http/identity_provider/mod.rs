//! The identity provider (单点登录): its keys, kept and renewed, and the people whom its tokens are about.
//!
//! `token` and `keys` judge bytes and do nothing else, `signatures` is their arithmetic; `fetch` asks the provider at the
//! `address` of the settings. Its keys are asked for at the start, again when they are old, and when a token names one that is not
//! there: by one task, so that nothing a client sends makes more than one question in half a minute.

mod address;
mod fetch;
mod keys;
mod signatures;
mod token;

use std::sync::Arc;

use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use self::fetch::Source;
use self::keys::KeySet;
use self::token::{Named, Person};
use crate::config::IdentityProviderLimits;
use crate::registry::{Caller, IdentityProviderSettings, Registry};
use crate::time::UnixTime;

pub use self::fetch::IdentityProviderError;

/// The identity provider of an installation.
pub struct IdentityProvider {
    settings: IdentityProviderSettings,
    limits: IdentityProviderLimits,
    known: watch::Receiver<Known>,
    /// A token has named a key that is not there.
    wanted: Arc<Notify>,
    follower: AbortHandle,
}

/// The provider has not been reached, or not for long, so that its tokens cannot be judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Unreached;

/// What the provider last said.
#[derive(Clone, Default)]
struct Known {
    /// Its keys, and when it was asked for them.
    keys: Option<(Arc<KeySet>, Instant)>,
    /// How often it was asked, and when last.
    questions: u64,
    asked: Option<Instant>,
}

impl IdentityProvider {
    /// Begins to ask the provider, and goes on whether it answers or not. `root` is the DER of the installation's root, which is
    /// believed where the settings name no others. To be called where tasks can be spawned.
    ///
    /// # Errors
    ///
    /// Where the settings name no address to ask, or no certificates.
    pub fn start(
        settings: IdentityProviderSettings,
        limits: IdentityProviderLimits,
        root: &[u8],
    ) -> Result<Arc<Self>, IdentityProviderError> {
        signatures::install();
        let source = Source::new(&settings, limits, root)?;
        let (said, known) = watch::channel(Known::default());
        let wanted = Arc::new(Notify::new());
        let follower = tokio::spawn(follow(source, limits, said, Arc::clone(&wanted))).abort_handle();
        Ok(Arc::new(Self { settings, limits, known, wanted, follower }))
    }

    /// Whether this may be a token; what is one of our keys is none.
    pub(super) fn takes(bearer: &str) -> bool {
        bearer.bytes().filter(|byte| *byte == b'.').count() == 2
    }

    /// Whom a token is about; `None` where it is not good, for whatever reason.
    pub(super) async fn caller(
        &self,
        token: &str,
        registry: &Registry,
        now: UnixTime,
    ) -> Result<Option<Caller>, Unreached> {
        let refused = |error: token::TokenError| {
            tracing::debug!(%error, "a token was refused");
            Ok(None)
        };
        let named = match token::key_of(token) {
            Ok(named) => named,
            Err(error) => return refused(error),
        };
        let keys = self.keys_with(&named).await.ok_or(Unreached)?;
        match token::check(token, &keys, &self.settings, now) {
            Ok(Person { subject, department, roles }) => Ok(registry
                .roles_of(&department)
                .map(|own| Caller::by_token(department, &subject, roles.and(own)))),
            Err(error) => refused(error),
        }
    }

    /// The provider's keys: asked for once more, if that is due, where the named one is not among them. `None` where there are
    /// none to judge by.
    async fn keys_with(&self, named: &Named) -> Option<Arc<KeySet>> {
        let mut known = self.known.clone();
        let (keys, questions, due) = {
            let known = known.borrow();
            let due = known.asked.is_none_or(|asked| asked.elapsed() >= self.limits.quiet);
            (self.good(&known), known.questions, due)
        };
        if !due || keys.as_ref().is_some_and(|keys| keys.key(&named.kid, named.algorithm).is_some()) {
            return keys;
        }
        self.wanted.notify_one();
        let answered = known.wait_for(|known| known.questions > questions);
        let answered = tokio::time::timeout(self.limits.patience, answered).await;
        match answered {
            Ok(Ok(known)) => self.good(&known),
            _ => keys,
        }
    }

    /// The keys unless they are too old.
    fn good(&self, known: &Known) -> Option<Arc<KeySet>> {
        let (keys, asked) = known.keys.as_ref()?;
        (asked.elapsed() < self.limits.longest).then(|| Arc::clone(keys))
    }
}

impl Drop for IdentityProvider {
    fn drop(&mut self) {
        self.follower.abort();
    }
}

/// Asks for keys for ever: when they are old, and sooner where one is wanted or the last question failed; never sooner than
/// `limits.quiet` after the last.
async fn follow(
    source: Source,
    limits: IdentityProviderLimits,
    said: watch::Sender<Known>,
    wanted: Arc<Notify>,
) {
    loop {
        let asked = Instant::now();
        let answer = source.keys().await;
        let failed = answer.is_err();
        if let Err(error) = &answer {
            tracing::warn!(%error, "the identity provider gave no keys");
        }
        said.send_modify(|known| {
            known.questions += 1;
            known.asked = Some(asked);
            if let Ok(keys) = answer {
                known.keys = Some((Arc::new(keys), asked));
            }
        });
        tokio::time::sleep_until(asked + limits.quiet).await;
        if !failed {
            // In time or because it is wanted: the next question is the same.
            let _ = tokio::time::timeout_at(asked + limits.age, wanted.notified()).await;
        }
    }
}
