//! Whose word on a client's address is taken: that of the proxies named in `settings.json`, nobody else's.

use std::net::IpAddr;

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName};

use super::server::Source;
use super::strangers::Peer;
use crate::access::Network;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// Where the connection is a trusted proxy's, the request comes from the client that it names.
pub(super) fn believe_proxies(request: &mut Request, trusted: &[Network]) {
    if trusted.is_empty() {
        return;
    }
    if let Some(Source(address)) = request.extensions().get().copied() {
        let client = client(address, request.headers(), trusted);
        request.extensions_mut().insert(Source(client));
        request.extensions_mut().insert(Peer::of(client));
    }
}

/// The rightmost address in `X-Forwarded-For` that is no trusted proxy's: each proxy adds, at the end, whom it heard from, so what stands
/// left of it is a stranger's word. What cannot be read ends the search at the proxy that wrote it.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[Network]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(address));
    let mut known = peer;
    let lines: Vec<&[u8]> = headers.get_all(FORWARDED_FOR).iter().map(|value| value.as_bytes()).collect();
    for word in lines.iter().rev().flat_map(|line| line.rsplit(|byte| *byte == b',')) {
        if !is_trusted(known) {
            break;
        }
        let named = std::str::from_utf8(word).ok().and_then(|word| word.trim().parse().ok());
        let Some(named) = named else { break };
        known = named;
    }
    known.to_canonical()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn of(peer: &str, lines: &[&str]) -> String {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()];
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
        }
        client(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn only_a_trusted_proxy_is_believed() {
        assert_eq!(of("192.0.2.1", &["10.1.1.1"]), "192.0.2.1", "a stranger says he is inside");
        assert_eq!(of("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(of("10.0.0.1", &["192.0.2.7"]), "192.0.2.7");
        assert_eq!(of("::ffff:10.0.0.1", &["192.0.2.7"]), "192.0.2.7");
    }

    #[test]
    fn what_a_client_wrote_before_the_proxy_did_is_not_believed() {
        assert_eq!(of("10.0.0.1", &["10.9.9.9, 192.0.2.7"]), "192.0.2.7");
        assert_eq!(of("10.0.0.1", &["10.9.9.9", "192.0.2.7"]), "192.0.2.7");
        assert_eq!(of("10.0.0.1", &["10.9.9.9,192.0.2.7 , 10.0.0.2"]), "192.0.2.7", "two proxies");
        assert_eq!(of("10.0.0.1", &["192.0.2.7, rubbish"]), "10.0.0.1");
        assert_eq!(of("10.0.0.1", &["192.0.2.7, "]), "10.0.0.1");
        assert_eq!(of("10.0.0.1", &["10.9.9.9, 2001:db8::1"]), "10.9.9.9", "all of them are proxies");
    }
}
