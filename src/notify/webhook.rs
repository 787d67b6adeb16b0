//! The webhook of the report service: a signed POST (Standard Webhooks 1.0).

use jiff::SignedDuration;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::config::Config;
use super::delivery::Delivery;
use super::response::{classify, one_line};
use super::signature::{SecretError, SigningKeys};
use super::target::{TargetError, build_client, parse_target};
use crate::model::{Clock, EventId, error_chain};

pub struct Webhook {
    client: Client,
    url: Url,
    keys: SigningKeys,
    credentials: Option<Credentials>,
    timeout: SignedDuration,
    max_answer: usize,
    clock: Clock,
}

/// For Basic authentication, which a published HTTP service of 1C requires.
struct Credentials {
    user: String,
    password: SecretString,
}

#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    #[error("notify.webhook.url")]
    Url(#[from] TargetError),
    #[error("notify.webhook.secret")]
    Secret(#[from] SecretError),
    #[error("set both notify.webhook.user and notify.webhook.password, or neither")]
    Credentials,
    #[error("notify.webhook.user must not contain a colon, which separates it from the password")]
    User,
    #[error("the HTTP client for webhooks cannot be built")]
    Client(#[from] reqwest::Error),
}

impl Webhook {
    /// The receiver named in the settings, or `None` when no URL is set.
    pub fn from_config(config: &Config, clock: Clock) -> Result<Option<Self>, WebhookError> {
        let Some(url) = &config.webhook.url else { return Ok(None) };
        let (url, policy) = parse_target(url, &config.allow_networks)?;
        let secret = config.webhook.secret.as_ref().ok_or(SecretError::Missing)?;
        Ok(Some(Self {
            client: build_client(policy, config.webhook.timeout)?,
            url,
            keys: SigningKeys::parse(secret)?,
            credentials: credentials(config)?,
            timeout: config.webhook.timeout,
            max_answer: config.webhook.max_answer,
            clock,
        }))
    }

    /// The longest an attempt takes.
    pub const fn timeout(&self) -> SignedDuration {
        self.timeout
    }

    /// Makes one attempt. `id` is the same in every attempt, so that the receiver can deduplicate.
    pub async fn deliver(&self, id: EventId, body: &str) -> Delivery {
        match self.post(id, body).await {
            Ok(response) => classify(response, self.max_answer, self.clock.now()).await,
            Err(error) => Delivery::failed(one_line(&error_chain(&error.without_url()))),
        }
    }

    async fn post(&self, id: EventId, body: &str) -> Result<Response, reqwest::Error> {
        let now = self.clock.now();
        let mut request = self.client.post(self.url.clone());
        if let Some(Credentials { user, password }) = &self.credentials {
            request = request.basic_auth(user, Some(password.expose_secret()));
        }
        request
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", id.to_string())
            .header("webhook-timestamp", now.as_second())
            .header("webhook-signature", self.keys.sign(id, body, now))
            .body(body.to_owned())
            .send()
            .await
    }
}

fn credentials(config: &Config) -> Result<Option<Credentials>, WebhookError> {
    match (config.webhook.user.clone(), config.webhook.password.clone()) {
        (None, None) => Ok(None),
        (Some(user), Some(_)) if user.contains(':') => Err(WebhookError::User),
        (Some(user), Some(password)) => Ok(Some(Credentials { user, password })),
        _ => Err(WebhookError::Credentials),
    }
}
