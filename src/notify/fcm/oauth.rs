//! Access tokens by the JWT bearer grant (RFC 7523): we sign who we are, Google gives an hour.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, Header, encode};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, Response};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use url::{Url, form_urlencoded};

use crate::model::Clock;

use super::account::Account;

/// What a token is for.
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// The grant, as RFC 7523 section 2.1 names it.
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// How long an assertion lives: the most that Google takes.
const ASSERTED: SignedDuration = SignedDuration::from_hours(1);
/// How long before its end a token is replaced: longer than a note is under way.
const MARGIN: SignedDuration = SignedDuration::from_mins(2);
/// Longest answer that is read, in bytes. A real one has about 1,200.
const LONGEST_ANSWER: usize = 16 * 1024;

/// No token could be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum OAuthError {
    #[error("the assertion cannot be signed")]
    Sign(#[from] jsonwebtoken::errors::Error),
    #[error("the token endpoint cannot be reached")]
    Send(#[from] reqwest::Error),
    #[error("the token endpoint answered {0}")]
    Refused(u16),
    #[error("the token endpoint's answer cannot be read")]
    Shape,
}

/// An access token in use.
#[derive(Clone)]
pub(super) struct Access {
    token: Arc<SecretString>,
    good_until: Timestamp,
}

impl Access {
    pub(super) fn token(&self) -> &str {
        self.token.expose_secret()
    }
}

/// The keeper of the one token.
pub(super) struct OAuth {
    account: Account,
    url: Url,
    client: Client,
    clock: Clock,
    /// Held while a token is fetched: whoever comes meanwhile waits for the same one.
    held: Mutex<Option<Access>>,
}

#[derive(Serialize)]
struct Assertion<'a> {
    iss: &'a str,
    scope: &'static str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
struct Granted {
    access_token: SecretString,
    expires_in: u32,
}

impl OAuth {
    pub(super) fn new(account: Account, url: Url, client: Client, clock: Clock) -> Self {
        Self { account, url, client, clock, held: Mutex::new(None) }
    }

    /// A token that is good: the one that is held, unless it is the one that was `refused`.
    pub(super) async fn access(&self, refused: Option<&Access>) -> Result<Access, OAuthError> {
        let mut held = self.held.lock().await;
        let good = |access: &&Access| {
            let is_refused = refused.is_some_and(|refused| refused.token() == access.token());
            access.good_until > self.clock.now() && !is_refused
        };
        if let Some(access) = held.as_ref().filter(good) {
            return Ok(access.clone());
        }
        *held = None;
        let access = self.fetch().await?;
        *held = Some(access.clone());
        Ok(access)
    }

    async fn fetch(&self) -> Result<Access, OAuthError> {
        let now = self.clock.now();
        let assertion = self.assertion(now)?;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", GRANT)
            .append_pair("assertion", &assertion)
            .finish();
        let request = self.client.post(self.url.clone()).body(form);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        // The address is left out of what is logged.
        let response = request.send().await.map_err(reqwest::Error::without_url)?;
        if !response.status().is_success() {
            return Err(OAuthError::Refused(response.status().as_u16()));
        }
        let granted = granted(response).await?;
        let lives = SignedDuration::from_secs(granted.expires_in.into()) - MARGIN;
        let good_until = now.checked_add(lives).unwrap_or(now);
        Ok(Access { token: Arc::new(granted.access_token), good_until })
    }

    fn assertion(&self, now: Timestamp) -> Result<String, OAuthError> {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.account.key_id.clone());
        let claims = Assertion {
            iss: &self.account.email,
            scope: SCOPE,
            aud: &self.account.token_uri,
            iat: now.as_second(),
            exp: now.as_second() + ASSERTED.as_secs(),
        };
        Ok(encode(&header, &claims, &self.account.key)?)
    }
}

async fn granted(mut response: Response) -> Result<Granted, OAuthError> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(reqwest::Error::without_url)? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Err(OAuthError::Shape);
        }
        body.extend_from_slice(&chunk);
    }
    serde_json::from_slice(&body).map_err(|_| OAuthError::Shape)
}
