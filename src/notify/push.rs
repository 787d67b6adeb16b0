//! Push notifications: by FCM, or only logged during development.

use jiff::SignedDuration;

use super::config::Config;
use super::delivery::Delivery;
use super::fcm::{Fcm, FcmError, SendError};
use crate::model::{Clock, EventId, PushNotification};

pub enum Push {
    Fcm(Box<Fcm>),
    /// Logs that there was a notification, without its text.
    Log,
}

impl Push {
    /// FCM if the settings name a service account, else the log.
    pub fn from_config(config: &Config, clock: Clock) -> Result<Self, FcmError> {
        let fcm = Fcm::from_config(config, clock)?;
        Ok(fcm.map_or(Self::Log, |fcm| Self::Fcm(Box::new(fcm))))
    }

    /// The longest an attempt takes.
    pub fn timeout(&self) -> SignedDuration {
        match self {
            Self::Fcm(fcm) => fcm.timeout(),
            Self::Log => SignedDuration::ZERO,
        }
    }

    /// Checks the service account with Google; nothing to check without one.
    pub async fn check_connection(&self) -> Result<(), SendError> {
        match self {
            Self::Fcm(fcm) => fcm.check_connection().await,
            Self::Log => Ok(()),
        }
    }

    /// Makes one attempt.
    pub async fn deliver(&self, id: EventId, notification: &PushNotification) -> Delivery {
        match self {
            Self::Fcm(fcm) => fcm.deliver(notification).await,
            Self::Log => {
                tracing::info!(%id, "push notification not sent: notify.fcm is not set");
                Delivery::Delivered { status: 0 }
            }
        }
    }
}
