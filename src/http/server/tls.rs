//! TLS on the public listener. Its certificate is reloaded when its files change.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;

use super::certificate::{Certificate, PemFiles, TlsConfig, TlsError, Validity, provider};
use super::timed_stream::TimedStream;
use super::transport::Transport;
use crate::model::Clock;

/// Interval between two warnings of a certificate that clients refuse, or soon will.
const WARN_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// Accepts TLS on TCP streams.
pub(super) struct Tls {
    acceptor: TlsAcceptor,
    handshake_timeout: Duration,
}

/// Reloads the certificate when its files have changed, and warns before it expires.
pub(super) struct Reloader {
    current: Arc<CurrentCertificate>,
    certificate: Certificate,
    expiry_warning: SignedDuration,
    warned_at: Option<Timestamp>,
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
        let current = CurrentCertificate(RwLock::new(Arc::clone(&certificate.key)));
        let current = Arc::new(current);
        let acceptor = acceptor(Arc::clone(&current), key_file)?;
        let reloader = Reloader {
            current,
            certificate,
            expiry_warning: config.expiry_warning,
            warned_at: None,
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
        let clock = Clock::system();
        loop {
            if let Some(problem) = self.expiry_problem(clock.now()) {
                tracing::warn!(%problem, "the TLS certificate needs attention");
            }
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
                let key = Arc::clone(&certificate.key);
                *current.write().unwrap_or_else(PoisonError::into_inner) = key;
                (self.certificate, self.warned_at) = (certificate, None);
            }
            Err(error) => {
                tracing::warn!(%error, "the TLS certificate was not replaced; the previous one stays in use");
            }
        }
    }

    /// Why clients refuse the certificate or soon will; once a day, because the service runs for months and a
    /// failed renewal changes no file.
    fn expiry_problem(&mut self, now: Timestamp) -> Option<String> {
        if self.warned_at.is_some_and(|at| now < at + WARN_EVERY) {
            return None;
        }
        match self.certificate.validity(now, self.expiry_warning) {
            Validity::Valid(_) => None,
            Validity::ExpiresSoon(problem) | Validity::Invalid(problem) => {
                self.warned_at = Some(now);
                Some(problem)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair, date_time_ymd};

    use super::*;

    #[test]
    fn a_certificate_that_expires_is_reported_once_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        (params.not_before, params.not_after) =
            (date_time_ymd(2026, 1, 1), date_time_ymd(2026, 12, 1));
        std::fs::write(path("cert.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        std::fs::write(path("key.pem"), key.serialize_pem()).unwrap();
        let config = TlsConfig {
            cert_file: Some(path("cert.pem")),
            key_file: Some(path("key.pem")),
            handshake_timeout: SignedDuration::from_secs(10),
            reload_every: SignedDuration::from_secs(60),
            expiry_warning: SignedDuration::from_hours(168),
        };
        let (_, mut reloader) = Tls::open(&config).unwrap().unwrap();
        let mut problem = |at: &str| reloader.expiry_problem(at.parse().unwrap());
        assert_eq!(problem("2026-11-20T00:00:00Z"), None);
        let soon = problem("2026-11-25T00:00:00Z").unwrap();
        assert!(soon.starts_with("it expires in 6 days"), "{soon}");
        assert_eq!(problem("2026-11-25T23:59:59Z"), None);
        assert!(problem("2026-11-26T00:00:00Z").is_some());
        let expired = problem("2026-12-02T00:00:00Z").unwrap();
        assert!(expired.starts_with("it expired at 2026-12-01"), "{expired}");
    }
}
