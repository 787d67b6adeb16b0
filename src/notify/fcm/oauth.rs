//! Access tokens of Google by the JWT bearer grant (RFC 7523), for a service account.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;
use url::{Url, form_urlencoded};

use crate::model::{Clock, text_of};
use crate::notify::response::read_prefix;

/// Limit for reading the file, in bytes, in case the path is wrong.
const MAX_ACCOUNT_FILE: u64 = 64 * 1024;
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// RFC 7523 section 2.1.
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The longest lifetime of an assertion that Google accepts.
const ASSERTION_TTL: SignedDuration = SignedDuration::from_hours(1);
/// A token is replaced this long before its expiry, which is longer than an attempt takes.
const EXPIRY_MARGIN: SignedDuration = SignedDuration::from_mins(2);
/// In bytes. A real token response has about 1,200.
const MAX_TOKEN_RESPONSE: usize = 16 * 1024;

/// Why the file of the service account is refused. No error repeats its contents, which are secret.
#[derive(Debug, thiserror::Error)]
pub enum ServiceAccountError {
    #[error("the file cannot be read")]
    Unreadable(#[source] io::Error),
    #[error("the file is not the JSON of a service account")]
    Malformed,
    #[error("private_key is not an RSA key in PEM")]
    Key,
    /// The project id becomes a part of the URL.
    #[error("project_id contains characters that are not allowed")]
    Project,
}

/// A notification, or the request for an access token, got no usable response.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    #[error("the assertion for an access token cannot be signed")]
    Sign(#[from] jsonwebtoken::errors::Error),
    #[error("{0} cannot be reached")]
    Http(&'static str, #[source] reqwest::Error),
    #[error("no access token: the token endpoint answered {0}")]
    Refused(u16),
    #[error("no access token: the response of the token endpoint cannot be parsed")]
    Malformed,
}

/// The identity that Google knows this service by: the file without the fields we do not use.
#[derive(Deserialize)]
pub(super) struct ServiceAccount {
    pub(super) project_id: String,
    pub(super) token_uri: String,
    private_key_id: String,
    private_key: SecretString,
    client_email: String,
}

impl ServiceAccount {
    pub(super) fn read(path: &Path) -> Result<Self, ServiceAccountError> {
        let mut bytes = Vec::new();
        let text = File::open(path)
            .and_then(|file| file.take(MAX_ACCOUNT_FILE).read_to_end(&mut bytes))
            .and_then(|_| Ok(text_of(&bytes)?))
            .map_err(ServiceAccountError::Unreadable)?;
        let account: Self =
            serde_json::from_str(&text).map_err(|_| ServiceAccountError::Malformed)?;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-:.".contains(c);
        if account.project_id.is_empty() || !account.project_id.chars().all(allowed) {
            return Err(ServiceAccountError::Project);
        }
        account.key().map_err(|_| ServiceAccountError::Key)?;
        Ok(account)
    }

    fn key(&self) -> Result<EncodingKey, jsonwebtoken::errors::Error> {
        EncodingKey::from_rsa_pem(self.private_key.expose_secret().as_bytes())
    }
}

#[derive(Clone)]
pub(super) struct AccessToken {
    secret: Arc<SecretString>,
    valid_until: Timestamp,
}

impl AccessToken {
    pub(super) fn expose(&self) -> &str {
        self.secret.expose_secret()
    }
}

/// Fetches and caches the access token.
pub(super) struct OAuth {
    account: ServiceAccount,
    url: Url,
    client: Client,
    clock: Clock,
    /// Locked while a token is fetched, so that concurrent callers share one request.
    cached: Mutex<Option<AccessToken>>,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: &'static str,
    aud: &'a str,
    iat: i64,
    exp: i64,
}

#[derive(Deserialize)]
struct TokenResponse {
    access_token: SecretString,
    expires_in: u32,
}

impl OAuth {
    pub(super) fn new(account: ServiceAccount, url: Url, client: Client, clock: Clock) -> Self {
        Self { account, url, client, clock, cached: Mutex::new(None) }
    }

    /// The cached token, unless it has expired or is the one that was `refused`; else a new one.
    pub(super) async fn access_token(
        &self,
        refused: Option<&AccessToken>,
    ) -> Result<AccessToken, SendError> {
        let mut cached = self.cached.lock().await;
        let usable = |token: &&AccessToken| {
            let is_refused = refused.is_some_and(|refused| refused.expose() == token.expose());
            token.valid_until > self.clock.now() && !is_refused
        };
        if let Some(token) = cached.as_ref().filter(usable) {
            return Ok(token.clone());
        }
        *cached = None;
        let token = self.fetch().await?;
        *cached = Some(token.clone());
        Ok(token)
    }

    async fn fetch(&self) -> Result<AccessToken, SendError> {
        let now = self.clock.now();
        let assertion = self.assertion(now)?;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", GRANT_TYPE)
            .append_pair("assertion", &assertion)
            .finish();
        let request = self.client.post(self.url.clone()).body(form);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        // Errors are logged, so they must not contain the URL.
        let unreachable = |error: reqwest::Error| {
            SendError::Http("no access token: the token endpoint", error.without_url())
        };
        let response = request.send().await.map_err(unreachable)?;
        if !response.status().is_success() {
            return Err(SendError::Refused(response.status().as_u16()));
        }
        let body = read_prefix(response, MAX_TOKEN_RESPONSE).await;
        let TokenResponse { access_token, expires_in } =
            serde_json::from_str(&body).map_err(|_| SendError::Malformed)?;
        let lifetime = SignedDuration::from_secs(expires_in.into()) - EXPIRY_MARGIN;
        let valid_until = now.checked_add(lifetime).unwrap_or(now);
        Ok(AccessToken { secret: Arc::new(access_token), valid_until })
    }

    fn assertion(&self, now: Timestamp) -> Result<String, SendError> {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.account.private_key_id.clone());
        let claims = Claims {
            iss: &self.account.client_email,
            scope: SCOPE,
            aud: &self.account.token_uri,
            iat: now.as_second(),
            exp: now.as_second() + ASSERTION_TTL.as_secs(),
        };
        Ok(encode(&header, &claims, &self.account.key()?)?)
    }
}
