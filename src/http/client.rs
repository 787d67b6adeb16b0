//! The address of the client, by which rate limits are counted.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use serde::Deserialize;

use crate::model::{Network, Origin};

/// The header in which proxies list the addresses before them.
pub(super) const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// How many of its entries are read.
const MAX_HOPS: usize = 16;

/// `http.trusted_proxies`: the proxies whose `Forwarded` and `X-Forwarded-…` headers are believed.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct TrustedProxies(Vec<Network>);

impl TrustedProxies {
    /// Whether an address is that of one of these proxies.
    pub(super) fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(address))
    }

    /// The nearest address that is not a trusted proxy. Anybody could have written the entries
    /// beyond it.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut nearest = peer.to_canonical();
        for hop in hops(headers).take(MAX_HOPS) {
            if !self.trust(nearest) {
                break;
            }
            let Some(hop) = hop else { break };
            nearest = hop;
        }
        nearest
    }
}

/// The entries of `X-Forwarded-For`, nearest first; `None` for one that is not an address.
fn hops(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let lines = headers.get_all(X_FORWARDED_FOR).iter().rev();
    lines.flat_map(|line| line.to_str().unwrap_or("?").rsplit(',').map(hop))
}

fn hop(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let alone = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    alone.parse().or_else(|_| with_port()).ok().map(|address: IpAddr| address.to_canonical())
}

/// The client of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Client {
    pub(super) address: IpAddr,
    /// Whether limits by address count it: not loopback, nor a proxy that forwards for others.
    pub(super) is_counted: bool,
}

impl Client {
    /// Requests that tests send in process have no peer; they count as local.
    pub(super) fn of(
        proxies: &TrustedProxies,
        extensions: &Extensions,
        headers: &HeaderMap,
    ) -> Self {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        let address = proxies.client(peer.unwrap_or(Ipv4Addr::LOCALHOST.into()), headers);
        Self { address, is_counted: !address.is_loopback() && !proxies.trust(address) }
    }

    pub(super) fn origin(&self) -> Origin {
        if self.is_counted { Origin::of(self.address) } else { Origin::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let trusted = ["10.0.0.0/8", "127.0.0.1", "fd00::/8"];
        let networks = serde_json::to_string(&trusted).unwrap();
        let proxies: TrustedProxies = serde_json::from_str(&networks).unwrap();
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(X_FORWARDED_FOR, line.parse().unwrap());
        }
        proxies.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn ignores_the_header_of_a_peer_that_is_not_trusted() {
        assert_eq!(client("203.0.113.7", &["198.51.100.1"]), "203.0.113.7");
    }

    #[test]
    fn believes_a_trusted_proxy() {
        assert_eq!(client("10.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(client("::ffff:127.0.0.1", &["203.0.113.7:4711"]), "203.0.113.7");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn takes_the_nearest_address_that_is_not_a_trusted_proxy() {
        assert_eq!(client("10.0.0.1", &["1.2.3.4, 203.0.113.7, 10.1.1.1"]), "203.0.113.7");
        assert_eq!(client("10.0.0.1", &["1.2.3.4", "203.0.113.7"]), "203.0.113.7");
        assert_eq!(client("10.0.0.1", &["1.2.3.4, nonsense, 10.1.1.1"]), "10.1.1.1");
    }

    #[test]
    fn reads_ipv6_addresses_with_and_without_a_port() {
        assert_eq!(client("fd00::1", &["2a02:1:2:3:4:5:6:7"]), "2a02:1:2:3:4:5:6:7");
        assert_eq!(client("fd00::1", &["[2a02:1:2:3::9]:80"]), "2a02:1:2:3::9");
    }

    #[test]
    fn loopback_and_trusted_proxies_are_not_counted() {
        let proxies: TrustedProxies = serde_json::from_str(r#"["10.0.0.0/8"]"#).unwrap();
        let origin = |peer: &str| {
            let mut extensions = Extensions::new();
            extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 4711)));
            Client::of(&proxies, &extensions, &HeaderMap::new()).origin()
        };
        for peer in ["127.0.0.1", "::1", "::ffff:127.0.0.1", "10.1.2.3"] {
            assert_eq!(origin(peer), Origin::default(), "{peer}");
        }
        assert_eq!(origin("203.0.113.7").address, "203.0.113.7");
    }

    #[test]
    fn reads_only_the_nearest_entries_of_a_long_list() {
        let long = vec!["10.1.1.1"; 10_000].join(",");
        assert_eq!(client("10.0.0.1", &[&format!("203.0.113.7,{long}")]), "10.1.1.1");
    }
}
