//! The SMTP transport.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, Tls, TlsParameters};
use lettre::transport::smtp::{AsyncSmtpTransportBuilder, Error, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use secrecy::ExposeSecret as _;
use tokio::time::timeout;

use super::config::{MailConfig, MailTls};
use super::error::MailError;
use crate::notify::delivery::Delivery;
use crate::notify::response::one_line;

type Transport = AsyncSmtpTransport<Tokio1Executor>;

/// Replies about our authentication and not about the mail (RFC 4954 section 6): an operator can
/// correct the settings.
const AUTH_REPLIES: [u16; 5] = [454, 530, 534, 535, 538];

/// Limit for `QUIT`.
const QUIT_TIMEOUT: Duration = Duration::from_secs(1);

/// In characters.
const MAX_REASON_LENGTH: usize = 500;

/// A connection pool to one server.
pub(super) struct Smtp {
    builder: AsyncSmtpTransportBuilder,
    /// Replaced after a timeout: see [`Smtp::replace_pool`].
    transport: Mutex<Transport>,
    timeout: Duration,
}

impl Smtp {
    pub(super) fn new(host: &str, config: &MailConfig) -> Result<Self, MailError> {
        let limit = config.timeout.unsigned_abs();
        let mut builder = Transport::builder_dangerous(host)
            .port(config.port)
            .tls(tls(host, config)?)
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
            Ok(Err(error)) => classify(&error),
            Err(_) => {
                self.replace_pool(&transport).await;
                Delivery::failed("the mail server takes too long".to_owned())
            }
        }
    }

    /// Connects, authenticates and sends NOOP.
    pub(super) async fn check_connection(&self) -> Result<(), MailError> {
        let transport = self.transport();
        let result = timeout(self.timeout, transport.test_connection()).await;
        quit(&transport).await;
        match result {
            Ok(Ok(true)) => Ok(()),
            Ok(Err(error)) => Err(MailError::Server(error)),
            Ok(Ok(false)) | Err(_) => Err(MailError::Timeout),
        }
    }

    fn transport(&self) -> Transport {
        self.transport.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// An attempt that timed out leaves its connection in the middle of a dialogue, and the pool does not
    /// know: the next mail would read the reply to this one. So the whole pool is replaced.
    async fn replace_pool(&self, old: &Transport) {
        let new = self.builder.clone().build();
        *self.transport.lock().unwrap_or_else(PoisonError::into_inner) = new;
        quit(old).await;
    }
}

/// Closes the idle connections, and gives up on a server that does not answer.
async fn quit(transport: &Transport) {
    let _elapsed = timeout(QUIT_TIMEOUT, transport.shutdown()).await;
}

fn tls(host: &str, config: &MailConfig) -> Result<Tls, MailError> {
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

/// 5xx is permanent, unless it is about our authentication.
fn classify(error: &Error) -> Delivery {
    let status = error.status().map(u16::from);
    let reason = reason(error);
    match status {
        Some(code) if error.is_permanent() && !AUTH_REPLIES.contains(&code) => {
            Delivery::Rejected { status: code, reason }
        }
        _ => Delivery::Retry { after: None, status, reason },
    }
}

/// The server's reply, without the addresses that it may repeat (S65).
fn reason(error: &Error) -> String {
    let text: String = one_line(&error.to_string()).chars().take(MAX_REASON_LENGTH).collect();
    without_addresses(&text)
}

fn without_addresses(text: &str) -> String {
    let redact = |word| if str::contains(word, '@') { "…" } else { word };
    text.split(' ').map(redact).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_in_a_reply_are_redacted() {
        let reply = "550 5.1.1 <director@example.kz>: no such user director@example.kz here";
        assert_eq!(without_addresses(reply), "550 5.1.1 … no such user … here");
    }
}
