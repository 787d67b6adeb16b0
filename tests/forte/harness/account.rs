//! Accounts with passwords, and requests that come in by them.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::request::Builder;
use axum::http::{Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forte_media::auth::AccountSpec;
use forte_media::database::AccountOwner;

use super::service::Service;

/// The account of 1C in these tests, and its password: letters that a header has to bear.
pub(crate) const NODE: &str = "office-1c";
pub(crate) const PASSWORD: &str = "пароль: 1С-узла";

/// Makes an account of 1C with this name.
pub(crate) async fn node(service: &Service, login: &str) {
    limited(service, login, &[]).await;
}

/// Makes an account of 1C that may be used from these networks.
pub(crate) async fn limited(service: &Service, login: &str, networks: &[&str]) {
    let networks = networks.iter().map(|network| network.parse().unwrap()).collect();
    let new = AccountSpec { login: login.to_owned(), owner: AccountOwner::Exchange, networks };
    service.app.accounts.add(new, &PASSWORD.into()).await.unwrap();
}

/// `Authorization` of the Basic kind.
pub(crate) fn basic(login: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{login}:{password}")))
}

/// A request of the node.
pub(crate) fn request(method: &str, path: &str) -> Builder {
    let builder = Request::builder().method(method).uri(path);
    builder.header("Authorization", basic(NODE, PASSWORD))
}

/// Asks as the node.
pub(crate) async fn get(service: &Service, path: &str) -> Response<Body> {
    service.send(request("GET", path).body(Body::empty()).unwrap()).await
}

/// Says where a request comes from.
pub(crate) fn from(address: &str, mut request: Request<Body>) -> Request<Body> {
    let peer: SocketAddr = format!("{address}:4711").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}
