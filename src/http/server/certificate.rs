//! The certificate of the public listener and its key, read from their files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use rustls::InconsistentKeys;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use serde::Deserialize;

/// The section `[http.tls]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TlsConfig {
    /// The certificate, followed by the intermediate ones, in PEM. Setting it turns TLS on.
    pub cert_file: Option<PathBuf>,
    /// The key of the first certificate, in PEM.
    pub key_file: Option<PathBuf>,
    /// Time for a handshake.
    pub handshake_timeout: SignedDuration,
    /// How often the files are read again.
    pub reload_every: SignedDuration,
    /// Remaining validity below which a certificate is reported.
    pub expiry_warning: SignedDuration,
}

/// Why TLS cannot be offered. Each message names the setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    #[error(
        "{missing} is not set, but the other setting of the pair is: TLS needs http.tls.cert_file and http.tls.key_file"
    )]
    Incomplete { missing: &'static str },
    #[error("{key}: {} cannot be read: {why}", .path.display())]
    Unreadable { key: &'static str, path: PathBuf, why: String },
    #[error("http.tls.cert_file: {} has no certificate in PEM", .0.display())]
    NoCertificate(PathBuf),
    #[error("http.tls.cert_file: the first certificate in {} cannot be read", .0.display())]
    Malformed(PathBuf),
    #[error("http.tls.key_file: {} has no private key in PEM; a key with a passphrase cannot be used", .0.display())]
    NoKey(PathBuf),
    #[error("http.tls.key_file: {} is not the key of the first certificate in {}", .key.display(), .certificate.display())]
    OtherKey { key: PathBuf, certificate: PathBuf },
    #[error("http.tls.key_file: {} cannot be used: {why}", .path.display())]
    Unusable { path: PathBuf, why: String },
}

/// A certificate with its key.
#[derive(Debug)]
pub struct Certificate {
    pub(super) key: Arc<CertifiedKey>,
    valid_from: Timestamp,
    pub valid_until: Timestamp,
}

/// How long a certificate is valid, in a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Validity {
    Valid(String),
    /// It expires soon.
    ExpiresSoon(String),
    /// Clients refuse it.
    Invalid(String),
}

/// The contents of both files.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct PemFiles {
    certificates: Vec<u8>,
    key: Vec<u8>,
}

impl TlsConfig {
    /// Whether the listener uses TLS.
    pub fn is_on(&self) -> bool {
        set(self.cert_file.as_deref()).is_some()
    }

    /// Reads the certificate and its key. `None` if TLS is off.
    pub fn load(&self) -> Result<Option<Certificate>, TlsError> {
        let Some((cert_file, key_file)) = self.files()? else { return Ok(None) };
        PemFiles::read(cert_file, key_file)?.parse(cert_file, key_file).map(Some)
    }

    pub(super) fn files(&self) -> Result<Option<(&Path, &Path)>, TlsError> {
        match (set(self.cert_file.as_deref()), set(self.key_file.as_deref())) {
            (Some(cert_file), Some(key_file)) => Ok(Some((cert_file, key_file))),
            (Some(_), None) => Err(TlsError::Incomplete { missing: "http.tls.key_file" }),
            (None, Some(_)) => Err(TlsError::Incomplete { missing: "http.tls.cert_file" }),
            (None, None) => Ok(None),
        }
    }
}

/// An empty path means "not set", as everywhere in the settings.
fn set(path: Option<&Path>) -> Option<&Path> {
    path.filter(|path| !path.as_os_str().is_empty())
}

impl PemFiles {
    pub(super) fn read(cert_file: &Path, key_file: &Path) -> Result<Self, TlsError> {
        let read = |key, path: &Path| {
            std::fs::read(path).map_err(|error| {
                let (path, why) = (path.to_owned(), error.to_string());
                TlsError::Unreadable { key, path, why }
            })
        };
        Ok(Self {
            certificates: read("http.tls.cert_file", cert_file)?,
            key: read("http.tls.key_file", key_file)?,
        })
    }

    /// Checks that the key belongs to the certificate. The paths are for messages.
    pub(super) fn parse(&self, cert_file: &Path, key_file: &Path) -> Result<Certificate, TlsError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&self.certificates).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let chain = chain.ok_or_else(|| TlsError::NoCertificate(cert_file.to_owned()))?;
        let (valid_from, valid_until) =
            validity(&chain).ok_or_else(|| TlsError::Malformed(cert_file.to_owned()))?;
        let key = PrivateKeyDer::from_pem_slice(&self.key);
        let key = key.map_err(|_| TlsError::NoKey(key_file.to_owned()))?;
        let key = CertifiedKey::from_der(chain, key, &provider());
        let key = key.map_err(|error| match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
                TlsError::OtherKey { key: key_file.to_owned(), certificate: cert_file.to_owned() }
            }
            why => TlsError::Unusable { path: key_file.to_owned(), why: why.to_string() },
        })?;
        Ok(Certificate { key: Arc::new(key), valid_from, valid_until })
    }
}

impl Certificate {
    /// Whether clients accept the certificate now, and still will after `warning`.
    pub fn validity(&self, now: Timestamp, warning: SignedDuration) -> Validity {
        let day = |time: Timestamp| time.strftime("%F %R UTC").to_string();
        let left = self.valid_until.duration_since(now);
        let days = left.as_hours() / 24;
        if left.is_negative() {
            Validity::Invalid(format!("it expired at {}", day(self.valid_until)))
        } else if now < self.valid_from {
            Validity::Invalid(format!("it is not valid before {}", day(self.valid_from)))
        } else if left < warning {
            let until = day(self.valid_until);
            Validity::ExpiresSoon(format!("it expires in {days} days, at {until}: renew it"))
        } else {
            Validity::Valid(format!("it is valid until {}", day(self.valid_until)))
        }
    }
}

pub(super) fn provider() -> CryptoProvider {
    rustls::crypto::aws_lc_rs::default_provider()
}

/// The start and the end of the first certificate's validity.
fn validity(chain: &[CertificateDer<'_>]) -> Option<(Timestamp, Timestamp)> {
    let (_, certificate) = x509_parser::parse_x509_certificate(chain.first()?).ok()?;
    let validity = certificate.validity();
    let time = |time: x509_parser::time::ASN1Time| Timestamp::from_second(time.timestamp()).ok();
    Some((time(validity.not_before)?, time(validity.not_after)?))
}
