//! Addresses of the provider: `https`, or `http` on an address of this machine, and nothing that leads elsewhere.

use std::net::IpAddr;

use axum::http::Uri;

/// Longest address.
const MAX_ADDRESS: usize = 512;

/// Where to ask, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) origin: Origin,
    /// From the slash on.
    pub(super) path: String,
}

/// Scheme, host and port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Origin {
    pub(super) is_tls: bool,
    /// Without brackets.
    pub(super) host: String,
    pub(super) port: u16,
    /// As the header `Host` has it.
    pub(super) authority: String,
}

/// An address that is not asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected an https address without user, query or fragment (http only on an address such as 127.0.0.1), got {got:?}"
)]
pub struct AddressError {
    /// At most 120 characters of it.
    got: String,
}

impl Address {
    pub(super) fn parse(text: &str) -> Result<Self, AddressError> {
        Self::read(text).ok_or_else(|| AddressError { got: text.chars().take(120).collect() })
    }

    fn read(text: &str) -> Option<Self> {
        if text.len() > MAX_ADDRESS || text.contains(['?', '#', '@', '\\']) {
            return None;
        }
        let uri: Uri = text.parse().ok()?;
        let authority = uri.authority()?;
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let is_tls = uri.scheme_str()? == "https";
        let is_here = host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
        if host.is_empty() || !(is_tls || uri.scheme_str() == Some("http") && is_here) {
            return None;
        }
        let port = authority.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let authority = authority.to_string();
        Some(Self { origin: Origin { is_tls, host, port, authority }, path: uri.path().to_owned() })
    }

    /// Where the provider describes itself (OpenID Connect Discovery §4): behind its own path.
    pub(super) fn discovery(&self) -> Self {
        let path = format!("{}/.well-known/openid-configuration", self.path.trim_end_matches('/'));
        Self { origin: self.origin.clone(), path }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tls_or_this_machine() {
        for good in [
            "https://sso.city.example",
            "https://sso.city.example:8443/realms/city",
            "https://10.0.0.1/",
            "http://127.0.0.1:9000",
            "http://[::1]:9000/x",
        ] {
            assert!(Address::parse(good).is_ok(), "{good}");
        }
        let long = format!("https://a/{}", "b".repeat(600));
        for bad in [
            "",
            "sso.city.example",
            "http://sso.city.example",
            "http://10.0.0.1",
            "http://localhost:9000",
            "ftp://127.0.0.1",
            "https://user@a",
            "https://a?x=1",
            "https://a#x",
            "http://127.0.0.1@evil.example",
            "file:///etc/hosts",
            &long,
        ] {
            assert!(Address::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_description_stands_behind_the_issuers_path() {
        for (issuer, path) in [
            ("https://a", "/.well-known/openid-configuration"),
            ("https://a/", "/.well-known/openid-configuration"),
            ("https://a/realms/city", "/realms/city/.well-known/openid-configuration"),
        ] {
            assert_eq!(Address::parse(issuer).unwrap().discovery().path, path);
        }
    }
}
