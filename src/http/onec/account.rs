//! The caller of a 1C route: an account with a password (R12, R13, Q35, S25).

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use base64::Engine as _;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::auth::{AccountKind, Credentials};
use crate::http::AppState;
use crate::http::client::Client;
use crate::http::error_code::ErrorCode;
use crate::http::problem::Problem;

/// The authentication scheme, and the encoding of its credentials (RFC 7617 §2.1).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"1C\", charset=\"UTF-8\"");

/// The credentials may be here as well (Q35).
pub(in crate::http) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Some clients leave the padding out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The 1C account of the request. Its login is the name of the node.
pub(in crate::http) struct OnecAccount {
    pub(in crate::http) login: String,
}

impl OnecAccount {
    /// The actor in custody entries.
    pub(super) fn actor(&self) -> String {
        format!("exchange:{}", self.login)
    }
}

impl FromRequestParts<Arc<AppState>> for OnecAccount {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Problem> {
        let (login, password) = credentials(&parts.headers).ok_or_else(|| {
            let message = "a 1C account is required: Authorization: Basic …";
            with_challenge(Problem::new(ErrorCode::CredentialsInvalid, message))
        })?;
        let client = Client::of(&state.proxies, &parts.extensions, &parts.headers);
        let Client { address, is_counted } = client;
        let (password, code) = (password.into(), String::new());
        let credentials = Credentials { login, password, code, address, is_counted };
        let account = state.accounts.sign_in(AccountKind::Exchange, &credentials).await;
        let account = account.map_err(|error| with_challenge(error.into()))?;
        Ok(Self { login: account.login })
    }
}

/// Reads `Authorization: Basic`, `X-API-Key: login:password` (Q35), or the headers `Login` and
/// `Password` of the example in the API document (R12). Another scheme in `Authorization` is an error:
/// the client has sent a token to the wrong address (S25).
fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, value) = value.to_str().ok()?.trim().split_once(' ')?;
        let decoded = BASE64.decode(value.trim());
        return pair(&decoded.ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?);
    }
    if let Some(key) = headers.get(API_KEY) {
        return pair(key.as_bytes());
    }
    let text = |name: &str| std::str::from_utf8(headers.get(name)?.as_bytes()).ok();
    Some((text("login")?.trim().to_owned(), text("password")?.to_owned()))
}

/// `login:password` in UTF-8, split at the first colon.
fn pair(bytes: &[u8]) -> Option<(String, String)> {
    let (login, password) = std::str::from_utf8(bytes).ok()?.split_once(':')?;
    Some((login.to_owned(), password.to_owned()))
}

fn with_challenge(problem: Problem) -> Problem {
    if problem.status() == StatusCode::UNAUTHORIZED {
        problem.with_header(header::WWW_AUTHENTICATE, CHALLENGE)
    } else {
        problem
    }
}
