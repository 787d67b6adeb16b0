//! The keys under which rate limits count a network address.

use std::net::IpAddr;

/// Where a request comes from, for limits. Both keys are empty for a client that limits never count:
/// loopback and trusted proxies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// The key of its address.
    pub address: String,
    /// The key of its network, for an attacker with many addresses: /24 of IPv4, /48 of IPv6.
    pub network: String,
}

impl Origin {
    pub fn of(address: IpAddr) -> Self {
        Self { address: address_key(address), network: network_key(address) }
    }
}

fn network_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            format!("{a}.{b}.{c}.0/24")
        }
        IpAddr::V6(v6) => {
            let [a, b, c, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}::/48")
        }
    }
}

/// An IPv4 address, or the /64 network of an IPv6 address: providers give each customer one.
pub fn address_key(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_one_ipv6_network_share_a_key() {
        let key = |text: &str| address_key(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    }
    #[test]
    fn addresses_of_one_provider_network_share_a_key() {
        let key = |text: &str| Origin::of(text.parse().unwrap()).network;
        assert_eq!(key("203.0.113.7"), "203.0.113.0/24");
        assert_eq!(key("::ffff:203.0.113.9"), key("203.0.113.7"));
        assert_eq!(key("2001:db8:1:2::1"), "2001:db8:1::/48");
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:2:2::1"));
    }
}
