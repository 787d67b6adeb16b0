//! Settings of those who are told.

use jiff::SignedDuration;
use secrecy::SecretString;
use serde::{Deserialize, Deserializer, de::Error};
use url::Url;

/// `[notify]`: who is told, and how.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Networks (CIDR) that may be told although they are private (S63).
    pub allow_networks: Vec<String>,
    /// The report service's webhook.
    pub webhook: Webhook,
}

/// `[notify.webhook]`: the report service's webhook.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Where events are sent; none: nowhere.
    #[serde(deserialize_with = "address")]
    pub url: Option<Url>,
    /// The Standard Webhooks secret, `whsec_…`, that signs events.
    pub secret: Option<SecretString>,
    /// How long one delivery may take, connecting included.
    pub timeout: SignedDuration,
    /// Most bytes of the receiver's answer that are read.
    pub max_answer: usize,
}

fn address<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Url>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| Url::parse(&text).map_err(D::Error::custom)).transpose()
}
