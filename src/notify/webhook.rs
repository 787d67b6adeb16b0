//! The report service: a signed POST (Standard Webhooks 1.0).

use jiff::SignedDuration;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response};
use url::Url;

use crate::model::{Clock, error_chain};

use super::guard::{TargetError, target};
use super::http::client;
use super::signature::{Keys, SecretError};
use super::{Config, Delivery, Message, answer};

/// The receiver of messages.
pub struct Webhook {
    client: Client,
    url: Url,
    keys: Keys,
    timeout: SignedDuration,
    max_answer: usize,
    clock: Clock,
}

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    /// Not an address that may be told.
    #[error("notify.webhook.url {0}")]
    Url(#[from] TargetError),
    /// The secret is none.
    #[error("notify.webhook.secret: {0}")]
    Secret(#[from] SecretError),
    /// The HTTP client cannot be made.
    #[error("the client of webhooks cannot be made")]
    Client(#[from] reqwest::Error),
}

impl Webhook {
    /// The receiver named in the settings, or `None` when there is none.
    ///
    /// # Errors
    /// When the settings cannot be used.
    pub fn from_config(config: &Config, clock: Clock) -> Result<Option<Self>, WebhookError> {
        let Some(url) = &config.webhook.url else { return Ok(None) };
        let (url, guard) = target(url, &config.allow_networks)?;
        let secret = config.webhook.secret.as_ref().ok_or(SecretError::Missing)?;
        Ok(Some(Self {
            client: client(guard, config.webhook.timeout)?,
            url,
            keys: Keys::read(secret)?,
            timeout: config.webhook.timeout,
            max_answer: config.webhook.max_answer,
            clock,
        }))
    }

    /// The longest a try takes.
    #[must_use]
    pub const fn timeout(&self) -> SignedDuration {
        self.timeout
    }

    /// Tries once.
    pub async fn deliver(&self, message: &Message<'_>) -> Delivery {
        match self.post(message).await {
            Ok(response) => answer::judge(response, self.max_answer, self.clock.now()).await,
            Err(error) => {
                let reason = answer::one_line(&error_chain(&error.without_url()));
                Delivery::Later { after: None, status: None, reason }
            }
        }
    }

    async fn post(&self, message: &Message<'_>) -> Result<Response, reqwest::Error> {
        let now = self.clock.now();
        self.client
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", message.id.to_string())
            .header("webhook-timestamp", now.as_second())
            .header("webhook-signature", self.keys.sign(message, now))
            .body(message.body.to_owned())
            .send()
            .await
    }
}
