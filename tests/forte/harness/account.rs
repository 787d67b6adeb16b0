//! Accounts with passwords, and requests that authenticate with them.

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

/// The account of 1C in these tests. Its password has characters outside ASCII.
pub(crate) const NODE: &str = "office-1c";
pub(crate) const PASSWORD: &str = "пароль: 1С-узла";

/// Adds an account of 1C.
pub(crate) async fn add_node(service: &Service, login: &str) {
    add_limited_node(service, login, &[]).await;
}

/// Adds an account of 1C that may be used only from these networks.
pub(crate) async fn add_limited_node(service: &Service, login: &str, networks: &[&str]) {
    let networks = networks.iter().map(|network| network.parse().unwrap()).collect();
    let new = AccountSpec { login: login.to_owned(), owner: AccountOwner::Exchange, networks };
    service.app.state.accounts.add(new, &PASSWORD.into()).await.unwrap();
}

/// An `Authorization` header with Basic credentials.
pub(crate) fn basic(login: &str, password: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{login}:{password}")))
}

/// A request with the credentials of [`NODE`].
pub(crate) fn request(method: &str, path: &str) -> Builder {
    let builder = Request::builder().method(method).uri(path);
    builder.header("Authorization", basic(NODE, PASSWORD))
}

/// Sends a GET with the credentials of [`NODE`].
pub(crate) async fn get(service: &Service, path: &str) -> Response<Body> {
    service.send(request("GET", path).body(Body::empty()).unwrap()).await
}

/// Sets the client address of a request.
pub(crate) fn from(address: &str, mut request: Request<Body>) -> Request<Body> {
    let peer: SocketAddr = format!("{address}:4711").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}
