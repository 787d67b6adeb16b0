//! The HTTP client for outgoing calls, protected against SSRF: no configured name or redirect can make
//! this service call into its own network.
//!
//! Addresses are checked after DNS resolution, and the connection goes to the checked address, which
//! defeats DNS rebinding.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use ipnet::{Ipv4Net, Ipv6Net};
use jiff::SignedDuration;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::{Client, redirect};
use tokio::net::lookup_host;
use url::{Host, Url};

use crate::model::Network;

const USER_AGENT: &str = concat!("forte-media/", env!("CARGO_PKG_VERSION"));

const fn v4(a: u8, b: u8, c: u8, prefix: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, 0), prefix)
}

const fn v6(a: u16, b: u16, prefix: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(a, b, 0, 0, 0, 0, 0, 0), prefix)
}

/// IPv4 networks that are not public (IANA special-purpose registry, RFC 6890).
const SPECIAL_V4: &[Ipv4Net] = &[
    v4(0, 0, 0, 8),       // this network
    v4(10, 0, 0, 8),      // private
    v4(100, 64, 0, 10),   // carrier-grade NAT
    v4(127, 0, 0, 8),     // loopback
    v4(169, 254, 0, 16),  // link-local, cloud metadata
    v4(172, 16, 0, 12),   // private
    v4(192, 0, 0, 24),    // protocol assignments
    v4(192, 0, 2, 24),    // documentation
    v4(192, 88, 99, 24),  // 6to4 relays
    v4(192, 168, 0, 16),  // private
    v4(198, 18, 0, 15),   // benchmarks
    v4(198, 51, 100, 24), // documentation
    v4(203, 0, 113, 24),  // documentation
    v4(224, 0, 0, 4),     // multicast
    v4(240, 0, 0, 4),     // reserved, broadcast
];

/// All global unicast addresses of IPv6 (RFC 4291 section 2.4, IANA).
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 3);

/// Networks within [`GLOBAL_V6`] that are not public.
const SPECIAL_V6: &[Ipv6Net] = &[
    v6(0x2001, 0, 23),     // protocol assignments, among them Teredo, which embeds IPv4
    v6(0x2001, 0xdb8, 32), // documentation
    v6(0x2002, 0, 16),     // 6to4, which embeds IPv4
    v6(0x3fff, 0, 20),     // documentation
];

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => !SPECIAL_V4.iter().any(|network| network.contains(&address)),
        IpAddr::V6(address) => {
            GLOBAL_V6.contains(&address)
                && !SPECIAL_V6.iter().any(|network| network.contains(&address))
        }
    }
}

/// No resolved address may be called.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is neither a public address reached by https nor in notify.allow_networks")]
pub struct AddressDenied(String);

/// A configured URL cannot be called.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    #[error("must be an https (or http) URL without a user name in it")]
    Url,
    #[error("has an address that may not be called")]
    AddressDenied(#[from] AddressDenied),
    #[error("is http, which is allowed only for networks in notify.allow_networks")]
    Unencrypted,
}

/// Parses a URL, with the policy for its addresses. A literal address is checked here, because the
/// resolver never sees it.
pub(super) fn parse_target(
    url: &str,
    allowed: &[Network],
) -> Result<(Url, AddressPolicy), TargetError> {
    let url = Url::parse(url).map_err(|_| TargetError::Url)?;
    let has_user = !url.username().is_empty() || url.password().is_some();
    if has_user || !matches!(url.scheme(), "https" | "http") {
        return Err(TargetError::Url);
    }
    let encrypted = url.scheme() == "https";
    if !encrypted && allowed.is_empty() {
        return Err(TargetError::Unencrypted);
    }
    let policy = AddressPolicy { allowed: allowed.into(), encrypted };
    match url.host() {
        Some(Host::Ipv4(address)) => policy.check(IpAddr::V4(address))?,
        Some(Host::Ipv6(address)) => policy.check(IpAddr::V6(address))?,
        Some(Host::Domain(_)) => {}
        None => return Err(TargetError::Url),
    }
    Ok((url, policy))
}

/// Builds a client that resolves names through the policy. It follows no redirects, because their
/// targets are unchecked, and ignores proxies from the environment, which would resolve the name
/// themselves.
pub(super) fn build_client(
    policy: AddressPolicy,
    timeout: SignedDuration,
) -> Result<Client, reqwest::Error> {
    Client::builder()
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .dns_resolver(policy)
        .timeout(timeout.unsigned_abs())
        .build()
}

/// Public addresses may be called when the connection is encrypted, `allowed` networks always.
#[derive(Debug, Clone)]
pub(super) struct AddressPolicy {
    allowed: Arc<[Network]>,
    encrypted: bool,
}

impl AddressPolicy {
    fn check(&self, address: IpAddr) -> Result<(), AddressDenied> {
        // ::ffff:127.0.0.1 is 127.0.0.1.
        let address = address.to_canonical();
        let allowed = self.allowed.iter().any(|network| network.contains(address));
        if allowed || (self.encrypted && is_public(address)) {
            Ok(())
        } else {
            Err(AddressDenied(address.to_string()))
        }
    }
}

impl Resolve for AddressPolicy {
    /// The addresses of a name that may be called.
    fn resolve(&self, name: Name) -> Resolving {
        let policy = self.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = lookup_host((name.as_str(), 0)).await?.collect();
            let (allowed, denied): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|address| policy.check(address.ip()).is_ok());
            if allowed.is_empty() {
                let denied: Vec<_> =
                    denied.iter().map(|address| address.ip().to_string()).collect();
                return Err(AddressDenied(denied.join(", ")).into());
            }
            Ok(Box::new(allowed.into_iter()) as Addrs)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, allowed: &[&str], encrypted: bool) -> bool {
        let allowed: Vec<Network> = allowed.iter().map(|one| one.parse().unwrap()).collect();
        let policy = AddressPolicy { allowed: allowed.into(), encrypted };
        policy.check(address.parse().unwrap()).is_ok()
    }

    #[test]
    fn public_addresses_need_https() {
        for address in ["8.8.8.8", "100.63.255.255", "172.32.0.1", "2606:4700::1111"] {
            assert!(check(address, &[], true), "{address}");
            assert!(!check(address, &[], false), "{address}");
        }
    }

    #[test]
    fn special_addresses_are_refused() {
        let special = [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "169.254.169.254",
            "172.31.255.255",
            "192.168.1.1",
            "198.19.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "fd00:ec2::254",
            "fe80::1",
            "ff02::1",
            "2001:0:1::1",
            "2001:db8::1",
            "2002:7f00:1::1",
        ];
        for address in special {
            assert!(!check(address, &[], true), "{address}");
        }
    }

    #[test]
    fn an_allowed_network_may_be_called_without_https() {
        assert!(check("192.168.7.9", &["192.168.0.0/16"], false));
        assert!(check("::ffff:192.168.7.9", &["192.168.7.9"], false));
        assert!(check("fd00::1", &["fd00::/8"], true));
        assert!(!check("10.0.0.1", &["192.168.0.0/16", "fd00::/8"], true));
    }
}
