//! The name that a device gives itself.

use std::str::FromStr;

use super::ids::SessionId;
use super::words::word_enum;

const MAX_LENGTH: usize = 128;

/// A device's own name: an IMEI, a UUID or anything else the app uses. It is only compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeviceId(String);

/// The text is not a device name. The error does not contain it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 128 characters: letters, digits, and . _ : -")]
pub struct DeviceIdError;

impl FromStr for DeviceId {
    type Err = DeviceIdError;

    fn from_str(text: &str) -> Result<Self, DeviceIdError> {
        let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
        let is_valid = (1..=MAX_LENGTH).contains(&text.len()) && text.bytes().all(is_allowed);
        is_valid.then(|| Self(text.to_owned())).ok_or(DeviceIdError)
    }
}

impl DeviceId {
    /// A device id for a session without a device.
    pub fn of_session(session: SessionId) -> Self {
        Self(format!("session:{session}"))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

word_enum! {
    /// Which guesses of a one-time code are allowed after the daily limit of wrong guesses has been reached.
    GuessRule {
        /// By the usual limits.
        Usual = "",
        /// Its first wrong guess uses it up.
        SingleGuess = "single",
        /// Its device must be confirmed by the link in the mail, or by a director.
        ConfirmedDevice = "confirm",
    }
}

#[cfg(test)]
mod tests {
    use super::{DeviceId, DeviceIdError};

    #[test]
    fn accepts_imeis_uuids_and_app_names() {
        let longest = "x".repeat(128);
        for text in
            ["123456789012349", "8e0ac9ba-7fcb-4b35-a1a5-6a1ddc34e0e5", "ios:A_1.2", &longest]
        {
            assert_eq!(text.parse::<DeviceId>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn rejects_spaces_separators_and_long_names() {
        for text in ["", " ", "a b", "a|b", "телефон", "a\0", &"x".repeat(129)] {
            assert_eq!(text.parse::<DeviceId>(), Err(DeviceIdError), "{text}");
        }
    }
}
