//! The receivers, one per channel.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;

use super::compose::{ComposeError, Composer};
use crate::database::{ClaimedMessage, Database};
use crate::model::{Channel, error_chain};
use crate::notify::{Delivery, Mail, Push, Webhook};

/// A channel without a receiver accumulates messages.
#[derive(Default)]
pub struct Receivers {
    pub webhook: Option<Webhook>,
    pub mail: Option<Mail>,
    pub push: Option<Push>,
}

impl Receivers {
    /// The channels that have a receiver.
    pub(super) fn channels(&self) -> impl Iterator<Item = Channel> {
        Channel::ALL.into_iter().filter(|channel| self.has(*channel))
    }

    pub(super) fn has(&self, channel: Channel) -> bool {
        self.timeout(channel).is_some()
    }

    /// The longest an attempt takes; `None` without a receiver.
    pub(super) fn timeout(&self, channel: Channel) -> Option<SignedDuration> {
        match channel {
            Channel::Webhook => self.webhook.as_ref().map(Webhook::timeout),
            Channel::Mail => self.mail.as_ref().map(Mail::timeout),
            Channel::Push => self.push.as_ref().map(Push::timeout),
        }
    }

    /// Composes a message if necessary, and makes one attempt to deliver it, which ends after `limit`
    /// whatever it is waiting for: the lease of the message must outlive it. Also returns the address of
    /// a mail.
    pub(super) async fn deliver(
        &self,
        message: &ClaimedMessage,
        composer: &Composer,
        database: &Database,
        now: Timestamp,
        limit: Duration,
    ) -> (Delivery, Option<String>) {
        let mut mailbox = None;
        let attempt = async {
            match message.channel {
                Channel::Webhook => self.post(message).await,
                Channel::Mail => {
                    self.send_mail(message, composer, database, now, &mut mailbox).await
                }
                Channel::Push => self.send_push(message, composer, database).await,
            }
        };
        let reason = match timeout(limit, attempt).await {
            Ok(Ok(delivery)) => return (delivery, mailbox),
            Ok(Err(error)) => error_chain(&error),
            Err(_) => format!("the attempt took longer than {} s", limit.as_secs()),
        };
        (Delivery::Retry { after: None, status: None, reason }, mailbox)
    }

    async fn post(&self, message: &ClaimedMessage) -> Result<Delivery, AttemptError> {
        let webhook = self.webhook.as_ref().ok_or(AttemptError::NoReceiver)?;
        Ok(webhook.deliver(message.id, &message.body).await)
    }

    async fn send_mail(
        &self,
        message: &ClaimedMessage,
        composer: &Composer,
        database: &Database,
        now: Timestamp,
        mailbox: &mut Option<String>,
    ) -> Result<Delivery, AttemptError> {
        let mail = self.mail.as_ref().ok_or(AttemptError::NoReceiver)?;
        match composer.email(message, database, now).await? {
            Some(email) => {
                *mailbox = Some(email.to.clone());
                Ok(mail.deliver(message.id, &email).await)
            }
            None => Ok(out_of_date()),
        }
    }

    async fn send_push(
        &self,
        message: &ClaimedMessage,
        composer: &Composer,
        database: &Database,
    ) -> Result<Delivery, AttemptError> {
        let push = self.push.as_ref().ok_or(AttemptError::NoReceiver)?;
        let Some(notification) = composer.push_notification(message, database).await? else {
            return Ok(out_of_date());
        };
        let delivery = push.deliver(message.id, &notification).await;
        if matches!(delivery, Delivery::NoRecipient { .. })
            && let Err(error) = database.remove_push_token(&notification.token).await
        {
            // The next notification to the device ends the same way, and removes the token then.
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "token of an unregistered device could not be removed");
        }
        Ok(delivery)
    }
}

/// An attempt that did not get as far as the receiver.
#[derive(Debug, thiserror::Error)]
enum AttemptError {
    #[error(transparent)]
    Compose(#[from] ComposeError),
    /// Does not happen: only messages of channels with a receiver are claimed.
    #[error("the channel has no receiver")]
    NoReceiver,
}

fn out_of_date() -> Delivery {
    let reason = "out of date, or without a recipient".to_owned();
    Delivery::NoRecipient { status: 0, reason }
}
