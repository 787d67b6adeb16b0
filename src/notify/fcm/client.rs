//! The client of FCM.
//!
//! From the reference of FCM (`projects.messages.send` and `ErrorCode`): a message has at most 4,096
//! bytes; 404 `UNREGISTERED`, and 400 about the token, mean that the device is gone, while a 404 without
//! FCM's own code means that the endpoint or the project does not exist; 429 and 503 come with
//! `Retry-After`, without which a sender waits at least a minute and ten seconds respectively. A 429 may be
//! about the project or about one device; `google.rpc.QuotaFailure` says so. A 401 with
//! `THIRD_PARTY_AUTH_ERROR` is about the credentials of Apple's service.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, Response};
use url::Url;

use super::body;
use super::oauth::{AccessToken, OAuth, SendError, ServiceAccount, ServiceAccountError};
use super::response::FcmResponse;
use crate::model::{Clock, PushNotification, error_chain};
use crate::notify::config::Config;
use crate::notify::delivery::Delivery;
use crate::notify::response::one_line;
use crate::notify::target::{TargetError, build_client, parse_target};

/// Limit of a pause for all notifications. A wrong header, or one of a proxy, must not stop them for
/// days. If the quota is still exhausted then, the next response says so.
const MAX_PAUSE: SignedDuration = SignedDuration::from_hours(1);

pub struct Fcm {
    client: Client,
    url: Url,
    oauth: OAuth,
    timeout: SignedDuration,
    clock: Clock,
    /// Nothing is sent before this moment: FCM has reported that a quota of the project is exhausted.
    paused_until: Mutex<Timestamp>,
}

#[derive(Debug, thiserror::Error)]
pub enum FcmError {
    #[error("notify.fcm.service_account_file: {}", .0.display())]
    ServiceAccount(PathBuf, #[source] ServiceAccountError),
    #[error("notify.fcm.service_account_file: {}: token_uri", .0.display())]
    TokenUri(PathBuf, #[source] TargetError),
    #[error("notify.fcm.endpoint")]
    Endpoint(#[source] TargetError),
    #[error("the HTTP client for FCM cannot be built")]
    Client(#[from] reqwest::Error),
}

impl Fcm {
    /// `None` when the settings name no service account.
    pub fn from_config(config: &Config, clock: Clock) -> Result<Option<Self>, FcmError> {
        let Some(path) = &config.fcm.service_account_file else { return Ok(None) };
        let account = ServiceAccount::read(path)
            .map_err(|error| FcmError::ServiceAccount(path.clone(), error))?;
        let send = format!(
            "{}/v1/projects/{}/messages:send",
            config.fcm.endpoint.trim_end_matches('/'),
            account.project_id
        );
        let networks = &config.allow_networks;
        let (url, policy) = parse_target(&send, networks).map_err(FcmError::Endpoint)?;
        let (token_url, token_policy) = parse_target(&account.token_uri, networks)
            .map_err(|error| FcmError::TokenUri(path.clone(), error))?;
        let timeout = config.fcm.timeout;
        let token_client = build_client(token_policy, timeout)?;
        Ok(Some(Self {
            client: build_client(policy, timeout)?,
            url,
            oauth: OAuth::new(account, token_url, token_client, clock.clone()),
            timeout,
            clock,
            paused_until: Mutex::new(Timestamp::UNIX_EPOCH),
        }))
    }

    /// The longest an attempt takes: an access token, a refused message, another token, the message. Each
    /// access token may first be awaited in another attempt.
    pub fn timeout(&self) -> SignedDuration {
        self.timeout * 6
    }

    /// Makes one attempt.
    pub async fn deliver(&self, notification: &PushNotification) -> Delivery {
        if let Some(after) = self.pause() {
            let reason = "FCM has reported an exhausted quota".to_owned();
            return Delivery::Retry { after: Some(after), status: None, reason };
        }
        match self.send(notification).await {
            Ok(response) => {
                if let Some(pause) = response.project_pause() {
                    self.pause_for(pause);
                }
                response.into_delivery()
            }
            Err(error) => {
                let status = match error {
                    SendError::Refused { status, .. } => Some(status),
                    _ => None,
                };
                Delivery::Retry { after: None, status, reason: one_line(&error_chain(&error)) }
            }
        }
    }

    /// Gets an access token, which proves that the service account is valid.
    pub async fn check_connection(&self) -> Result<(), SendError> {
        self.oauth.access_token(None).await.map(drop)
    }

    /// Sends a notification. An access token that FCM refuses before its expiry is replaced once.
    async fn send(&self, notification: &PushNotification) -> Result<FcmResponse, SendError> {
        let body = body::json(notification);
        let read = |response| FcmResponse::read(response, &notification.token, self.clock.now());
        let token = self.oauth.access_token(None).await?;
        let response = read(self.post(&body, &token).await?).await;
        if !response.refuses_access_token() {
            return Ok(response);
        }
        let token = self.oauth.access_token(Some(&token)).await?;
        Ok(read(self.post(&body, &token).await?).await)
    }

    async fn post(&self, body: &str, token: &AccessToken) -> Result<Response, SendError> {
        let request = self
            .client
            .post(self.url.clone())
            .bearer_auth(token.expose())
            .header(reqwest::header::CONTENT_TYPE, "application/json; charset=utf-8")
            .body(body.to_owned());
        let unreachable =
            |error: reqwest::Error| SendError::Http("FCM", Arc::new(error.without_url()));
        request.send().await.map_err(unreachable)
    }

    fn pause(&self) -> Option<SignedDuration> {
        let until = *self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until.duration_since(self.clock.now());
        left.is_positive().then_some(left)
    }

    fn pause_for(&self, pause: SignedDuration) {
        if let Ok(until) = self.clock.now().checked_add(pause.min(MAX_PAUSE)) {
            let mut paused = self.paused_until.lock().unwrap_or_else(PoisonError::into_inner);
            *paused = until.max(*paused);
        }
    }
}
