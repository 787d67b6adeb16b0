//! Where in a file, and how long it is.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The text is not a count of bytes (T-8: digits only, at most 2⁶³ − 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a count of bytes: digits only, at most 9223372036854775807")]
pub struct MeasureError;

macro_rules! bytes {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
            ToSchema,
        )]
        pub struct $name(u64);

        impl $name {
            /// Wraps a count of bytes.
            #[must_use]
            pub const fn new(bytes: u64) -> Self {
                Self(bytes)
            }

            /// The count of bytes.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, out)
            }
        }

        impl FromStr for $name {
            type Err = MeasureError;

            fn from_str(text: &str) -> Result<Self, MeasureError> {
                count(text).map(Self)
            }
        }
    };
}

bytes! {
    /// How many bytes of an upload have been acknowledged: where the next one goes.
    Offset
}
bytes! {
    /// How many bytes the whole upload has.
    Length
}

impl Offset {
    /// The very beginning.
    pub const START: Self = Self(0);

    /// `bytes` further on.
    #[must_use]
    pub const fn advanced(self, bytes: u64) -> Self {
        Self(self.0.saturating_add(bytes))
    }

    /// Whether everything is there.
    #[must_use]
    pub const fn reaches(self, length: Length) -> bool {
        self.0 >= length.0
    }
}

/// Plain digits: no sign, no blank, no fraction, nothing past what a database can hold.
fn count(text: &str) -> Result<u64, MeasureError> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(MeasureError);
    }
    let number: u64 = text.parse().map_err(|_| MeasureError)?;
    if i64::try_from(number).is_err() {
        return Err(MeasureError);
    }
    Ok(number)
}
