//! The demo's connection to its own service.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use reqwest::{Certificate, Client};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use url::Url;

use crate::http::local_url;

/// Longest wait for one response. Phones give up after 30 s.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);

/// A connection with or without TLS.
pub(super) trait Connection: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Connection for S {}

#[derive(Clone)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) url: Url,
    /// The only trusted authority, in PEM. `None`: plain HTTP.
    authority: Option<String>,
}

impl Server {
    pub(super) fn new(address: SocketAddr, authority: Option<&str>) -> anyhow::Result<Self> {
        let url = local_url(address, authority.is_some()).parse()?;
        Ok(Self { address, url, authority: authority.map(ToOwned::to_owned) })
    }

    pub(super) fn client(&self) -> anyhow::Result<Client> {
        let client = Client::builder().no_proxy().timeout(TIMEOUT);
        Ok(match &self.authority {
            Some(pem) => client.tls_certs_only([Certificate::from_pem(pem.as_bytes())?]),
            None => client,
        }
        .build()?)
    }

    /// A raw connection, for requests that the caller writes byte by byte.
    pub(super) async fn connect(&self) -> anyhow::Result<Box<dyn Connection>> {
        let stream = TcpStream::connect(self.address).await?;
        let Some(pem) = &self.authority else { return Ok(Box::new(stream)) };
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(pem.as_bytes()).context("the authority")?)?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::from(self.address.ip());
        Ok(Box::new(TlsConnector::from(Arc::new(config)).connect(name, stream).await?))
    }
}
