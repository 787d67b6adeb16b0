//! Sign-in of reviewers.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::{AccountKind, Credentials};
use crate::http::client::Client;
use crate::http::error_code::ErrorCode;
use crate::http::fields::Fields;
use crate::http::problem::{self, Problem};
use crate::http::{Answer, AppState, success};
use crate::model::DeviceId;

/// The device id of a browser that does not send one.
const DEFAULT_DEVICE: &str = "review";

#[derive(ToSchema, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"login": "aigul", "password": "…"}))]
#[expect(dead_code, reason = "describes the body; its names are read in any case")]
pub(super) struct ReviewerCredentials {
    #[schema(min_length = 1, max_length = 64, pattern = "^[^ ]+$")]
    login: String,
    #[schema(min_length = 1, max_length = 256, pattern = "^[^ ]+$")]
    password: String,
    /// The code of the authenticator app, if the account has one.
    #[schema(max_length = 16, pattern = "^[0-9]*$")]
    code: Option<String>,
    /// An id of the browser. A new session ends only the earlier session of the same browser.
    #[schema(max_length = 128, pattern = "^[A-Za-z0-9._:-]+$")]
    uuid: Option<String>,
}

#[derive(Serialize, ToSchema)]
pub(super) struct ReviewerSession {
    access_token: String,
    /// For `/refresh_token`.
    refresh_token: String,
    /// The lifetime of the access token, in seconds.
    #[schema(example = 300)]
    expires_in: i64,
    /// The reviewer's name.
    #[schema(example = "Айгуль Сейткали")]
    name: String,
}

/// Signs a reviewer in by login and password
///
/// After ten wrong passwords within a minute, the login and the address have to wait.
#[utoipa::path(
    post,
    path = "/review/sign-in",
    operation_id = "review_sign_in",
    tag = "review",
    request_body(content(
        (ReviewerCredentials = "application/json"),
        (ReviewerCredentials = "application/x-www-form-urlencoded"),
    )),
    responses((status = 200, description = "The session", body = Answer<ReviewerSession>)),
    extensions(("x-errors" = json!([
        [401, [ErrorCode::CredentialsInvalid, ErrorCode::TotpRequired, ErrorCode::TotpInvalid]],
        [403, [ErrorCode::Forbidden], "The account is limited to other networks, or has no authenticator app although every reviewer needs one"],
        [429, [ErrorCode::RateLimited], "Too many wrong passwords"],
        [503, [ErrorCode::StorageUnavailable, ErrorCode::Busy]],
    ])))
)]
pub(super) async fn sign_in(
    State(state): State<Arc<AppState>>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let fields =
        Fields::read(&state, &head.headers, body, &["login", "password", "code", "uuid"]).await?;
    let client = Client::of(&state.proxies, &head.extensions, &head.headers);
    let (credentials, device) = credentials(&fields, client)?;
    let account = state.accounts.sign_in(AccountKind::Reviewer, &credentials).await?;
    let Some(reviewer) = account.reviewer else { return Err(problem::internal()) };
    let access_ttl = state.auth.access_ttl();
    let pair = state.auth.open_session(&reviewer.person, device, "", access_ttl).await?;
    let session = ReviewerSession {
        access_token: pair.access_token,
        refresh_token: pair.refresh_token,
        expires_in: access_ttl.as_secs(),
        name: reviewer.name,
    };
    Ok(success(StatusCode::OK, "success", &session))
}

fn credentials(fields: &Fields, client: Client) -> Result<(Credentials, DeviceId), Problem> {
    let given = |name| fields.get(name).filter(|value| !value.is_empty());
    let device = given("uuid").unwrap_or(DEFAULT_DEVICE).parse::<DeviceId>();
    let mut wrong = Vec::new();
    for name in ["login", "password"] {
        if given(name).is_none() {
            wrong.push((name, "is required".to_owned()));
        }
    }
    if let Err(error) = &device {
        wrong.push(("uuid", error.to_string()));
    }
    match (given("login"), given("password"), device) {
        (Some(login), Some(password), Ok(device)) => {
            let (login, password) = (login.to_owned(), password.into());
            let code = fields.get("code").unwrap_or_default().to_owned();
            let Client { address, is_counted } = client;
            Ok((Credentials { login, password, code, address, is_counted }, device))
        }
        _ => Err(Problem::fields(&wrong)),
    }
}
