//! The settings of notifications.

use std::path::PathBuf;

use jiff::SignedDuration;
use secrecy::SecretString;
use serde::Deserialize;

use crate::model::Network;

/// The `[notify]` section.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Networks that may be told beside public addresses, such as `192.168.0.0/16`. There, http
    /// is fine too.
    pub allow_networks: Vec<Network>,
    /// The report service.
    pub webhook: WebhookConfig,
    /// Phones.
    pub fcm: FcmConfig,
}

/// The `[notify.fcm]` section.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FcmConfig {
    /// The JSON file of a service account. Not set: phones are not told.
    pub service_account_file: Option<PathBuf>,
    /// The address of FCM.
    pub endpoint: String,
    /// How long FCM may take for one answer.
    pub timeout: SignedDuration,
}

/// The `[notify.webhook]` section.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Where messages are posted. Not set: nowhere, they wait in the database.
    pub url: Option<String>,
    /// What messages are signed with: `whsec_` and base64, or any text of at least 16 bytes. While
    /// it changes, the new and the old one with a blank between them.
    pub secret: Option<SecretString>,
    /// How long the receiver may take for its whole answer.
    pub timeout: SignedDuration,
    /// How many bytes of a failing answer are kept for operators.
    pub max_answer: usize,
}
