//! A mail server, by SMTP.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, Error, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

use crate::notify::Delivery;
use crate::notify::answer::one_line;

use super::{MailConfig, MailError, MailTls};

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// Refusals of us and not of the letter (RFC 4954 section 6): the settings can be mended.
const OURS_TO_MEND: [u16; 5] = [454, 530, 534, 535, 538];

/// How long a server may take to say goodbye.
const PARTING: Duration = Duration::from_secs(1);

/// Most characters of what a server says that are kept for operators.
const LONGEST_REASON: usize = 500;

/// The connections to one server.
pub(super) struct Smtp {
    builder: AsyncSmtpTransportBuilder,
    /// Replaced when a try was cut: see [`Smtp::begin_anew`].
    transport: Mutex<Transport>,
    timeout: Duration,
}

impl Smtp {
    pub(super) fn new(host: &str, config: &MailConfig) -> Result<Self, MailError> {
        let limit = config.timeout.unsigned_abs();
        let mut builder = Transport::builder_dangerous(host)
            .port(config.port)
            .tls(protection(host, config)?)
            .timeout(Some(limit))
            .pool_config(PoolConfig::new().max_size(config.pool));
        if let Some(credentials) = credentials(config)? {
            builder = builder.credentials(credentials);
        }
        let transport = Mutex::new(builder.clone().build());
        Ok(Self { builder, transport, timeout: limit })
    }

    pub(super) async fn deliver(&self, message: Message) -> Delivery {
        let transport = self.transport();
        match timeout(self.timeout, transport.send(message)).await {
            Ok(Ok(response)) => Delivery::Delivered { status: response.code().into() },
            Ok(Err(error)) => judge(&error),
            Err(_) => {
                self.begin_anew(&transport).await;
                later(None, "the mail server takes too long".to_owned())
            }
        }
    }

    /// Connects, greets, turns to TLS, signs in, and asks for nothing (NOOP).
    pub(super) async fn examine(&self) -> Result<(), MailError> {
        let transport = self.transport();
        let tried = timeout(self.timeout, transport.test_connection()).await;
        part(&transport).await;
        match tried {
            Ok(Ok(true)) => Ok(()),
            Ok(Err(error)) => Err(MailError::Server(error)),
            Ok(Ok(false)) | Err(_) => Err(MailError::Silent),
        }
    }

    fn transport(&self) -> Transport {
        self.transport.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A try that was cut leaves its connection in the middle of a conversation, and the pool does
    /// not know: the next letter would read the answer to this one. So the whole pool goes.
    async fn begin_anew(&self, old: &Transport) {
        let new = self.builder.clone().build();
        *self.transport.lock().unwrap_or_else(PoisonError::into_inner) = new;
        part(old).await;
    }
}

/// Closes the connections that are kept. Whoever does not answer to that is left without a word.
async fn part(transport: &Transport) {
    let _silent = timeout(PARTING, transport.shutdown()).await;
}

fn protection(host: &str, config: &MailConfig) -> Result<Tls, MailError> {
    if config.tls == MailTls::None {
        return Ok(Tls::None);
    }
    let mut parameters = TlsParameters::builder(host.to_owned());
    if let Some(path) = &config.ca_file {
        parameters = parameters.add_root_certificate(certificates(path)?);
    }
    let parameters = parameters.build_rustls().map_err(MailError::Tls)?;
    Ok(match config.tls {
        MailTls::Tls => Tls::Wrapper(parameters),
        MailTls::Starttls | MailTls::None => Tls::Required(parameters),
    })
}

fn certificates(path: &Path) -> Result<Certificate, MailError> {
    let pem = std::fs::read(path).map_err(MailError::CaFile)?;
    Certificate::from_pem(&pem).map_err(MailError::Tls)
}

fn credentials(config: &MailConfig) -> Result<Option<Credentials>, MailError> {
    match (&config.user, &config.password) {
        (Some(user), Some(password)) => {
            Ok(Some(Credentials::new(user.clone(), password.expose_secret().to_owned())))
        }
        (None, None) => Ok(None),
        _ => Err(MailError::Credentials),
    }
}

/// 5xx is for ever, unless it is about us; everything else may pass.
fn judge(error: &Error) -> Delivery {
    let status = error.status().map(u16::from);
    let reason = said(error);
    match status {
        Some(code) if error.is_permanent() && !OURS_TO_MEND.contains(&code) => {
            Delivery::Never { status: code, reason }
        }
        _ => later(status, reason),
    }
}

fn later(status: Option<u16>, reason: String) -> Delivery {
    Delivery::Later { after: None, status, reason }
}

/// What the server said, without the addresses that servers like to repeat (S65).
fn said(error: &Error) -> String {
    let text: String = one_line(&error.to_string()).chars().take(LONGEST_REASON).collect();
    without_addresses(&text)
}

fn without_addresses(text: &str) -> String {
    let harmless = |word: &str| if word.contains('@') { "…".to_owned() } else { word.to_owned() };
    text.split(' ').map(harmless).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_repeats_of_an_address_is_not_kept() {
        let said = "550 5.1.1 <director@example.kz>: no such user director@example.kz here";
        assert_eq!(without_addresses(said), "550 5.1.1 … no such user … here");
    }
}
