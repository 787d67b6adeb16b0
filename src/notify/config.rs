//! Settings of the webhook and of push notifications.

use std::path::PathBuf;

use jiff::SignedDuration;
use secrecy::SecretString;
use serde::Deserialize;

use crate::model::Network;

/// The `[notify]` section.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Networks that may be called besides public addresses, such as `192.168.0.0/16`. Only these may
    /// be called without TLS.
    pub allow_networks: Vec<Network>,
    pub webhook: WebhookConfig,
    pub fcm: FcmConfig,
}

/// The `[notify.fcm]` section.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FcmConfig {
    /// The JSON file of a service account. Absent: push notifications are only logged.
    pub service_account_file: Option<PathBuf>,
    pub endpoint: String,
    /// Per request.
    pub timeout: SignedDuration,
}

/// The `[notify.webhook]` section.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    /// Absent: messages wait in the database.
    pub url: Option<String>,
    /// Base64, with or without `whsec_` before it. During a rotation the new and the old
    /// one, separated by a blank.
    pub secret: Option<SecretString>,
    /// With `password`: Basic authentication in addition to the signature.
    pub user: Option<String>,
    pub password: Option<SecretString>,
    /// For the whole response.
    pub timeout: SignedDuration,
    /// Bytes of an error body that are kept for operators.
    pub max_answer: usize,
}
