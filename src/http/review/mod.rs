//! Where reviewers come in.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::accounts::refused;
use super::client::Client;
use super::fields::Fields;
use super::problem::{self, Problem};
use super::{Answer, AppState, success};
use crate::http::error_code::ErrorCode;
use crate::leasing::{AccountKind, Attempt};
use crate::model::DeviceId;

/// The browser, when it does not say which one it is.
const SOME_BROWSER: &str = "review";

/// The routes of reviewers' accounts.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(sign_in))
}

/// A reviewer's name and password.
#[derive(ToSchema, serde::Deserialize)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({"login": "aigul", "password": "…"}))]
#[expect(dead_code, reason = "it only describes the body; names are read in any case")]
struct Entering {
    #[schema(min_length = 1, max_length = 64, pattern = "^[^ ]+$")]
    login: String,
    #[schema(min_length = 1, max_length = 256, pattern = "^[^ ]+$")]
    password: String,
    /// Which browser this is, so that another one's session goes on beside this one's
    #[schema(max_length = 128, pattern = "^[A-Za-z0-9._:-]+$")]
    uuid: Option<String>,
}

/// A reviewer's session.
#[derive(Serialize, ToSchema)]
struct Entered {
    /// Goes with every request.
    access_token: String,
    /// Gets the next pair, at `/refresh_token`.
    refresh_token: String,
    /// Seconds that the access token lives.
    #[schema(example = 300)]
    expires_in: i64,
    /// What the reviewer is called.
    #[schema(example = "Айгуль Сейткали")]
    name: String,
}

/// Signs a reviewer in by login and password
///
/// After ten wrong passwords within a minute, for one login or from one address, both have to wait.
#[utoipa::path(
    post,
    path = "/review/sign-in",
    operation_id = "review_sign_in",
    tag = "review",
    request_body(content((Entering = "application/json"), (Entering = "application/x-www-form-urlencoded"))),
    responses(
        (status = 200, description = "Both tokens", body = Answer<Entered>),
    ),
    extensions(("x-errors" = json!([
        [401, [ErrorCode::CredentialsInvalid]],
        [403, [ErrorCode::Forbidden], "Not from this address"],
        [413, [ErrorCode::BodyTooLarge]],
        [422, [ErrorCode::ValidationFailed]],
        [429, [ErrorCode::RateLimited], "Too many wrong passwords"],
        [503, [ErrorCode::StorageUnavailable, ErrorCode::Busy]],
    ])))
)]
async fn sign_in(
    State(state): State<Arc<AppState>>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let fields = Fields::read(&state, &head.headers, body).await?;
    let (by, device) =
        attempt(&fields, Client::of(&state.proxies, &head.extensions, &head.headers))?;
    let entered = state.accounts.enter(AccountKind::Reviewer, &by).await.map_err(refused)?;
    let Some(reviewer) = entered.reviewer else { return Err(problem::internal()) };
    let desk = state.leasing.open_desk(&reviewer.person, device).await?;
    let entered = Entered {
        access_token: desk.pair.access_token,
        refresh_token: desk.pair.refresh_token,
        expires_in: desk.expires_in.as_secs(),
        name: reviewer.name,
    };
    Ok(success(StatusCode::OK, "success", &entered))
}

fn attempt(fields: &Fields, client: Client) -> Result<(Attempt, DeviceId), Problem> {
    let given = |name| fields.get(name).filter(|value| !value.is_empty());
    let device = given("uuid").unwrap_or(SOME_BROWSER).parse::<DeviceId>();
    let mut wrong = Vec::new();
    for name in ["login", "password"] {
        if given(name).is_none() {
            wrong.push((name, "is required".to_owned()));
        }
    }
    if let Err(why) = &device {
        wrong.push(("uuid", why.to_string()));
    }
    match (given("login"), given("password"), device) {
        (Some(login), Some(password), Ok(device)) => {
            let (login, password) = (login.to_owned(), password.into());
            Ok((Attempt { login, password, address: client.0 }, device))
        }
        _ => Err(Problem::fields(&wrong)),
    }
}
