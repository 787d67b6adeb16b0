//! Decisions on reports.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{FromRequestParts as _, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::leasing::{self, DecisionError, ReportState};
use crate::model::{Decision, Person, RefKey, strip_bom};

use super::body::{BodyError, read_small};
use super::error_code::ErrorCode;
use super::fields::Fields;
use super::onec::{API_KEY, OnecAccount};
use super::path_param::PathParam;
use super::problem::{self, Problem};
use super::{Answer, AppState, success};

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(decide_report))
}

#[derive(Deserialize, ToSchema)]
struct DecisionRequest {
    decision: Decision,
    /// Shown to the driver. Required for a rejection, ignored for an approval.
    #[serde(default)]
    #[schema(max_length = 2000, example = "Не видно номера")]
    reason: String,
    /// The version of the report that was reviewed, from `GET /reports/{ref_key}/video`. Required for
    /// reviewers. 1C may leave it out to decide on the current version.
    #[serde(default)]
    #[schema(minimum = 0, example = 1)]
    version: Option<u32>,
}

/// The state of the report after the decision.
#[derive(Serialize, ToSchema)]
struct DecidedReport {
    ref_key: RefKey,
    /// 3 approved, 4 rejected.
    #[schema(example = 4)]
    status_code: i64,
    /// The version for the next decision.
    #[schema(example = 2)]
    version: i64,
    /// Empty when approved.
    #[schema(example = "Не видно номера")]
    reject_reason: String,
    decided_at: Option<Timestamp>,
}

/// Approves a report, or rejects it with a reason
///
/// Reviewers send an access token; 1C sends its account (`Authorization: Basic` or
/// `X-API-Key: login:password`). Repeating a decision, for example after a lost response, gives the
/// same response again.
#[utoipa::path(
    post,
    path = "/reports/{ref_key}/decision",
    tag = "review",
    security(("access_token" = []), ("exchange" = [])),
    params(("ref_key" = Uuid, Path, description = "The report")),
    request_body(
        content(
            (DecisionRequest = "application/json", example = json!(
                { "decision": "reject", "reason": "Не видно номера", "version": 1 }
            )),
            (DecisionRequest = "application/x-www-form-urlencoded"),
            (DecisionRequest = "multipart/form-data"),
        )
    ),
    responses((status = 200, description = "The decision is recorded", body = Answer<DecidedReport>)),
    extensions(("x-errors" = json!([
        [401, [ErrorCode::TokenInvalid, ErrorCode::TokenExpired, ErrorCode::CredentialsInvalid]],
        [403, [ErrorCode::Forbidden], "The caller is neither a reviewer nor 1C, or the 1C account is limited to other networks"],
        [409, [ErrorCode::DecisionConflict], "The report has changed; `details` has status_code, version, reject_reason and decided_at"],
    ])))
)]
async fn decide_report(
    State(state): State<Arc<AppState>>,
    PathParam(ref_key): PathParam<RefKey>,
    request: Request,
) -> Result<Response, Problem> {
    let (mut head, body) = request.into_parts();
    let decider = Decider::authenticate(&state, &mut head).await?;
    let ref_key = ref_key.ok_or(DecisionError::NotFound)?;
    decider.authorize()?;
    let DecisionRequest { decision, reason, version } = read(&state, &head.headers, body).await?;
    let version = version.map(Into::into);
    let request = leasing::DecisionRequest { ref_key, decision, reason, version };
    let report = match decider {
        Decider::Person(reviewer) => state.leasing.decide(&reviewer, request).await?,
        Decider::Node(login) => state.leasing.decide_as_node(&login, request).await?,
    };
    let response = DecidedReport {
        ref_key,
        status_code: report.status.code(),
        version: report.version,
        reject_reason: report.reject_reason,
        decided_at: report.decided_at,
    };
    Ok(success(StatusCode::OK, "success", &response))
}

enum Decider {
    Person(Person),
    /// The login of a 1C account.
    Node(String),
}

impl Decider {
    async fn authenticate(state: &Arc<AppState>, head: &mut Parts) -> Result<Self, Problem> {
        if is_onec(&head.headers) {
            let account = OnecAccount::from_request_parts(head, state).await?;
            return Ok(Self::Node(account.login));
        }
        Ok(Self::Person(state.caller(&head.headers).await?))
    }

    fn authorize(&self) -> Result<(), DecisionError> {
        match self {
            Self::Person(person) if !person.role.decides() => Err(DecisionError::Forbidden),
            _ => Ok(()),
        }
    }
}

/// Whether the request has the credentials of 1C. `Authorization` decides if it is present.
pub(super) fn is_onec(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::AUTHORIZATION) else {
        return headers.contains_key(API_KEY);
    };
    let scheme = value.as_bytes().split(|byte| *byte == b' ').next().unwrap_or_default();
    scheme.eq_ignore_ascii_case(b"basic")
}

/// Reads the body as JSON or as a form. Errors do not repeat its content.
async fn read(
    state: &AppState,
    headers: &HeaderMap,
    body: Body,
) -> Result<DecisionRequest, Problem> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.unwrap_or_default().trim().to_ascii_lowercase();
    if kind.starts_with("multipart/") || kind.starts_with("application/x-www-form-urlencoded") {
        let fields = Fields::read(state, headers, body, &["decision", "reason", "version"]).await?;
        return of_form(&fields);
    }
    let time_limit = state.uploads.idle_timeout();
    let body = read_small(body, state.limits.max_small_body, time_limit).await;
    let body = body.map_err(BodyError::slow_as_incomplete)?;
    let value: serde_json::Value = serde_json::from_slice(strip_bom(&body))
        .map_err(|_| Problem::unreadable("the body must be JSON in UTF-8"))?;
    serde_json::from_value(value).map_err(|_| incomplete())
}

/// An empty `version` counts as missing.
fn of_form(fields: &Fields) -> Result<DecisionRequest, Problem> {
    let decision = fields.get("decision").and_then(Decision::from_word).ok_or_else(incomplete)?;
    let version = fields.get("version").filter(|text| !text.is_empty());
    let version = version.map(|text| text.parse().map_err(|_| incomplete())).transpose()?;
    let reason = fields.get("reason").unwrap_or_default().to_owned();
    Ok(DecisionRequest { decision, reason, version })
}

fn incomplete() -> Problem {
    let message = "must have decision (approve or reject), version (a number from 0 on) and \
                   reason (text)";
    Problem::field("body", message)
}

impl From<DecisionError> for Problem {
    fn from(error: DecisionError) -> Self {
        let message = error.to_string();
        match error {
            DecisionError::Forbidden => Self::new(ErrorCode::Forbidden, message),
            DecisionError::VersionMissing => incomplete(),
            DecisionError::Reason(error) => Self::field("reason", error.to_string()),
            DecisionError::NotFound => Self::not_found(message),
            DecisionError::Conflict(report) => conflict(&report, message),
            DecisionError::Database(error) => problem::database_failure(&error),
        }
    }
}

fn conflict(report: &ReportState, message: String) -> Problem {
    Problem::new(ErrorCode::DecisionConflict, message).with_details(json!({
        "status_code": report.status,
        "version": report.version,
        "reject_reason": report.reject_reason,
        "decided_at": report.decided_at,
    }))
}
