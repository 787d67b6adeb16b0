//! Who is told on which channel.

use std::sync::Arc;

use jiff::SignedDuration;

use crate::database::{Channel, ClaimedMessage, Database};
use crate::model::{PushNotification, error_chain};
use crate::notify::{Delivery, Mail, Push, Webhook};

use super::composer::{ComposeError, Composer, NoComposer};

/// One receiver for each channel, where there is one, and who says what letters and notes say. A
/// channel without a receiver waits.
pub struct Receivers {
    /// The report service.
    pub webhook: Option<Webhook>,
    /// People, by mail.
    pub mail: Option<Mail>,
    /// Phones.
    pub push: Option<Push>,
    /// Makes letters and notes.
    pub composer: Arc<dyn Composer>,
}

impl Receivers {
    /// The report service alone, or nobody.
    #[must_use]
    pub fn only(webhook: Option<Webhook>) -> Self {
        Self { webhook, mail: None, push: None, composer: Arc::new(NoComposer) }
    }

    /// The channels that have a receiver.
    pub(super) fn channels(&self) -> impl Iterator<Item = Channel> {
        Channel::ALL.into_iter().filter(|channel| self.timeout(*channel).is_some())
    }

    /// The longest a try takes on this channel; none without a receiver.
    pub(super) fn timeout(&self, channel: Channel) -> Option<SignedDuration> {
        match channel {
            Channel::Webhook => self.webhook.as_ref().map(Webhook::timeout),
            Channel::Mail => self.mail.as_ref().map(Mail::timeout),
            Channel::Push => self.push.as_ref().map(Push::timeout),
        }
    }

    /// Tries once.
    pub(super) async fn deliver(&self, claimed: &ClaimedMessage, database: &Database) -> Delivery {
        match claimed.channel {
            Channel::Webhook => match &self.webhook {
                Some(webhook) => webhook.deliver(claimed.id, &claimed.body).await,
                None => no_receiver(),
            },
            Channel::Mail => match (&self.mail, self.composer.letter(claimed).await) {
                (Some(mail), Ok(Some(letter))) => mail.deliver(claimed.id, &letter).await,
                (mail, composed) => untold(mail.is_some(), composed),
            },
            Channel::Push => match (&self.push, self.composer.note(claimed).await) {
                (Some(push), Ok(Some(note))) => tell_device(push, claimed, &note, database).await,
                (push, composed) => untold(push.is_some(), composed),
            },
        }
    }
}

/// A device that FCM does not know any more is forgotten.
async fn tell_device(
    push: &Push,
    claimed: &ClaimedMessage,
    note: &PushNotification,
    database: &Database,
) -> Delivery {
    let delivery = push.deliver(claimed.id, note).await;
    if matches!(delivery, Delivery::NoRecipient { .. })
        && let Err(error) = database.remove_push_token(&note.token).await
    {
        // The next note to it comes to the same end, and forgets it then.
        tracing::warn!(error = &error as &dyn std::error::Error, "a device is not forgotten yet");
    }
    delivery
}

/// Nothing was sent: nobody is to be told, or it could not be said what.
fn untold<T>(there: bool, composed: Result<Option<T>, ComposeError>) -> Delivery {
    match composed {
        Ok(None) if there => Delivery::NoRecipient {
            status: 0,
            reason: "there is nobody to tell any more".to_owned(),
        },
        Err(error) => Delivery::Retry { after: None, status: None, reason: error_chain(&*error) },
        Ok(_) => no_receiver(),
    }
}

/// Only what has a receiver is claimed, so nobody sees this.
fn no_receiver() -> Delivery {
    Delivery::Retry { after: None, status: None, reason: "there is no receiver".to_owned() }
}
