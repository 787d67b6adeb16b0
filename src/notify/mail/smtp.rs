//! The SMTP transport.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use tokio::time::{Instant, timeout};

use super::config::{MailConfig, MailTls};
use super::connection::{Connection, Encryption, Envelope, SMTPUTF8, Server, SmtpError};
use super::error::MailError;
use super::tls::TlsClient;
use crate::model::error_chain;
use crate::notify::delivery::Delivery;
use crate::notify::response::one_line;

/// Enhanced codes (RFC 3463) that say that the recipient's mailbox takes no mail: bad mailbox, domain, syntax,
/// moved, no mail there, disabled.
const MAILBOX_CODES: [&str; 6] = ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"];

/// The same, of servers without enhanced codes.
const MAILBOX_REPLIES: [u16; 3] = [550, 551, 553];

/// A firewall may forget an idle connection without a word.
const IDLE_AT_MOST: Duration = Duration::from_mins(1);

/// Limit for the question whether an idle connection still works.
const ALIVE_TIMEOUT: Duration = Duration::from_secs(3);

/// Limit for `QUIT`.
const QUIT_TIMEOUT: Duration = Duration::from_secs(1);

/// In characters.
const MAX_REASON_LENGTH: usize = 500;

/// A connection pool to one server.
pub(super) struct Smtp {
    server: Server,
    /// With the time of their last use.
    idle: Mutex<Vec<(Connection, Instant)>>,
    max_idle: usize,
    /// For everything that an attempt needs.
    timeout: Duration,
}

impl Smtp {
    pub(super) fn new(host: &str, config: &MailConfig) -> Result<Self, MailError> {
        let tls = || TlsClient::new(host, config.ca_file.as_deref());
        let encryption = match config.tls {
            MailTls::None => Encryption::None,
            MailTls::Tls => Encryption::Tls(tls()?),
            MailTls::Starttls => Encryption::Starttls(tls()?),
        };
        let timeout = config.timeout.unsigned_abs();
        let server = Server {
            host: host.to_owned(),
            port: config.port,
            encryption,
            hello_name: config.hello_name.clone(),
            credentials: credentials(config)?,
            timeout,
        };
        let max_idle = usize::try_from(config.pool).unwrap_or(usize::MAX);
        Ok(Self { server, idle: Mutex::default(), max_idle, timeout })
    }

    pub(super) async fn deliver(&self, envelope: &Envelope<'_>) -> Delivery {
        match timeout(self.timeout, self.send(envelope)).await {
            Ok(Ok(status)) => Delivery::Delivered { status },
            Ok(Err(error)) => classify(&error),
            Err(_) => Delivery::failed("the mail server takes too long".to_owned()),
        }
    }

    /// A connection is kept only after a mail that the server has taken: after anything else its state is
    /// unclear.
    async fn send(&self, envelope: &Envelope<'_>) -> Result<u16, SmtpError> {
        let mut connection = self.connection().await?;
        let sent = connection.send(envelope).await;
        match &sent {
            Ok(_) => self.keep(connection).await,
            Err(_) => quit(connection).await,
        }
        sent
    }

    async fn connection(&self) -> Result<Connection, SmtpError> {
        loop {
            // The lock must not be held while the server is asked.
            let idle = self.idle().pop();
            match idle {
                None => return Connection::open(&self.server).await,
                Some((mut connection, used_at)) => {
                    let is_fresh = used_at.elapsed() < IDLE_AT_MOST;
                    let answer = timeout(ALIVE_TIMEOUT, connection.is_alive());
                    if is_fresh && answer.await == Ok(true) {
                        return Ok(connection);
                    }
                }
            }
        }
    }

    async fn keep(&self, connection: Connection) {
        let surplus = {
            let mut idle = self.idle();
            if idle.len() < self.max_idle {
                idle.push((connection, Instant::now()));
                None
            } else {
                Some(connection)
            }
        };
        if let Some(connection) = surplus {
            quit(connection).await;
        }
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<(Connection, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes as far as naming a recipient, because many servers refuse our name or address only then. Sends
    /// no mail. The recipient is the sender, whose mailbox need not exist, so a refusal of the mailbox counts
    /// as success.
    pub(super) async fn check_connection(&self, from: &str) -> Result<(), MailError> {
        let check = async {
            let mut connection = Connection::open(&self.server).await?;
            let addressed = connection.address(from, from).await;
            quit(connection).await;
            addressed
        };
        match timeout(self.timeout, check).await {
            Ok(Err(error)) if !is_about_mailbox(&error) => Err(MailError::Server(error)),
            Ok(_) => Ok(()),
            Err(_) => Err(MailError::Timeout),
        }
    }
}

/// Says goodbye, and gives up on a server that does not answer.
async fn quit(connection: Connection) {
    let _elapsed = timeout(QUIT_TIMEOUT, connection.quit()).await;
}

fn credentials(config: &MailConfig) -> Result<Option<(String, SecretString)>, MailError> {
    match (&config.user, &config.password) {
        (Some(user), Some(password)) => Ok(Some((user.clone(), password.clone()))),
        (None, None) => Ok(None),
        _ => Err(MailError::Credentials),
    }
}

/// Whether the recipient's mailbox takes no mail; some servers say so only after DATA. Some servers refuse our
/// host name, network or sender at RCPT, or the content after DATA: an operator has to correct these errors.
fn is_about_mailbox(error: &SmtpError) -> bool {
    let SmtpError::Refused { command, code, text } = error else { return false };
    let enhanced = text.split(' ').next().filter(|word| word.starts_with("5."));
    match enhanced {
        Some(enhanced) => MAILBOX_CODES.contains(&enhanced),
        None => *command == "RCPT" && MAILBOX_REPLIES.contains(code),
    }
}

fn classify(error: &SmtpError) -> Delivery {
    let reason = reason(error);
    match error {
        SmtpError::Refused { code, .. } if is_about_mailbox(error) => {
            Delivery::Rejected { status: *code, reason }
        }
        SmtpError::NotOffered(SMTPUTF8) => Delivery::Rejected { status: 0, reason },
        SmtpError::Refused { code, .. } => {
            Delivery::Retry { after: None, status: Some(*code), reason }
        }
        _ => Delivery::Retry { after: None, status: None, reason },
    }
}

/// The server's reply, without the addresses that it may repeat (S65).
fn reason(error: &SmtpError) -> String {
    let text = one_line(&error_chain(error)).chars().take(MAX_REASON_LENGTH).collect::<String>();
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

    #[test]
    fn only_a_refusal_of_the_mailbox_is_permanent() {
        let permanent = |command, code, text: &str| {
            let error = SmtpError::Refused { command, code, text: text.to_owned() };
            matches!(classify(&error), Delivery::Rejected { .. })
        };
        assert!(permanent("RCPT", 550, "5.1.1 no such mailbox"));
        assert!(permanent("RCPT", 550, "Unknown user") && permanent("RCPT", 553, ""));
        for (command, code, text) in [
            ("EHLO", 550, ""),
            ("AUTH", 535, ""),
            ("MAIL", 530, ""),
            ("RCPT", 451, ""),
            ("RCPT", 504, "5.5.2 Helo command rejected"),
            ("RCPT", 554, "5.7.1 Client host blocked"),
            ("the mail", 554, "5.7.1 looks like spam"),
        ] {
            assert!(!permanent(command, code, text), "{command} {code} {text}");
        }
        assert!(matches!(classify(&SmtpError::NotOffered(SMTPUTF8)), Delivery::Rejected { .. }));
    }
}
