//! `settings.json`, member `identity_provider`: who says which person asks (ACCESS.md, *Who asks*).

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// An identity provider of OpenID Connect whose access tokens are believed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityProviderSettings {
    /// Its address, as its tokens have it in `iss`: `https`, or `http` on an address of this machine.
    pub issuer: String,
    /// What its tokens for this service have in `aud`.
    pub audience: String,
    /// The claim that has the department's credit code.
    pub department_claim: String,
    /// The claim that has the roles: an array of texts, or one text with spaces between them.
    pub roles_claim: String,
    /// Certificates in PEM, one of which the provider's TLS certificate must lead to; absent, the installation's own root. Relative
    /// to the installation's directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
}
