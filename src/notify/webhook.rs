//! The report service: a signed POST (Standard Webhooks 1.0).

use std::net::IpAddr;

use jiff::SignedDuration;
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response, redirect};
use url::{Host, Url};

use crate::model::{Clock, causes};

use super::guard::{Guard, NotAllowed};
use super::signature::{Keys, SecretError};
use super::{Config, Delivery, Message, Network, answer};

/// How we introduce ourselves.
const USER_AGENT: &str = concat!("forte-media/", env!("CARGO_PKG_VERSION"));

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
    /// Not an address of the web.
    #[error("notify.webhook.url must be an https (or http) URL without a user name in it")]
    Url,
    /// An address that may not be told.
    #[error("notify.webhook.url: {0}")]
    NotAllowed(#[from] NotAllowed),
    /// http, and nobody may be told that way.
    #[error("notify.webhook.url: http is only for networks in notify.allow_networks")]
    Unencrypted,
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
                let reason = answer::one_line(&causes(&error.without_url()));
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

/// The URL, and who may be behind it. An address in the URL itself is not resolved, so it is checked
/// here.
fn target(url: &str, allowed: &[Network]) -> Result<(Url, Guard), WebhookError> {
    let url = Url::parse(url).map_err(|_| WebhookError::Url)?;
    let named = !url.username().is_empty() || url.password().is_some();
    if named || !matches!(url.scheme(), "https" | "http") {
        return Err(WebhookError::Url);
    }
    let encrypted = url.scheme() == "https";
    if !encrypted && allowed.is_empty() {
        return Err(WebhookError::Unencrypted);
    }
    let guard = Guard::new(allowed, encrypted);
    match url.host() {
        Some(Host::Ipv4(address)) => guard.check(IpAddr::V4(address))?,
        Some(Host::Ipv6(address)) => guard.check(IpAddr::V6(address))?,
        Some(Host::Domain(_)) => {}
        None => return Err(WebhookError::Url),
    }
    Ok((url, guard))
}

/// No redirects: where they lead has not been checked. No proxy from the environment: it would
/// resolve the name itself.
fn client(guard: Guard, timeout: SignedDuration) -> Result<Client, reqwest::Error> {
    Client::builder()
        .user_agent(USER_AGENT)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .dns_resolver(guard)
        .timeout(timeout.unsigned_abs())
        .build()
}
