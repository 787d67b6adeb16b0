//! The ids of domain objects.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Clock, Random};

/// The text is not a UUID. The error does not contain it: it may be long or a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct IdError;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
        )]
        pub struct $name(Uuid);

        impl $name {
            /// A new id that sorts by its creation time (UUID version 7).
            pub fn mint(clock: &Clock, random: &Random) -> Self {
                Self(random.uuid_v7(clock.now()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0.hyphenated(), out)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, out)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Uuid::try_parse(text).map(Self).map_err(|_| IdError)
            }
        }

        impl From<Uuid> for $name {
            fn from(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    )*};
}

ids! {
    /// A resumable upload. Not a secret.
    UploadId,
    /// A stored video.
    VideoId,
    /// The submission of a video for a report.
    SubmissionId,
    /// The receipt of a submission.
    ReceiptId,
    /// A message in the outbox; the same in every delivery attempt.
    EventId,
    /// A decision in the review console. The page makes it, so that repeating a request is harmless.
    DecisionId,
    /// A process of this service.
    NodeId,
    /// A request for a one-time code.
    ChallengeId,
    /// A session of a person on a device; the claim `sid` of its tokens.
    SessionId,
    /// A link that opens the driver's page for one report.
    FilmLinkId,
    /// A vehicle's key, assigned by 1C.
    VehicleGuid,
    /// The key of a vehicle type, assigned by 1C.
    TypeCode,
    /// The key of any other object of 1C: a company, a person, a contract, an assignment.
    ObjectKey,
    /// A report's key, assigned by 1C. Read in any case, written in lower case (Q39).
    RefKey,
}
