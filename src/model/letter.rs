//! What people are told by mail and on their phones. Neither can be printed: both hold what must not
//! be in a log (S65).

use std::collections::BTreeMap;

/// A letter, ready to be sent.
#[derive(Clone, PartialEq, Eq)]
pub struct Email {
    /// The mail address.
    pub to: String,
    /// The subject.
    pub subject: String,
    /// The letter as plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// A note to one device.
#[derive(Clone, PartialEq, Eq)]
pub struct PushNotification {
    /// Which device, as FCM names it.
    pub token: String,
    /// What is shown in bold.
    pub title: String,
    /// What is shown below.
    pub body: String,
    /// What the app reads.
    pub data: BTreeMap<&'static str, String>,
}
