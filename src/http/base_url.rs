//! The base of the addresses in the answer to one request.
//!
//! Without `http.public_url` it is the address that the client has used: an emulator, a phone in the LAN
//! and a tunnel each reach the service by another one. Anybody can write a `Host`, so such an address is
//! never stored nor sent to somebody else.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::uri::{Authority, PathAndQuery};
use axum::http::{HeaderMap, HeaderName, header};

use super::client::TrustedProxies;
use super::state::AppState;

const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Request extension: the request reached this process over TLS.
#[derive(Debug, Clone, Copy)]
pub(super) struct OverTls;

/// Without a trailing slash.
pub(super) struct BaseUrl(pub(super) String);

impl BaseUrl {
    pub(super) fn of(state: &AppState, head: &Parts) -> Self {
        let requested =
            || requested_base(&state.proxies, head).unwrap_or_else(|| state.local_url.clone());
        Self(state.public_url.clone().unwrap_or_else(requested))
    }
}

impl FromRequestParts<Arc<AppState>> for BaseUrl {
    type Rejection = Infallible;

    async fn from_request_parts(
        head: &mut Parts,
        state: &Arc<AppState>,
    ) -> Result<Self, Infallible> {
        Ok(Self::of(state, head))
    }
}

/// Whether the client uses TLS, according to `http.public_url`, a trusted proxy or the connection.
pub(super) fn is_secure(state: &AppState, head: &Parts) -> bool {
    BaseUrl::of(state, head).0.starts_with("https://")
}

/// Whether an `Origin` is this service: the public URL, or the URL that the client has used. The scheme is not
/// compared, because a proxy may terminate TLS without a header that says so.
pub(super) fn is_own_origin(state: &AppState, head: &Parts, origin: &str) -> bool {
    let host = |url: &str| url.split_once("://").map(|(_, host)| host.to_ascii_lowercase());
    let own = [state.public_url.clone(), requested_base(&state.proxies, head)];
    let Some(given) = host(origin) else { return false };
    own.into_iter().flatten().filter_map(|url| host(&url)).any(|own| {
        // A public URL may have a path.
        own.split('/').next() == Some(given.as_str())
    })
}

/// The address that the client has used, as far as the request tells it.
fn requested_base(proxies: &TrustedProxies, head: &Parts) -> Option<String> {
    let headers = &head.headers;
    let peer = head.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let is_trusted = peer.is_some_and(|peer| proxies.trust(peer));
    let (scheme, host) = if is_trusted { forwarded(headers) } else { (None, None) };
    // Without a header of the proxy, the scheme is that of our own connection.
    let is_tls = || head.extensions.get::<OverTls>().is_some();
    let is_secure = scheme.map_or_else(is_tls, |scheme| scheme == "https");
    let scheme = if is_secure { "https" } else { "http" };
    let host = safe_host(host.as_deref().or_else(|| own_host(head))?)?;
    Some(format!("{scheme}://{host}"))
}

/// The host that a request names.
fn own_host(head: &Parts) -> Option<&str> {
    head.uri.authority().map(Authority::as_str).or(single(&head.headers, &header::HOST))
}

/// The URL of a request, with the scheme `https`.
pub(super) fn https_url(head: &Parts) -> Option<String> {
    let path = head.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    Some(format!("https://{}{path}", safe_host(own_host(head)?)?))
}

/// The scheme and the host that a proxy was asked for. A chain of proxies appends its own after those of
/// the client.
fn forwarded(headers: &HeaderMap) -> (Option<String>, Option<String>) {
    if let Some(text) = single(headers, &header::FORWARDED) {
        let parameter = |name: &str| {
            let mut pairs = text.split(',').next()?.split(';').filter_map(|pair| {
                let (key, value) = pair.trim().split_once('=')?;
                key.eq_ignore_ascii_case(name).then(|| value.trim_matches('"').to_owned())
            });
            pairs.next()
        };
        return (parameter("proto").as_deref().map(lower), parameter("host"));
    }
    let first = |name| {
        let text = single(headers, name)?.split(',').next()?;
        Some(text.trim().to_owned())
    };
    (first(&X_FORWARDED_PROTO).as_deref().map(lower), first(&X_FORWARDED_HOST))
}

fn lower(text: &str) -> String {
    text.to_ascii_lowercase()
}

fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

/// A host with an optional port, and nothing else: no user, no path, no unspecified address.
fn safe_host(text: &str) -> Option<&str> {
    let authority: Authority = text.parse().ok()?;
    let host = authority.host();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let address = bare.parse::<IpAddr>().ok();
    let is_name = |text: &str| {
        !text.is_empty()
            && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte))
    };
    let is_safe = match address {
        Some(address) => !address.is_unspecified(),
        None => is_name(host),
    };
    let port = text.strip_prefix(host)?;
    let is_port = port.is_empty() || authority.port_u16().is_some_and(|port| port > 0);
    (is_safe && is_port).then_some(text)
}

/// `listen`, as it can be reached from this machine.
pub fn local_url(listen: SocketAddr, is_tls: bool) -> String {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::from([127, 0, 0, 1]),
        IpAddr::V6(ip) if ip.is_unspecified() => std::net::Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    let scheme = if is_tls { "https" } else { "http" };
    format!("{scheme}://{}", SocketAddr::new(ip, listen.port()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(peer: &str, headers: &[(&str, &str)]) -> Option<String> {
        let trusted = serde_json::from_str("[\"10.0.0.0/8\"]").unwrap();
        let mut request = axum::http::Request::get("/uploads");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut head, ()) = request.body(()).unwrap().into_parts();
        head.extensions.insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 5000)));
        requested_base(&trusted, &head)
    }

    #[test]
    fn an_address_is_built_from_the_host_that_the_client_has_used() {
        for host in ["10.0.2.2:8080", "phone.lan", "[fe80::1]:8080", "a-b_c.example:1"] {
            let base = base("192.0.2.1", &[("host", host)]);
            assert_eq!(base, Some(format!("http://{host}")));
        }
    }

    #[test]
    fn a_host_that_is_more_than_a_host_is_ignored() {
        for host in [
            "user@host",
            "host/path",
            "host:port",
            "host:0",
            "host:99999",
            "a b",
            "a\"b",
            "",
            ":80",
            "0.0.0.0:8080",
            "[::]:8080",
            "a,b",
            "a?b",
        ] {
            assert_eq!(base("192.0.2.1", &[("host", host)]), None, "{host}");
        }
        assert_eq!(base("192.0.2.1", &[]), None);
    }

    #[test]
    fn only_a_trusted_proxy_may_say_what_it_was_asked_for() {
        let forwarded = [("host", "inner"), ("forwarded", "for=1.2.3.4;Proto=HTTPS;host=\"m.kz\"")];
        assert_eq!(base("10.0.0.1", &forwarded).as_deref(), Some("https://m.kz"));
        assert_eq!(base("192.0.2.1", &forwarded).as_deref(), Some("http://inner"));
        let x =
            [("host", "inner"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "m.kz, i")];
        assert_eq!(base("10.0.0.1", &x).as_deref(), Some("https://m.kz"));
        assert_eq!(base("192.0.2.1", &x).as_deref(), Some("http://inner"));
        let scheme = [("host", "m.kz"), ("x-forwarded-proto", "https")];
        assert_eq!(base("10.0.0.1", &scheme).as_deref(), Some("https://m.kz"));
        let evil = [("host", "m.kz"), ("x-forwarded-host", "e@vil"), ("x-forwarded-proto", "ftp")];
        assert_eq!(base("10.0.0.1", &evil), None);
    }

    #[test]
    fn the_unspecified_address_never_appears() {
        let local = |listen: &str| local_url(listen.parse().unwrap(), false);
        assert_eq!(local("0.0.0.0:8080"), "http://127.0.0.1:8080");
        assert_eq!(local("[::]:8080"), "http://[::1]:8080");
        assert_eq!(local("192.0.2.7:80"), "http://192.0.2.7:80");
    }
}
