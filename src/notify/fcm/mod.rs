//! Phones, by FCM's HTTP v1 interface.
//!
//! Facts of the interface (its reference, `projects.messages.send` and `ErrorCode`): a message has at
//! most 4,096 bytes; 404 `UNREGISTERED` and 400 about the token mean that the device is gone, while a
//! 404 of Google's alone says that the endpoint or the project is not there; 429 and
//! 503 come with `Retry-After`, and a sender that has none waits a minute and ten seconds at least.

mod account;
mod answer;
mod body;
mod oauth;

use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use reqwest::{Client, Response, StatusCode};
use url::Url;

use crate::model::{Clock, Note, error_chain};

use super::answer::one_line;
use super::guard::{TargetError, target};
use super::http::client;
use super::{Config, Delivery};

pub use account::AccountError;

use account::Account;
use oauth::{Access, OAuth, OAuthError};

/// The longest pause of every note that one answer brings about. A wrong header, or a proxy's, must
/// not silence all phones for days; whose quota is really used up is told so again after it.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(1);

/// The sender of notes to phones.
pub struct Fcm {
    client: Client,
    url: Url,
    oauth: OAuth,
    timeout: SignedDuration,
    clock: Clock,
    /// Nothing is sent before this: FCM has said that it is too much.
    quiet_until: Mutex<Timestamp>,
}

/// The settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FcmError {
    /// The service account cannot be used.
    #[error("notify.fcm.service_account_file: {0}")]
    Account(#[from] AccountError),
    /// Its address for tokens may not be asked.
    #[error("notify.fcm.service_account_file: token_uri {0}")]
    TokenUri(#[source] TargetError),
    /// The address of FCM may not be told.
    #[error("notify.fcm.endpoint {0}")]
    Endpoint(#[source] TargetError),
    /// The HTTP client cannot be made.
    #[error("the client of FCM cannot be made")]
    Client(#[from] reqwest::Error),
}

/// Why a note could not even be brought to FCM.
enum Trouble {
    OAuth(OAuthError),
    Send(reqwest::Error),
}

impl Fcm {
    /// The sender that the settings name, or `None` when there is no service account.
    ///
    /// # Errors
    /// When the settings cannot be used.
    pub fn from_config(config: &Config, clock: Clock) -> Result<Option<Self>, FcmError> {
        let Some(path) = &config.fcm.service_account_file else { return Ok(None) };
        let account = Account::read(path)?;
        let send = format!(
            "{}/v1/projects/{}/messages:send",
            config.fcm.endpoint.trim_end_matches('/'),
            account.project_id
        );
        let networks = &config.allow_networks;
        let (url, guard) = target(&send, networks).map_err(FcmError::Endpoint)?;
        let (token_url, token_guard) =
            target(&account.token_uri, networks).map_err(FcmError::TokenUri)?;
        let timeout = config.fcm.timeout;
        let token_client = client(token_guard, timeout)?;
        Ok(Some(Self {
            client: client(guard, timeout)?,
            url,
            oauth: OAuth::new(account, token_url, token_client, clock.clone()),
            timeout,
            clock,
            quiet_until: Mutex::new(Timestamp::UNIX_EPOCH),
        }))
    }

    /// The longest a try takes: a token, a refused note, another token, the note.
    #[must_use]
    pub fn timeout(&self) -> SignedDuration {
        self.timeout * 4
    }

    /// Tries once.
    pub async fn deliver(&self, note: &Note) -> Delivery {
        if let Some(after) = self.quiet_for() {
            let reason = "FCM has asked for a pause".to_owned();
            return Delivery::Later { after: Some(after), status: None, reason };
        }
        match self.send(&body::fitting(note)).await {
            Ok(response) => {
                let delivery = answer::judge(response, self.clock.now()).await;
                self.heed(&delivery);
                delivery
            }
            Err(trouble) => {
                let reason = trouble.in_words();
                Delivery::Later { after: None, status: trouble.status(), reason }
            }
        }
    }

    /// Gets an access token: whether the service account is what it says.
    ///
    /// # Errors
    /// When no token can be had, in words.
    pub async fn examine(&self) -> Result<(), String> {
        self.oauth.access(None).await.map(|_| ()).map_err(|error| Trouble::OAuth(error).in_words())
    }

    /// Sends a body. A token that FCM does not take, though it should be good, is replaced once.
    async fn send(&self, body: &str) -> Result<Response, Trouble> {
        let access = self.oauth.access(None).await.map_err(Trouble::OAuth)?;
        let response = self.post(body, &access).await?;
        if response.status() != StatusCode::UNAUTHORIZED {
            return Ok(response);
        }
        let access = self.oauth.access(Some(&access)).await.map_err(Trouble::OAuth)?;
        self.post(body, &access).await
    }

    async fn post(&self, body: &str, access: &Access) -> Result<Response, Trouble> {
        self.client
            .post(self.url.clone())
            .bearer_auth(access.token())
            .header(reqwest::header::CONTENT_TYPE, "application/json; charset=utf-8")
            .body(body.to_owned())
            .send()
            .await
            .map_err(Trouble::Send)
    }

    /// How long there is still to wait, if FCM has asked for a pause.
    fn quiet_for(&self) -> Option<SignedDuration> {
        let until = *self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
        let left = until.duration_since(self.clock.now());
        left.is_positive().then_some(left)
    }

    /// A quota is used up for every note, not for one.
    fn heed(&self, delivery: &Delivery) {
        if let Delivery::Later { after: Some(after), status: Some(429), .. } = delivery
            && let Ok(until) = self.clock.now().checked_add((*after).min(LONGEST_PAUSE))
        {
            let mut quiet = self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
            *quiet = until.max(*quiet);
        }
    }
}

impl Trouble {
    fn status(&self) -> Option<u16> {
        match self {
            Self::OAuth(OAuthError::Refused(status)) => Some(*status),
            _ => None,
        }
    }

    fn in_words(&self) -> String {
        match self {
            Self::OAuth(error) => format!("no access token: {}", one_line(&error_chain(error))),
            Self::Send(error) => one_line(&error_chain(error)),
        }
    }
}
