//! Who calls the routes of 1C: an account with a password (R12, R13, Q35, S25).

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

/// What asks for a password, and in which letters (RFC 7617 §2.1).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Basic realm=\"1C\", charset=\"UTF-8\"");

/// Where an account may stand as well (Q35).
pub(in crate::http) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
const LOGIN: HeaderName = HeaderName::from_static("login");
const PASSWORD: HeaderName = HeaderName::from_static("password");

/// As the standard says, with or without the padding that some clients leave out.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The account of 1C that calls; its name is the node's.
pub(in crate::http) struct OnecAccount {
    pub(in crate::http) login: String,
}

impl FromRequestParts<Arc<AppState>> for OnecAccount {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Arc<AppState>) -> Result<Self, Problem> {
        let (login, password) = credentials(&parts.headers).ok_or_else(wrong)?;
        let address = Client::of(&state.proxies, &parts.extensions, &parts.headers).0;
        let by = Credentials { login, password: password.into(), address };
        let entered = state.accounts.sign_in(AccountKind::Exchange, &by).await;
        match entered {
            Ok(entered) => Ok(Self { login: entered.login }),
            Err(error) => Err(asking(error.into())),
        }
    }
}

/// Basic, or `X-API-Key: login:password` (Q35), or the headers `Login` and `Password` as the
/// document's example shows them (R12). Another `Authorization` is refused and not passed over: who
/// sends a token here has mistaken the address (S25).
fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let (scheme, value) = value.to_str().ok()?.trim().split_once(' ')?;
        let decoded = BASE64.decode(value.trim());
        return pair(&decoded.ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?);
    }
    if let Some(key) = headers.get(API_KEY) {
        return pair(key.as_bytes());
    }
    let text = |name| std::str::from_utf8(headers.get(name)?.as_bytes()).ok();
    Some((text(LOGIN)?.trim().to_owned(), text(PASSWORD)?.to_owned()))
}

/// `login:password`, in UTF-8; the first colon parts them.
fn pair(bytes: &[u8]) -> Option<(String, String)> {
    let (login, password) = std::str::from_utf8(bytes).ok()?.split_once(':')?;
    Some((login.to_owned(), password.to_owned()))
}

fn wrong() -> Problem {
    let message = "login and password of an account for 1C are required: Authorization: Basic …";
    asking(Problem::new(ErrorCode::CredentialsInvalid, message))
}

/// A 401 names the way to come in.
fn asking(problem: Problem) -> Problem {
    if problem.status() == StatusCode::UNAUTHORIZED {
        problem.with_header(header::WWW_AUTHENTICATE, CHALLENGE)
    } else {
        problem
    }
}
