//! TLS to the mail server.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use mail_send::SmtpClient;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Why TLS cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("mail.host is neither a name nor an address")]
    Host,
    #[error("mail.ca_file: {} cannot be read", .0.display())]
    CaFile(PathBuf, #[source] io::Error),
    #[error("mail.ca_file: {} has no certificate in PEM", .0.display())]
    NoCertificate(PathBuf),
    #[error("mail.ca_file: {} has a certificate that cannot be used", .0.display())]
    Certificate(PathBuf, #[source] rustls::Error),
    #[error("TLS to the mail server cannot be set up")]
    Setup(#[from] rustls::Error),
}

type EncryptedClient = mail_send::Result<SmtpClient<TlsStream<TcpStream>>>;

pub(super) struct TlsClient {
    connector: TlsConnector,
    host: String,
}

impl TlsClient {
    /// Trusts the certificates of the system, and those in `ca_file`.
    pub(super) fn new(host: &str, ca_file: Option<&Path>) -> Result<Self, TlsError> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        if let Some(path) = ca_file {
            for certificate in certificates(path)? {
                let unusable = |error| TlsError::Certificate(path.to_owned(), error);
                roots.add(certificate).map_err(unusable)?;
            }
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        ServerName::try_from(host).map_err(|_| TlsError::Host)?;
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), host: host.to_owned() })
    }

    /// TLS from the first byte.
    pub(super) async fn encrypt(&self, client: SmtpClient<TcpStream>) -> EncryptedClient {
        client.into_tls(&self.connector, &self.host).await
    }

    /// TLS after STARTTLS. Bytes that were received before the handshake are discarded, so that nobody can inject
    /// replies in plain text.
    pub(super) async fn start(&self, client: SmtpClient<TcpStream>) -> EncryptedClient {
        client.start_tls(&self.connector, &self.host).await
    }
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let pem = std::fs::read(path).map_err(|error| TlsError::CaFile(path.to_owned(), error))?;
    let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = parsed.ok().filter(|certificates| !certificates.is_empty());
    found.ok_or_else(|| TlsError::NoCertificate(path.to_owned()))
}
