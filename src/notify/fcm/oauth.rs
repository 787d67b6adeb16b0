//! Access tokens of Google by the JWT bearer grant (RFC 7523), for a service account.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::{Arc, PoisonError};

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use reqwest::Client;
use reqwest::header::CONTENT_TYPE;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use tokio::sync::Mutex;
use url::{Url, form_urlencoded};

use crate::model::{Clock, text_of};
use crate::notify::response::{read_prefix, shortened};

/// Limit for reading the file, in bytes, in case the path is wrong.
const MAX_ACCOUNT_FILE: u64 = 64 * 1024;
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// RFC 7523 section 2.1.
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// The longest lifetime of an assertion that Google accepts.
const ASSERTION_TTL: SignedDuration = SignedDuration::from_hours(1);
/// A token is replaced this long before its expiry, which is longer than an attempt takes.
const EXPIRY_MARGIN: SignedDuration = SignedDuration::from_mins(2);
/// The lifetime of a token whose response does not tell it. A token that is refused earlier is replaced.
const UNKNOWN_LIFETIME: SignedDuration = SignedDuration::from_mins(10);
const MAX_LIFETIME: SignedDuration = SignedDuration::from_hours(24);
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

/// A notification, or the request for an access token, got no usable response. Cloned for the callers that
/// have waited for the same request.
#[derive(Debug, Clone, thiserror::Error)]
pub enum SendError {
    #[error("the assertion for an access token cannot be signed")]
    Sign(#[from] jsonwebtoken::errors::Error),
    #[error("{0} cannot be reached")]
    Http(&'static str, #[source] Arc<reqwest::Error>),
    /// With the words of Google, which say for example that the clock is wrong.
    #[error("no access token: the token endpoint answered {status}: {reason}")]
    Refused { status: u16, reason: String },
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
    /// The last failure with its number, for the callers that have waited for it: if each tried again, they
    /// would wait for each other.
    failure: std::sync::Mutex<(u64, Option<SendError>)>,
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
    /// A number; some proxies write it as text, and RFC 6749 lets it be left out.
    #[serde(default)]
    expires_in: Value,
}

impl TokenResponse {
    fn lifetime(&self) -> SignedDuration {
        let text = self.expires_in.as_str().and_then(|text| text.trim().parse().ok());
        let seconds = self.expires_in.as_f64().or(text).filter(|seconds| *seconds >= 0.0);
        let lifetime = seconds.and_then(|seconds| SignedDuration::try_from_secs_f64(seconds).ok());
        lifetime.map_or(UNKNOWN_LIFETIME, |lifetime| lifetime.min(MAX_LIFETIME))
    }
}

/// The error of the token endpoint (RFC 6749, section 5.2).
#[derive(Default, Deserialize)]
struct TokenRefusal {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

impl OAuth {
    pub(super) fn new(account: ServiceAccount, url: Url, client: Client, clock: Clock) -> Self {
        let (cached, failure) = (Mutex::new(None), std::sync::Mutex::default());
        Self { account, url, client, clock, cached, failure }
    }

    /// The cached token, unless it has expired or is the one that was `refused`; else a new one.
    pub(super) async fn access_token(
        &self,
        refused: Option<&AccessToken>,
    ) -> Result<AccessToken, SendError> {
        let (seen, _) = self.last_failure();
        let mut cached = self.cached.lock().await;
        let usable = |token: &&AccessToken| {
            let is_refused = refused.is_some_and(|refused| refused.expose() == token.expose());
            token.valid_until > self.clock.now() && !is_refused
        };
        if let Some(token) = cached.as_ref().filter(usable) {
            return Ok(token.clone());
        }
        if let (number, Some(error)) = self.last_failure()
            && number != seen
        {
            return Err(error);
        }
        *cached = None;
        let token = self.fetch().await.inspect_err(|error| self.note_failure(error))?;
        *cached = Some(token.clone());
        Ok(token)
    }

    fn last_failure(&self) -> (u64, Option<SendError>) {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn note_failure(&self, error: &SendError) {
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        *failure = (failure.0 + 1, Some(error.clone()));
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
            let error = Arc::new(error.without_url());
            SendError::Http("no access token: the token endpoint", error)
        };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let body = read_prefix(response, MAX_TOKEN_RESPONSE).await;
        if !status.is_success() {
            return Err(SendError::Refused { status: status.as_u16(), reason: refusal(&body) });
        }
        let response: TokenResponse =
            serde_json::from_str(&body).map_err(|_| SendError::Malformed)?;
        let valid_until = now.checked_add(response.lifetime() - EXPIRY_MARGIN).unwrap_or(now);
        Ok(AccessToken { secret: Arc::new(response.access_token), valid_until })
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

/// What the token endpoint says about its refusal. It contains no secret: the assertion is not repeated.
fn refusal(body: &str) -> String {
    let refusal: TokenRefusal = serde_json::from_str(body).unwrap_or_default();
    let parts = [refusal.error, refusal.error_description];
    let said: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    if said.is_empty() { "no reason".to_owned() } else { shortened(&said.join(": ")) }
}
