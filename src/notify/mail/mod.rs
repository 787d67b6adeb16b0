//! Mail: a real server by SMTP, or a folder while developing.

mod config;
mod folder;
mod message;
mod smtp;

use std::path::Path;

use jiff::SignedDuration;
use lettre::message::Mailbox;

use crate::model::{Clock, EventId, Letter};

use super::Delivery;

pub use config::{MailConfig, MailTls};

use folder::Folder;
use smtp::Smtp;

/// The receiver of letters.
pub struct Mail {
    way: Way,
    from: Mailbox,
    timeout: SignedDuration,
    clock: Clock,
}

enum Way {
    Smtp(Box<Smtp>),
    Folder(Folder),
}

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The sender is no mailbox.
    #[error("mail.from must be an address, such as \"ForteLeasing <no-reply@example.kz>\"")]
    From,
    /// A name and no password, or the other way round.
    #[error("mail.user and mail.password go together")]
    Credentials,
    /// The file of certificates cannot be read.
    #[error("mail.ca_file")]
    CaFile(#[source] std::io::Error),
    /// TLS cannot be had with these settings.
    #[error("mail: the certificates cannot be used")]
    Tls(#[source] lettre::transport::smtp::Error),
    /// The server does not answer as it should.
    #[error("the mail server")]
    Server(#[source] lettre::transport::smtp::Error),
    /// The server takes no commands.
    #[error("the mail server does not answer")]
    Silent,
    /// The folder cannot be written to.
    #[error("mail.folder")]
    Folder(#[source] std::io::Error),
}

impl Mail {
    /// The way the settings name: the server, or the folder when there is no server.
    ///
    /// # Errors
    /// When the settings cannot be used.
    pub fn from_config(config: &MailConfig, clock: Clock) -> Result<Self, MailError> {
        let way = match &config.host {
            Some(host) => Way::Smtp(Box::new(Smtp::new(host, config)?)),
            None => Way::Folder(Folder::new(&config.folder)),
        };
        let from = config.from.parse().map_err(|_| MailError::From)?;
        Ok(Self { way, from, timeout: config.timeout, clock })
    }

    /// The folder letters are written to instead of being sent, if that is so.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match &self.way {
            Way::Smtp(_) => None,
            Way::Folder(folder) => Some(folder.path()),
        }
    }

    /// The longest a try takes.
    #[must_use]
    pub const fn timeout(&self) -> SignedDuration {
        self.timeout
    }

    /// Tries once. The letter has the same `Message-ID` over all tries, so that a mailbox that hears
    /// it twice can tell.
    pub async fn deliver(&self, id: EventId, letter: &Letter) -> Delivery {
        let message = match message::build(&self.from, id, letter, self.clock.now()) {
            Ok(message) => message,
            Err(reason) => return Delivery::Never { status: 0, reason: reason.to_owned() },
        };
        match &self.way {
            Way::Smtp(smtp) => smtp.deliver(message).await,
            Way::Folder(folder) => folder.deliver(id, &message).await,
        }
    }

    /// Connects, greets, signs in and asks for nothing; or looks whether the folder can be written.
    ///
    /// # Errors
    /// When that does not go.
    pub async fn examine(&self) -> Result<(), MailError> {
        match &self.way {
            Way::Smtp(smtp) => smtp.examine().await,
            Way::Folder(folder) => folder.examine().await.map_err(MailError::Folder),
        }
    }
}
