//! What a device calls itself (Q3).

use std::str::FromStr;

/// Longest name of a device.
const LONGEST: usize = 128;

/// A device's own name: IMEI, UUID or whatever the app took. It is compared, never understood.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeviceId(String);

/// The text is no name of a device. It is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 128 characters: letters, digits, and . _ : -")]
pub struct DeviceIdError;

impl FromStr for DeviceId {
    type Err = DeviceIdError;

    fn from_str(text: &str) -> Result<Self, DeviceIdError> {
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"._:-".contains(&byte);
        let good = (1..=LONGEST).contains(&text.len()) && text.bytes().all(is_fit);
        good.then(|| Self(text.to_owned())).ok_or(DeviceIdError)
    }
}

impl DeviceId {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::{DeviceId, DeviceIdError};

    #[test]
    fn imeis_uuids_and_names_of_apps_are_fine() {
        let longest = "x".repeat(128);
        for text in
            ["123456789012349", "8e0ac9ba-7fcb-4b35-a1a5-6a1ddc34e0e5", "ios:A_1.2", &longest]
        {
            assert_eq!(text.parse::<DeviceId>().unwrap().as_str(), text);
        }
    }

    #[test]
    fn blanks_separators_and_endless_names_are_not() {
        for text in ["", " ", "a b", "a|b", "телефон", "a\0", &"x".repeat(129)] {
            assert_eq!(text.parse::<DeviceId>(), Err(DeviceIdError), "{text}");
        }
    }
}
