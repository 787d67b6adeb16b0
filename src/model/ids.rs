//! Names of things.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Clock, Random};

/// The text is not an id of this kind. It is not repeated: it may be long, or a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a UUID")]
pub struct IdError;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema,
        )]
        pub struct $name(Uuid);

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
    };
}

macro_rules! minted {
    ($name:ident) => {
        impl $name {
            /// A fresh id that sorts by the time it was made (UUID version 7).
            #[must_use]
            pub fn mint(clock: &Clock, random: &Random) -> Self {
                Self(random.uuid_v7(clock.now()))
            }
        }
    };
}

id! {
    /// An upload: the resumable thing a phone sends. Not a secret.
    UploadId
}
id! {
    /// A stored, finished recording.
    VideoId
}
id! {
    /// The fact that a report received a video.
    SubmissionId
}
id! {
    /// A message in the outbox; the same over all tries.
    EventId
}
id! {
    /// A running process of this service.
    NodeId
}
id! {
    /// A request for a one-time code (E1).
    ChallengeId
}
id! {
    /// A sign-in of a person on a device; the claim `sid` of its tokens.
    SessionId
}
id! {
    /// A vehicle's key, given by 1C (Q39).
    VehicleGuid
}
id! {
    /// The key of a type of vehicles, given by 1C (Q39).
    TypeCode
}
id! {
    /// The key of any other object of 1C: a company, a person, a contract, an assignment.
    ObjectKey
}
id! {
    /// A report's key, given by 1C (Q17). Any case is read, lower case is written (Q39).
    RefKey
}

minted!(UploadId);
minted!(VideoId);
minted!(SubmissionId);
minted!(EventId);
minted!(NodeId);
minted!(RefKey);
minted!(ChallengeId);
minted!(SessionId);
minted!(VehicleGuid);
minted!(TypeCode);
minted!(ObjectKey);
