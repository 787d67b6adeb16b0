//! A connection to a mail server. `mail-send` speaks SMTP; a reply counts by its number, whatever the charset
//! of its text.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mail_send::smtp::AssertReply as _;
use mail_send::smtp::message::Parameters;
use mail_send::{Credentials, SmtpClient};
use secrecy::{ExposeSecret as _, SecretString};
use smtp_proto::{AUTH_LOGIN, AUTH_PLAIN, EXT_SMTP_UTF8, EXT_START_TLS, EhloResponse, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::tls::TlsClient;
use crate::notify::response::shortened;

/// What a server must offer for an address whose part before the @ is outside ASCII.
pub(super) const SMTPUTF8: &str = "addresses outside ASCII (SMTPUTF8)";

/// How a connection is opened.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: Encryption,
    /// The name in EHLO; `None`: our address on the connection.
    pub(super) hello_name: Option<String>,
    pub(super) credentials: Option<(String, SecretString)>,
    /// For one command.
    pub(super) timeout: Duration,
}

pub(super) enum Encryption {
    None,
    /// From the first byte.
    Tls(TlsClient),
    Starttls(TlsClient),
}

/// The addresses of a mail and its bytes, with line ends of CR LF.
pub(super) struct Envelope<'m> {
    pub(super) from: &'m str,
    pub(super) to: &'m str,
    pub(super) message: &'m [u8],
}

#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    #[error("the connection to the mail server failed")]
    Io(#[from] io::Error),
    #[error("the mail server answers {command} with {code} {text}")]
    Refused { command: &'static str, code: u16, text: String },
    #[error("the mail server does not offer {0}")]
    NotOffered(&'static str),
    #[error("the mail server does not answer {command} as RFC 5321 says ({reason})")]
    Malformed { command: &'static str, reason: String },
}

pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

type Client<S = Box<dyn Stream>> = SmtpClient<S>;

pub(super) struct Connection {
    client: Client,
    offered: EhloResponse<String>,
}

impl Connection {
    /// Connects, encrypts and authenticates as the settings say.
    pub(super) async fn open(server: &Server) -> Result<Self, SmtpError> {
        let stream = TcpStream::connect((server.host.as_str(), server.port)).await?;
        let hello = server.hello_name.clone();
        let hello = hello.map_or_else(|| stream.local_addr().map(literal), Ok)?;
        let client = SmtpClient { stream, timeout: server.timeout };
        let mut client = match &server.encryption {
            Encryption::None => boxed(greeted(client).await?),
            Encryption::Tls(tls) => {
                boxed(greeted(tls.encrypt(client).await.map_err(at("TLS"))?).await?)
            }
            Encryption::Starttls(tls) => {
                let mut client = greeted(client).await?;
                let offered = client.ehlo(&hello).await.map_err(at("EHLO"))?;
                if !offered.has_capability(EXT_START_TLS) {
                    return Err(SmtpError::NotOffered("STARTTLS"));
                }
                boxed(tls.start(client).await.map_err(at("STARTTLS"))?)
            }
        };
        let offered = client.ehlo(&hello).await.map_err(at("EHLO"))?;
        let mut connection = Self { client, offered };
        if let Some((user, password)) = &server.credentials {
            connection.authenticate(user, password.expose_secret()).await?;
        }
        Ok(connection)
    }

    async fn authenticate(&mut self, user: &str, password: &str) -> Result<(), SmtpError> {
        // mail-send prefers other mechanisms, and cannot fall back to these after a challenge.
        self.offered.auth_mechanisms &= AUTH_PLAIN | AUTH_LOGIN;
        let credentials = Credentials::new(user, password);
        self.client.authenticate(credentials, &self.offered).await.map_err(at("AUTH"))?;
        Ok(())
    }

    /// Sends a mail. Returns the code of the last reply.
    pub(super) async fn send(&mut self, envelope: &Envelope<'_>) -> Result<u16, SmtpError> {
        self.address(envelope.from, envelope.to).await?;
        let reply = self.client.data(envelope.message).await.map_err(at("the mail"))?;
        Ok(reply.code)
    }

    /// Names sender and recipient, without a mail.
    pub(super) async fn address(&mut self, from: &str, to: &str) -> Result<(), SmtpError> {
        let mut parameters = Parameters::new();
        if !(from.is_ascii() && to.is_ascii()) {
            if !self.offered.has_capability(EXT_SMTP_UTF8) {
                return Err(SmtpError::NotOffered(SMTPUTF8));
            }
            parameters.add("SMTPUTF8");
        }
        self.client.mail_from(from, &parameters).await.map_err(at("MAIL"))?;
        self.client.rcpt_to(to, &Parameters::new()).await.map_err(at("RCPT"))
    }

    /// Whether the server still answers.
    pub(super) async fn is_alive(&mut self) -> bool {
        self.client.noop().await.is_ok()
    }

    pub(super) async fn quit(self) {
        let _closed = self.client.quit().await;
    }
}

fn boxed(client: Client<impl Stream + 'static>) -> Client {
    SmtpClient { stream: Box::new(client.stream), timeout: client.timeout }
}

/// Reads the first line of the server.
async fn greeted<S: Stream>(mut client: Client<S>) -> Result<Client<S>, SmtpError> {
    let greeting = client.read().await.map_err(at("the connection"))?;
    greeting.assert_positive_completion().map_err(at("the connection"))?;
    Ok(client)
}

/// An error of the library, with the command that it is about.
fn at(command: &'static str) -> impl Fn(mail_send::Error) -> SmtpError {
    use mail_send::Error;
    move |error| match error {
        Error::Io(error) => SmtpError::Io(error),
        Error::Tls(error) => SmtpError::Io(io::Error::other(error)),
        Error::UnexpectedReply(reply) | Error::AuthenticationFailed(reply) => {
            SmtpError::Refused { command, code: reply.code, text: text(&reply) }
        }
        Error::UnsupportedAuthMechanism => SmtpError::NotOffered("AUTH PLAIN or AUTH LOGIN"),
        error => SmtpError::Malformed { command, reason: error.to_string() },
    }
}

/// The words of a reply, after its enhanced code (RFC 3463) if it has one.
fn text(reply: &Response<String>) -> String {
    match reply.esc {
        [0, ..] => shortened(&reply.message),
        [class, subject, detail] => {
            shortened(&format!("{class}.{subject}.{detail} {}", reply.message))
        }
    }
}

/// An address literal (RFC 5321, section 4.1.3): containers have no name that a server accepts.
fn literal(address: SocketAddr) -> String {
    match address.ip().to_canonical() {
        IpAddr::V4(address) => format!("[{address}]"),
        IpAddr::V6(address) => format!("[IPv6:{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_name_is_an_address_literal() {
        let literal = |text: &str| literal(SocketAddr::new(text.parse().unwrap(), 25));
        assert_eq!(literal("192.0.2.7"), "[192.0.2.7]");
        assert_eq!(literal("::ffff:192.0.2.7"), "[192.0.2.7]");
        assert_eq!(literal("2001:db8::1"), "[IPv6:2001:db8::1]");
    }
}
