//! A connection to a mail server (RFC 5321).
//!
//! A reply counts by its number. Its text may be in any charset: servers in Kazakhstan and Russia write
//! in that of their system.

use std::io;
use std::net::{IpAddr, SocketAddr};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::io::{
    AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufReader,
};
use tokio::net::TcpStream;

use super::config::MailTls;
use super::tls::TlsClient;
use crate::notify::response::shortened;

/// In bytes. RFC 5321 allows 512.
const MAX_LINE: u64 = 4096;
/// Lines of one reply. EHLO lists a dozen extensions.
const MAX_LINES: usize = 64;

/// How a connection is opened.
pub(super) struct Server {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) encryption: MailTls,
    /// Set unless `encryption` is none.
    pub(super) tls: Option<TlsClient>,
    /// The name in EHLO; `None`: our address on the connection.
    pub(super) hello_name: Option<String>,
    pub(super) credentials: Option<(String, SecretString)>,
}

/// The addresses of a mail and its bytes, with line ends of CR LF.
pub(super) struct Envelope<'m> {
    pub(super) from: &'m str,
    pub(super) to: &'m str,
    pub(super) message: &'m [u8],
}

#[derive(Debug, thiserror::Error)]
pub enum SmtpError {
    #[error("the mail server cannot be reached")]
    Io(#[from] io::Error),
    #[error("the mail server answers {command} with {code} {text}")]
    Refused { command: &'static str, code: u16, text: String },
    #[error("the mail server does not offer {0}")]
    NotOffered(&'static str),
    #[error("the mail server does not answer as RFC 5321 says")]
    Malformed,
}

struct Reply {
    code: u16,
    lines: Vec<String>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

pub(super) struct Connection {
    stream: BufReader<Box<dyn Stream>>,
    /// What EHLO has listed, in capitals.
    extensions: Vec<String>,
}

impl Connection {
    /// Connects, encrypts and authenticates as the settings say.
    pub(super) async fn open(server: &Server) -> Result<Self, SmtpError> {
        let tcp = TcpStream::connect((server.host.as_str(), server.port)).await?;
        let hello = server.hello_name.clone();
        let hello = hello.map_or_else(|| tcp.local_addr().map(literal), Ok)?;
        let stream: Box<dyn Stream> = match (&server.tls, server.encryption) {
            (Some(tls), MailTls::Tls) => Box::new(tls.connect(tcp).await?),
            _ => Box::new(tcp),
        };
        let mut connection = Self { stream: BufReader::new(stream), extensions: Vec::new() };
        connection.expect("the connection", 220).await?;
        connection.hello(&hello).await?;
        if let (Some(tls), MailTls::Starttls) = (&server.tls, server.encryption) {
            connection = connection.encrypted(tls).await?;
            connection.hello(&hello).await?;
        }
        if let Some((user, password)) = &server.credentials {
            connection.authenticate(user, password).await?;
        }
        Ok(connection)
    }

    /// Sends a mail. Returns the code of the last reply.
    pub(super) async fn send(&mut self, envelope: &Envelope<'_>) -> Result<u16, SmtpError> {
        let Envelope { from, to, message } = envelope;
        self.address(from, to).await?;
        self.command("DATA", "DATA", 354).await?;
        self.stream.write_all(&with_doubled_dots(message)).await?;
        self.stream.flush().await?;
        Ok(self.expect("the mail", 250).await?.code)
    }

    /// Names sender and recipient, without a mail.
    pub(super) async fn address(&mut self, from: &str, to: &str) -> Result<(), SmtpError> {
        let utf8 = if from.is_ascii() && to.is_ascii() { "" } else { " SMTPUTF8" };
        if !utf8.is_empty() && !self.offers("SMTPUTF8") {
            return Err(SmtpError::NotOffered("addresses outside ASCII (SMTPUTF8)"));
        }
        self.command("MAIL", &format!("MAIL FROM:<{from}>{utf8}"), 250).await?;
        self.command("RCPT", &format!("RCPT TO:<{to}>"), 250).await?;
        Ok(())
    }

    /// Whether the server still answers.
    pub(super) async fn is_alive(&mut self) -> bool {
        self.command("NOOP", "NOOP", 250).await.is_ok()
    }

    pub(super) async fn quit(mut self) {
        let _closed = self.command("QUIT", "QUIT", 221).await;
    }

    async fn hello(&mut self, name: &str) -> Result<(), SmtpError> {
        let reply = self.command("EHLO", &format!("EHLO {name}"), 250).await?;
        let extensions = reply.lines.into_iter().skip(1);
        self.extensions = extensions.map(|line| line.to_ascii_uppercase()).collect();
        Ok(())
    }

    async fn encrypted(mut self, tls: &TlsClient) -> Result<Self, SmtpError> {
        if !self.offers("STARTTLS") {
            return Err(SmtpError::NotOffered("STARTTLS"));
        }
        self.command("STARTTLS", "STARTTLS", 220).await?;
        // What came before the encryption must not count as a reply after it.
        if !self.stream.buffer().is_empty() {
            return Err(SmtpError::Malformed);
        }
        let stream: Box<dyn Stream> = Box::new(tls.connect(self.stream.into_inner()).await?);
        Ok(Self { stream: BufReader::new(stream), extensions: Vec::new() })
    }

    async fn authenticate(&mut self, user: &str, password: &SecretString) -> Result<(), SmtpError> {
        let password = password.expose_secret();
        if self.offers_login_by("PLAIN") {
            let login = BASE64.encode(format!("\0{user}\0{password}"));
            self.command("AUTH", &format!("AUTH PLAIN {login}"), 235).await?;
        } else if self.offers_login_by("LOGIN") {
            self.command("AUTH", "AUTH LOGIN", 334).await?;
            self.command("AUTH", &BASE64.encode(user), 334).await?;
            self.command("AUTH", &BASE64.encode(password), 235).await?;
        } else {
            return Err(SmtpError::NotOffered("AUTH PLAIN or AUTH LOGIN"));
        }
        Ok(())
    }

    fn offers(&self, extension: &str) -> bool {
        self.extensions.iter().any(|line| line.split(' ').next() == Some(extension))
    }

    fn offers_login_by(&self, mechanism: &str) -> bool {
        let mut lines = self.extensions.iter().map(|line| line.split([' ', '=']));
        lines.any(|mut words| words.next() == Some("AUTH") && words.any(|word| word == mechanism))
    }

    async fn command(
        &mut self,
        name: &'static str,
        line: &str,
        expected: u16,
    ) -> Result<Reply, SmtpError> {
        self.stream.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.stream.flush().await?;
        self.expect(name, expected).await
    }

    /// Reads a reply. Every code of the expected hundred counts as agreement, except that 3xx asks for more.
    async fn expect(&mut self, command: &'static str, expected: u16) -> Result<Reply, SmtpError> {
        let reply = self.read_reply().await?;
        if reply.code / 100 == expected / 100 {
            return Ok(reply);
        }
        let text = shortened(&reply.lines.join(" "));
        Err(SmtpError::Refused { command, code: reply.code, text })
    }

    async fn read_reply(&mut self) -> Result<Reply, SmtpError> {
        let mut lines = Vec::new();
        while lines.len() < MAX_LINES {
            let mut line = Vec::new();
            (&mut self.stream).take(MAX_LINE).read_until(b'\n', &mut line).await?;
            if line.is_empty() {
                return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
            }
            let (code, rest) = line.split_at_checked(3).ok_or(SmtpError::Malformed)?;
            let code = std::str::from_utf8(code).ok().and_then(|code| code.parse().ok());
            let code = code.ok_or(SmtpError::Malformed)?;
            let text = String::from_utf8_lossy(rest.get(1..).unwrap_or_default());
            lines.push(text.trim().to_owned());
            if rest.first() != Some(&b'-') {
                return Ok(Reply { code, lines });
            }
        }
        Err(SmtpError::Malformed)
    }
}

/// An address literal (RFC 5321, section 4.1.3): containers have no name that a server accepts.
fn literal(address: SocketAddr) -> String {
    match address.ip().to_canonical() {
        IpAddr::V4(address) => format!("[{address}]"),
        IpAddr::V6(address) => format!("[IPv6:{address}]"),
    }
}

/// A mail as DATA sends it (RFC 5321, section 4.5.2), with the dot that ends it.
fn with_doubled_dots(message: &[u8]) -> Vec<u8> {
    let mut sent = Vec::with_capacity(message.len() + 16);
    let mut is_line_start = true;
    for byte in message {
        if is_line_start && *byte == b'.' {
            sent.push(b'.');
        }
        sent.push(*byte);
        is_line_start = *byte == b'\n';
    }
    if !is_line_start {
        sent.extend_from_slice(b"\r\n");
    }
    sent.extend_from_slice(b".\r\n");
    sent
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_begins_with_a_dot_does_not_end_the_mail() {
        assert_eq!(with_doubled_dots(b".a\r\n.\r\nb."), b"..a\r\n..\r\nb.\r\n.\r\n");
        assert_eq!(with_doubled_dots(b"a\r\n"), b"a\r\n.\r\n");
    }

    #[test]
    fn the_default_name_is_an_address_literal() {
        let literal = |text: &str| literal(SocketAddr::new(text.parse().unwrap(), 25));
        assert_eq!(literal("192.0.2.7"), "[192.0.2.7]");
        assert_eq!(literal("::ffff:192.0.2.7"), "[192.0.2.7]");
        assert_eq!(literal("2001:db8::1"), "[IPv6:2001:db8::1]");
    }
}
