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

use crate::model::Clock;
use crate::notify::response::read_prefix;

/// Keeps a wrong path from being read without end, in bytes.
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

#[derive(Debug, thiserror::Error)]
pub enum ServiceAccountError {
    #[error("the file cannot be read")]
    Unreadable(#[source] io::Error),
    /// The contents are secret, so the error does not repeat them.
    #[error("the file is not the JSON of a service account")]
    Malformed,
    #[error("private_key is not an RSA key in PEM")]
    Key,
    /// The project id becomes a part of the URL.
    #[error("project_id contains characters that are not allowed")]
    Project,
}

#[derive(Debug, thiserror::Error)]
pub enum OAuthError {
    #[error("the assertion cannot be signed")]
    Sign(#[from] jsonwebtoken::errors::Error),
    #[error("the token endpoint cannot be reached")]
    Http(#[from] reqwest::Error),
    #[error("the token endpoint answered {0}")]
    Refused(u16),
    #[error("the response of the token endpoint cannot be parsed")]
    Malformed,
}

#[derive(Deserialize)]
struct ServiceAccountFile {
    project_id: String,
    private_key_id: String,
    private_key: SecretString,
    client_email: String,
    token_uri: String,
}

/// The identity that Google knows this service by.
pub(super) struct ServiceAccount {
    pub(super) project_id: String,
    pub(super) token_uri: String,
    key_id: String,
    key: EncodingKey,
    email: String,
}

impl ServiceAccount {
    pub(super) fn read(path: &Path) -> Result<Self, ServiceAccountError> {
        let mut text = String::new();
        File::open(path)
            .and_then(|file| file.take(MAX_ACCOUNT_FILE).read_to_string(&mut text))
            .map_err(ServiceAccountError::Unreadable)?;
        let file: ServiceAccountFile =
            serde_json::from_str(&text).map_err(|_| ServiceAccountError::Malformed)?;
        let key = EncodingKey::from_rsa_pem(file.private_key.expose_secret().as_bytes());
        let allowed = |c: char| c.is_ascii_alphanumeric() || "-:.".contains(c);
        if file.project_id.is_empty() || !file.project_id.chars().all(allowed) {
            return Err(ServiceAccountError::Project);
        }
        Ok(Self {
            project_id: file.project_id,
            token_uri: file.token_uri,
            key_id: file.private_key_id,
            key: key.map_err(|_| ServiceAccountError::Key)?,
            email: file.client_email,
        })
    }
}

#[derive(Clone)]
pub(super) struct AccessToken {
    secret: Arc<SecretString>,
    valid_until: Timestamp,
}

impl AccessToken {
    pub(super) fn secret(&self) -> &str {
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
    ) -> Result<AccessToken, OAuthError> {
        let mut cached = self.cached.lock().await;
        let usable = |token: &&AccessToken| {
            let is_refused = refused.is_some_and(|refused| refused.secret() == token.secret());
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

    async fn fetch(&self) -> Result<AccessToken, OAuthError> {
        let now = self.clock.now();
        let assertion = self.assertion(now)?;
        let form = form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", GRANT_TYPE)
            .append_pair("assertion", &assertion)
            .finish();
        let request = self.client.post(self.url.clone()).body(form);
        let request = request.header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        // Errors are logged, so they must not contain the URL.
        let response = request.send().await.map_err(reqwest::Error::without_url)?;
        if !response.status().is_success() {
            return Err(OAuthError::Refused(response.status().as_u16()));
        }
        let body = read_prefix(response, MAX_TOKEN_RESPONSE).await;
        let TokenResponse { access_token, expires_in } =
            serde_json::from_str(&body).map_err(|_| OAuthError::Malformed)?;
        let lifetime = SignedDuration::from_secs(expires_in.into()) - EXPIRY_MARGIN;
        let valid_until = now.checked_add(lifetime).unwrap_or(now);
        Ok(AccessToken { secret: Arc::new(access_token), valid_until })
    }

    fn assertion(&self, now: Timestamp) -> Result<String, OAuthError> {
        let mut header = Header::new(Algorithm::RS256);
        header.kid = Some(self.account.key_id.clone());
        let claims = Claims {
            iss: &self.account.email,
            scope: SCOPE,
            aud: &self.account.token_uri,
            iat: now.as_second(),
            exp: now.as_second() + ASSERTION_TTL.as_secs(),
        };
        Ok(encode(&header, &claims, &self.account.key)?)
    }
}
