//! The sender of mails.

use std::path::Path;
use std::time::{Duration, SystemTime};

use jiff::SignedDuration;
use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};

use super::config::MailConfig;
use super::connection::Envelope;
use super::error::MailError;
use super::folder::MailFolder;
use super::smtp::Smtp;
use crate::model::{Clock, Email, EventId, mail_address};
use crate::notify::delivery::Delivery;

/// Keeps other machines from replying (RFC 3834 section 5).
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

pub struct Mail {
    transport: Transport,
    from: Mailbox,
    timeout: SignedDuration,
    clock: Clock,
}

enum Transport {
    Smtp(Box<Smtp>),
    Folder(MailFolder),
}

impl Mail {
    /// SMTP if the settings name a server, else the folder.
    pub fn from_config(config: &MailConfig, clock: Clock) -> Result<Self, MailError> {
        let transport = match &config.host {
            Some(host) => Transport::Smtp(Box::new(Smtp::new(host, config)?)),
            None => Transport::Folder(MailFolder(config.folder.clone())),
        };
        let from: Mailbox = config.from.parse().map_err(|_| MailError::From)?;
        // A domain outside ASCII; localhost, which no mail comes from, stays as it is.
        let address = mail_address(from.email.as_ref()).and_then(|address| address.parse().ok());
        let from = Mailbox::new(from.name, address.unwrap_or(from.email));
        Ok(Self { transport, from, timeout: config.timeout, clock })
    }

    /// The folder that mails are written to when there is no server.
    pub fn folder(&self) -> Option<&Path> {
        match &self.transport {
            Transport::Smtp(_) => None,
            Transport::Folder(folder) => Some(&folder.0),
        }
    }

    /// The longest an attempt takes.
    pub const fn timeout(&self) -> SignedDuration {
        self.timeout
    }

    /// Makes one attempt. `Message-ID` is the same in every attempt, so that a mailbox can deduplicate.
    pub async fn deliver(&self, id: EventId, email: &Email) -> Delivery {
        let rejected = |reason: &str| Delivery::Rejected { status: 0, reason: reason.to_owned() };
        let Some(to) = mail_address(&email.to) else {
            return rejected("the mail address is invalid");
        };
        let message = match self.message(id, email, &to) {
            Ok(message) => message,
            Err(reason) => return rejected(reason),
        };
        match &self.transport {
            Transport::Smtp(smtp) => {
                let (from, message) = (self.from.email.as_ref(), &message.formatted());
                smtp.deliver(&Envelope { from, to: &to, message }).await
            }
            Transport::Folder(folder) => folder.deliver(id, &message).await,
        }
    }

    fn message(&self, id: EventId, email: &Email, to: &str) -> Result<Message, &'static str> {
        let to = to.parse().map_err(|_| "the mail address is invalid")?;
        let automatic = HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned());
        let seconds = u64::try_from(self.clock.now().as_second()).unwrap_or(0);
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(email.subject.as_str())
            .date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
            .message_id(Some(format!("<{id}@{}>", self.from.email.domain())))
            .raw_header(automatic)
            .multipart(MultiPart::alternative_plain_html(email.text.clone(), email.html.clone()))
            .map_err(|_| "the mail cannot be encoded")
    }

    /// Connects, authenticates, names a recipient and sends nothing; or checks that the folder is writable.
    pub async fn check_connection(&self) -> Result<(), MailError> {
        match &self.transport {
            Transport::Smtp(smtp) => smtp.check_connection(self.from.email.as_ref()).await,
            Transport::Folder(folder) => folder.check_writable().await.map_err(MailError::Folder),
        }
    }
}
