//! Who is at the other end: the address that limits count by.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use serde::Deserialize;

use super::AppState;
use crate::model::Network;

/// What proxies write the addresses before them into.
const FORWARDED: &str = "x-forwarded-for";

/// How many hops are looked at: nobody stands behind more proxies.
const MOST_HOPS: usize = 16;

/// How much of an IPv6 address one customer of a provider has.
const CUSTOMER_V6: u8 = 64;

/// `http.trusted_proxies`: from whom `X-Forwarded-For` is believed (S51).
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Proxies(Vec<Network>);

impl Proxies {
    fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(address))
    }

    /// The nearest address that is no proxy of ours. What it says of itself and of those behind it,
    /// anybody could have written.
    fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut nearest = peer.to_canonical();
        for hop in hops(headers).take(MOST_HOPS) {
            if !self.trust(nearest) {
                break;
            }
            let Some(hop) = hop else { break };
            nearest = hop;
        }
        nearest
    }
}

/// The addresses proxies have written down, the nearest first; none where one cannot be read.
fn hops(headers: &HeaderMap) -> impl Iterator<Item = Option<IpAddr>> {
    let lines = headers.get_all(FORWARDED).iter().rev();
    lines.flat_map(|line| line.to_str().unwrap_or("?").rsplit(',').map(hop))
}

fn hop(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let alone = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    alone.parse().or_else(|_| with_port()).ok().map(|address: IpAddr| address.to_canonical())
}

/// Where a request comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Client(pub(super) IpAddr);

impl Client {
    /// Of a request with these headers and extensions. In a test there is no peer: it is this machine.
    pub(super) fn of(state: &AppState, extensions: &Extensions, headers: &HeaderMap) -> Self {
        let peer = extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        Self(state.proxies.client(peer.unwrap_or(std::net::Ipv4Addr::LOCALHOST.into()), headers))
    }
}

/// The network that limits count by: an IPv4 address, or what one customer has of IPv6.
impl fmt::Display for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => fmt::Display::fmt(&address, out),
            IpAddr::V6(address) => {
                let mask = u128::MAX << (128 - CUSTOMER_V6);
                let network = Ipv6Addr::from_bits(address.to_bits() & mask);
                write!(out, "{network}/{CUSTOMER_V6}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(peer: &str, forwarded: &[&str]) -> String {
        let trusted = ["10.0.0.0/8", "127.0.0.1", "fd00::/8"];
        let networks = serde_json::to_string(&trusted).unwrap();
        let proxies: Proxies = serde_json::from_str(&networks).unwrap();
        let mut headers = HeaderMap::new();
        for line in forwarded {
            headers.append(FORWARDED, line.parse().unwrap());
        }
        Client(proxies.client(peer.parse().unwrap(), &headers)).to_string()
    }

    /// S51
    #[test]
    fn who_is_no_proxy_of_ours_speaks_for_nobody() {
        assert_eq!(client("203.0.113.7", &["198.51.100.1"]), "203.0.113.7");
    }

    #[test]
    fn a_proxy_says_for_whom_it_asks() {
        assert_eq!(client("10.0.0.1", &["203.0.113.7"]), "203.0.113.7");
        assert_eq!(client("::ffff:127.0.0.1", &["203.0.113.7:4711"]), "203.0.113.7");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn of_several_the_nearest_that_is_no_proxy_counts() {
        assert_eq!(client("10.0.0.1", &["1.2.3.4, 203.0.113.7, 10.1.1.1"]), "203.0.113.7");
        assert_eq!(client("10.0.0.1", &["1.2.3.4", "203.0.113.7"]), "203.0.113.7");
        assert_eq!(client("10.0.0.1", &["1.2.3.4, nonsense, 10.1.1.1"]), "10.1.1.1");
    }

    #[test]
    fn of_ipv6_a_whole_customer_is_one() {
        assert_eq!(client("fd00::1", &["2a02:1:2:3:4:5:6:7"]), "2a02:1:2:3::/64");
        assert_eq!(client("fd00::1", &["[2a02:1:2:3::9]:80"]), "2a02:1:2:3::/64");
    }

    #[test]
    fn a_long_list_is_not_read_to_its_end() {
        let long = vec!["10.1.1.1"; 10_000].join(",");
        assert_eq!(client("10.0.0.1", &[&format!("203.0.113.7,{long}")]), "10.1.1.1");
    }
}
