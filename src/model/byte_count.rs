//! Offsets and lengths in bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The text is not a number of bytes: digits only, at most 2⁶³ − 1, the range of the database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a number of bytes: digits only, at most 9223372036854775807")]
pub struct ByteCountError;

macro_rules! byte_counts {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(
            Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
            ToSchema,
        )]
        pub struct $name(u64);

        impl $name {
            pub const fn new(bytes: u64) -> Self {
                Self(bytes)
            }

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
            type Err = ByteCountError;

            fn from_str(text: &str) -> Result<Self, ByteCountError> {
                parse(text).map(Self)
            }
        }
    )*};
}

byte_counts! {
    /// The number of acknowledged bytes of an upload, which is the position of the next one.
    Offset,
    /// The number of bytes of a complete upload.
    Length,
}

impl Offset {
    pub const START: Self = Self(0);

    pub const fn reaches(self, length: Length) -> bool {
        self.0 >= length.0
    }
}

/// Digits only: no sign, no space, no fraction.
fn parse(text: &str) -> Result<u64, ByteCountError> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_digit());
    let number: i64 = text.parse().map_err(|_| ByteCountError)?;
    is_plain.then(|| number.unsigned_abs()).ok_or(ByteCountError)
}
