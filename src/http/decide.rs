//! Decisions on a report.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts as _, Path, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::leasing::{DecisionError, ReportState, Verdict};
use crate::model::{Decision, Person, RefKey, strip_bom};

use super::body::{BodyError, read_small};
use super::error_code::ErrorCode;
use super::onec::{API_KEY, OnecAccount};
use super::problem::{self, Problem};
use super::{Answer, AppState, success};

/// The routes of who decides.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(decide))
}

/// What is decided.
#[derive(Deserialize, ToSchema)]
struct Asked {
    decision: Decision,
    /// What the driver is told; a rejection needs one, an approval has none.
    #[serde(default)]
    #[schema(max_length = 2000, example = "Не видно номера")]
    reason: String,
    /// The version that was looked at, as `GET /reports/{ref_key}/video` says it. Reviewers have to
    /// name it; 1C may leave it out, and then decides on what there is.
    #[serde(default)]
    #[schema(minimum = 0, example = 1)]
    version: Option<u32>,
}

/// Where the report stands now.
#[derive(Serialize, ToSchema)]
struct DecisionTold {
    ref_key: RefKey,
    /// 3 approved, 4 rejected.
    #[schema(example = 4)]
    status_code: i64,
    /// The next decision names this version.
    #[schema(example = 2)]
    version: i64,
    /// Empty when it was approved.
    #[schema(example = "Не видно номера")]
    reject_reason: String,
    decided_at: Option<Timestamp>,
}

/// Approves a report, or rejects it with a reason
///
/// A reviewer comes with an access token, 1C with its account (`Authorization: Basic` or
/// `X-API-Key: login:password`). The decision names the version it was made on. The same decision sent again, as after a lost
/// answer, is answered as the first time.
#[utoipa::path(
    post,
    path = "/reports/{ref_key}/decision",
    tag = "review",
    security(("access_token" = []), ("exchange" = [])),
    params(("ref_key" = Uuid, Path, description = "The report")),
    request_body(
        content = Asked,
        example = json!({ "decision": "reject", "reason": "Не видно номера", "version": 1 })
    ),
    responses(
        (status = 200, description = "The decision stands", body = Answer<DecisionTold>),
    ),
    extensions(("x-errors" = json!([
        [401, [ErrorCode::TokenInvalid, ErrorCode::TokenExpired, ErrorCode::CredentialsInvalid]],
        [403, [ErrorCode::Forbidden], "Only reviewers and 1C decide, 1C from its addresses"],
        [409, [ErrorCode::DecisionConflict], "`details` has status_code, version, reject_reason and decided_at"],
        [413, [ErrorCode::BodyTooLarge]],
        [422, [ErrorCode::ValidationFailed]],
    ])))
)]
async fn decide(
    State(state): State<Arc<AppState>>,
    ref_key: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let (mut head, body) = request.into_parts();
    let decider = Decider::of(&state, &mut head).await?;
    let ref_key = ref_key.ok().and_then(|Path(text)| text.parse::<RefKey>().ok());
    let ref_key = ref_key.ok_or_else(no_report)?;
    decider.may_decide()?;
    let Asked { decision, reason, version } = read(&state, body).await?;
    let version = version.map(Into::into);
    let verdict = Verdict { ref_key, decision, reason, version };
    let standing = match decider {
        Decider::Person(reviewer) => state.leasing.decide(&reviewer, verdict).await?,
        Decider::Node(login) => state.leasing.decide_as_node(&login, verdict).await?,
    };
    Ok(success(StatusCode::OK, "success", &told(ref_key, standing)))
}

/// Who decides.
enum Decider {
    Person(Person),
    /// An account of 1C.
    Node(String),
}

impl Decider {
    async fn of(state: &Arc<AppState>, head: &mut Parts) -> Result<Self, Problem> {
        if is_of_exchange(&head.headers) {
            let account = OnecAccount::from_request_parts(head, state).await?;
            return Ok(Self::Node(account.login));
        }
        Ok(Self::Person(state.caller(&head.headers).await?))
    }

    fn may_decide(&self) -> Result<(), Problem> {
        match self {
            Self::Person(person) if !person.role.decides() => Err(DecisionError::Forbidden.into()),
            _ => Ok(()),
        }
    }
}

/// Whether somebody comes as 1C does: a token is never looked for beside a password.
fn is_of_exchange(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return headers.contains_key(API_KEY);
    };
    let scheme = value.as_bytes().split(|byte| *byte == b' ').next().unwrap_or_default();
    scheme.eq_ignore_ascii_case(b"basic")
}

/// The body as JSON. What is wrong with it is said without repeating it.
async fn read(state: &AppState, body: Body) -> Result<Asked, Problem> {
    let time_limit = state.uploads.idle_timeout();
    let body = read_small(body, state.limits.max_small_body, time_limit).await;
    let body = body.map_err(BodyError::slow_as_incomplete)?;
    let value: serde_json::Value = serde_json::from_slice(strip_bom(&body))
        .map_err(|_| Problem::unreadable("the body must be JSON in UTF-8"))?;
    serde_json::from_value(value).map_err(|_| not_all_there())
}

fn not_all_there() -> Problem {
    let message =
        "must have decision (approve or reject), version (a number from 0 on) and reason (text)";
    Problem::fields(&[("body", message.to_owned())])
}

fn told(ref_key: RefKey, standing: ReportState) -> DecisionTold {
    DecisionTold {
        ref_key,
        status_code: standing.status.code(),
        version: standing.version,
        reject_reason: standing.reject_reason,
        decided_at: standing.decided_at,
    }
}

fn no_report() -> Problem {
    Problem::not_found("there is no such report")
}

impl From<DecisionError> for Problem {
    fn from(error: DecisionError) -> Self {
        let message = error.to_string();
        match error {
            DecisionError::Forbidden => Self::new(ErrorCode::Forbidden, message),
            DecisionError::Unversioned => not_all_there(),
            DecisionError::Reason(error) => Self::fields(&[("reason", error.to_string())]),
            DecisionError::NoReport => no_report(),
            DecisionError::Conflict(standing) => conflict(&standing, message),
            DecisionError::Database(error) if error.is_transient() => problem::unavailable(&error),
            DecisionError::Database(error) => {
                tracing::error!(%error, "a decision could not be recorded");
                problem::internal()
            }
        }
    }
}

/// 409, with the state of today: the reviewer looks again.
fn conflict(standing: &ReportState, message: String) -> Problem {
    Problem::new(ErrorCode::DecisionConflict, message).with_details(json!({
        "status_code": standing.status,
        "version": standing.version,
        "reject_reason": standing.reject_reason,
        "decided_at": standing.decided_at,
    }))
}
