//! Who is told on which channel.

use jiff::SignedDuration;

use crate::ledger::{Channel, Claimed};
use crate::notify::{Delivery, Message, Webhook};

/// One receiver for each channel, where there is one. A channel without waits.
#[derive(Default)]
pub struct Receivers {
    /// The report service.
    pub webhook: Option<Webhook>,
}

impl Receivers {
    /// The channels that have a receiver.
    pub(super) fn channels(&self) -> impl Iterator<Item = Channel> {
        Channel::ALL.into_iter().filter(|channel| self.timeout(*channel).is_some())
    }

    /// The longest a try takes on this channel; none without a receiver.
    pub(super) fn timeout(&self, channel: Channel) -> Option<SignedDuration> {
        match channel {
            Channel::Webhook => self.webhook.as_ref().map(Webhook::timeout),
            Channel::Mail | Channel::Push => None,
        }
    }

    /// Tries once.
    pub(super) async fn deliver(&self, claimed: &Claimed) -> Delivery {
        match (claimed.channel, &self.webhook) {
            (Channel::Webhook, Some(webhook)) => {
                webhook.deliver(&Message { id: claimed.id, body: &claimed.body }).await
            }
            _ => nobody(),
        }
    }
}

/// Only what has a receiver is claimed, so nobody sees this.
fn nobody() -> Delivery {
    Delivery::Later { after: None, status: None, reason: "there is no receiver".to_owned() }
}
