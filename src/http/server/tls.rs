//! TLS on the public listener. Its certificate is reloaded when its files change.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::certificate::{PemFiles, TlsConfig, TlsError, provider};
use super::timed_stream::TimedStream;
use super::transport::Transport;

/// Accepts TLS on TCP streams.
pub(super) struct Tls {
    acceptor: TlsAcceptor,
    handshake_timeout: Duration,
}

/// Reloads the certificate when its files have changed.
pub(super) struct Reloader {
    current: Arc<CurrentCertificate>,
    cert_file: PathBuf,
    key_file: PathBuf,
    every: Duration,
    /// The result of the last read, so that a change is logged only once.
    seen: Result<PemFiles, TlsError>,
}

/// The certificate for new handshakes.
#[derive(Debug)]
struct CurrentCertificate(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for CurrentCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Tls {
    /// `None` if TLS is off.
    pub(super) fn open(config: &TlsConfig) -> Result<Option<(Self, Reloader)>, TlsError> {
        let Some((cert_file, key_file)) = config.files()? else { return Ok(None) };
        let files = PemFiles::read(cert_file, key_file)?;
        let certificate = files.parse(cert_file, key_file)?;
        tracing::info!(valid_until = %certificate.valid_until, "TLS certificate loaded");
        let current = Arc::new(CurrentCertificate(RwLock::new(certificate.key)));
        let acceptor = acceptor(Arc::clone(&current), key_file)?;
        let reloader = Reloader {
            current,
            cert_file: cert_file.to_owned(),
            key_file: key_file.to_owned(),
            every: config.reload_every.unsigned_abs(),
            seen: Ok(files),
        };
        let handshake_timeout = config.handshake_timeout.unsigned_abs();
        Ok(Some((Self { acceptor, handshake_timeout }, reloader)))
    }

    /// Performs the handshake. A client that sends plain HTTP gets a plain stream, on which it is told to use
    /// https.
    pub(super) async fn accept(&self, stream: TimedStream) -> io::Result<Transport> {
        let accept = async {
            // A TLS handshake begins with byte 22, an HTTP request with a letter.
            if stream.peek_first_byte().await?.is_some_and(|byte| byte.is_ascii_alphabetic()) {
                return Ok(Transport::Plain(stream));
            }
            let stream = self.acceptor.accept(stream).await?;
            Ok(Transport::Tls(Box::new(stream)))
        };
        timeout(self.handshake_timeout, accept).await?
    }
}

fn acceptor(
    certificate: Arc<CurrentCertificate>,
    key_file: &Path,
) -> Result<TlsAcceptor, TlsError> {
    let unusable = |error: rustls::Error| {
        let (path, why) = (key_file.to_owned(), error.to_string());
        TlsError::Unusable { path, why }
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    // The accept loop supports only HTTP/1.1.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

impl Reloader {
    /// Reads the files at an interval until the future is dropped.
    pub(super) async fn run(mut self) {
        loop {
            sleep(self.every).await;
            let (cert_file, key_file) = (self.cert_file.clone(), self.key_file.clone());
            let read = move || PemFiles::read(&cert_file, &key_file);
            if let Ok(files) = tokio::task::spawn_blocking(read).await {
                self.replace(files);
            }
        }
    }

    /// Uses the files if they differ from the last read. If the pair is unusable, the previous certificate stays:
    /// an operator may have replaced only the first of the two files.
    fn replace(&mut self, files: Result<PemFiles, TlsError>) {
        if files == self.seen {
            return;
        }
        self.seen.clone_from(&files);
        match files.and_then(|files| files.parse(&self.cert_file, &self.key_file)) {
            Ok(certificate) => {
                tracing::info!(valid_until = %certificate.valid_until, "TLS certificate replaced");
                let current = &self.current.0;
                *current.write().unwrap_or_else(PoisonError::into_inner) = certificate.key;
            }
            Err(error) => {
                tracing::warn!(%error, "the TLS certificate was not replaced; the previous one stays in use");
            }
        }
    }
}
