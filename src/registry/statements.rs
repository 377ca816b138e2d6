//! What the installation states to everyone: its trust list and its ledger's checkpoint.

use std::sync::Arc;

use super::open::Registry;
use super::provider_settings::IdentityProviderSettings;
use crate::pki::{Certificate, TrustStore};

impl Registry {
    /// The signed trust list (FORMAT.md §5).
    pub fn trust_list(&self) -> Arc<[u8]> {
        Arc::clone(&self.roster().trust_list)
    }

    /// Every certificate of the trust list, the root first.
    pub fn trust_list_pem(&self) -> String {
        self.roster().trust.pem()
    }

    /// Whose tokens are believed.
    pub const fn identity_provider(&self) -> Option<&IdentityProviderSettings> {
        self.settings.identity_provider.as_ref()
    }

    /// The same, believed and taken apart: the newest one that the ledger has, whichever node entered it.
    pub fn trust(&self) -> Arc<TrustStore> {
        Arc::clone(&self.roster().trust)
    }

    /// The root above every certificate of this installation.
    pub fn root(&self) -> Option<Arc<Certificate>> {
        self.roster().trust.list().certificates.first().map(|first| Arc::clone(&first.certificate))
    }

    /// The last signed checkpoint (FORMAT.md §6).
    pub fn checkpoint(&self) -> Arc<str> {
        self.store.checkpoint()
    }
}
