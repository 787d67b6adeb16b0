//! Deciding on a report.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::time::timeout;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::leasing::{DecisionError, Standing, Verdict};
use crate::model::{Decision, RefKey};

use super::problem::{self, Problem};
use super::{Answer, House, refusals, success};

/// The routes of reviewers.
pub(super) fn routes() -> OpenApiRouter<Arc<House>> {
    OpenApiRouter::new().routes(routes!(decide))
}

/// What a reviewer decides.
#[derive(Deserialize, ToSchema)]
struct Asked {
    decision: Decision,
    /// What the driver is told; a rejection needs one, an approval has none.
    #[serde(default)]
    #[schema(max_length = 2000, example = "Не видно номера")]
    reason: String,
    /// The version the reviewer has seen, as `GET /reports/{ref_key}/video` says it.
    #[schema(minimum = 0, example = 1)]
    version: u32,
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
/// The decision names the version it was made on. The same decision sent again, as after a lost
/// answer, is answered as the first time.
#[utoipa::path(
    post,
    path = "/reports/{ref_key}/decision",
    tag = "review",
    security(("access_token" = [])),
    params(("ref_key" = Uuid, Path, description = "The report")),
    request_body(
        content = Asked,
        example = json!({ "decision": "reject", "reason": "Не видно номера", "version": 1 })
    ),
    responses(
        (status = 200, description = "The decision stands", body = Answer<DecisionTold>),
        (status = 403, description = "forbidden: only reviewers decide"),
        (status = 409, description = "decision_conflict: `details` has \
            status_code, version, reject_reason and decided_at"),
        (status = 413, description = "body_too_large"),
        (status = 422, description = "validation_failed"),
    )
)]
async fn decide(
    State(house): State<Arc<House>>,
    ref_key: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
    request: Request,
) -> Result<Response, Problem> {
    let reviewer = house.caller(&headers).await?;
    let ref_key = ref_key.ok().and_then(|Path(text)| text.parse::<RefKey>().ok());
    let ref_key = ref_key.ok_or_else(no_report)?;
    if !reviewer.role.decides() {
        return Err(DecisionError::Forbidden.into());
    }
    let asked = read(&house, request.into_body()).await?;
    let Asked { decision, reason, version } = asked;
    let verdict = Verdict { ref_key, decision, reason, version: version.into() };
    let standing = house.leasing.decide(&reviewer, verdict).await?;
    Ok(success(StatusCode::OK, "success", &told(ref_key, standing)))
}

/// The body as JSON. What is wrong with it is said without repeating it.
async fn read(house: &House, body: Body) -> Result<Asked, Problem> {
    let most = house.doors.max_small_body;
    let reading = timeout(house.uploads.patience(), Limited::new(body, most).collect());
    let cut = || Problem::unreadable("the body ended too early; send it again");
    let bytes = reading.await.unwrap_or_else(|_| Err("it is too slow".into()));
    let bytes =
        bytes.map_err(|error| if error.is::<LengthLimitError>() { too_long(most) } else { cut() });
    let bytes = bytes.map_err(refusals::closing)?.to_bytes();
    let value: serde_json::Value = serde_json::from_slice(&bytes)
        .map_err(|_| Problem::unreadable("the body must be JSON in UTF-8"))?;
    serde_json::from_value(value).map_err(|_| {
        let message =
            "must have decision (approve or reject), version (a number from 0 on) and reason (text)";
        Problem::fields(&[("body", message.to_owned())])
    })
}

fn too_long(most: usize) -> Problem {
    let message = format!("the body has at most {most} bytes");
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
}

fn told(ref_key: RefKey, standing: Standing) -> DecisionTold {
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
            DecisionError::Forbidden => Self::new(StatusCode::FORBIDDEN, "forbidden", message),
            DecisionError::Reason(error) => Self::fields(&[("reason", error.to_string())]),
            DecisionError::NoReport => no_report(),
            DecisionError::Conflict(standing) => conflict(&standing, message),
            DecisionError::Ledger(error) if error.is_transient() => {
                tracing::warn!(%error, "away");
                let message = "the service is away for a moment; ask again";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "storage_unavailable", message)
                    .retry_after(5)
            }
            DecisionError::Ledger(error) => {
                tracing::error!(%error, "a decision could not be recorded");
                problem::internal()
            }
        }
    }
}

/// 409, with the state of today: the reviewer looks again.
fn conflict(standing: &Standing, message: String) -> Problem {
    Problem::new(StatusCode::CONFLICT, "decision_conflict", message).with_details(json!({
        "status_code": standing.status,
        "version": standing.version,
        "reject_reason": standing.reject_reason,
        "decided_at": standing.decided_at,
    }))
}
