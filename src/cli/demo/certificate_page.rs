//! A page over plain http from which a phone downloads the certificate of the demo's authority.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use anyhow::Context as _;
use askama::Template;
use axum::Router;
use axum::http::header;
use axum::response::Html;
use axum::routing::get;
use tokio::net::TcpListener;

use crate::shutdown::Shutdown;

const FILE: &str = "forte-media-demo.crt";
const PATH: &str = "/forte-media-demo.crt";
/// Android and iOS offer to install a file of this type.
const CONTENT_TYPE: &str = "application/x-x509-ca-cert";

#[derive(Template)]
#[template(path = "demo_certificate.html")]
struct CertificatePage<'a> {
    path: &'a str,
    file: &'a str,
    base: &'a str,
}

/// Serves the page on a free port and returns its URL.
pub(super) async fn start(
    listen: IpAddr,
    ip: IpAddr,
    (base, authority): (&str, String),
    shutdown: &Shutdown,
) -> anyhow::Result<String> {
    let page: Arc<str> = CertificatePage { path: PATH, file: FILE, base }.render()?.into();
    let certificate: Arc<str> = authority.into();
    let send_page = move || async move { Html(page.to_string()) };
    let send_certificate =
        move || async move { ([(header::CONTENT_TYPE, CONTENT_TYPE)], certificate.to_string()) };
    let router = Router::new().route("/", get(send_page)).route(PATH, get(send_certificate));
    let listener = TcpListener::bind(SocketAddr::new(listen, 0)).await;
    let listener = listener.context("cannot listen for the page of the certificate")?;
    let address = SocketAddr::new(ip, listener.local_addr()?.port());
    let serving = axum::serve(listener, router).into_future();
    shutdown.spawn(shutdown.soft().clone().run_until_cancelled_owned(serving));
    Ok(format!("http://{address}/"))
}
