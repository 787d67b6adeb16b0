//! Phones: by FCM, or nowhere while developing.

use jiff::SignedDuration;

use crate::model::{Clock, EventId, Note};

use super::{Config, Delivery, Fcm, FcmError};

/// The receiver of notes to phones.
pub enum Push {
    /// Firebase Cloud Messaging.
    Fcm(Box<Fcm>),
    /// The log says that there was a note, and nobody hears it.
    Log,
}

impl Push {
    /// FCM if the settings name a service account, else the log.
    ///
    /// # Errors
    /// When the settings cannot be used.
    pub fn from_config(config: &Config, clock: Clock) -> Result<Self, FcmError> {
        let fcm = Fcm::from_config(config, clock)?;
        Ok(fcm.map_or(Self::Log, |fcm| Self::Fcm(Box::new(fcm))))
    }

    /// The longest a try takes.
    #[must_use]
    pub fn timeout(&self) -> SignedDuration {
        match self {
            Self::Fcm(fcm) => fcm.timeout(),
            Self::Log => SignedDuration::ZERO,
        }
    }

    /// Tries once.
    pub async fn deliver(&self, id: EventId, note: &Note) -> Delivery {
        match self {
            Self::Fcm(fcm) => fcm.deliver(note).await,
            Self::Log => {
                tracing::info!(%id, "a note to a phone; notify.fcm is not set");
                Delivery::Delivered { status: 0 }
            }
        }
    }
}
