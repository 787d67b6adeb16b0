//! The queue of the review console as JSON.

use std::sync::Arc;

use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::http::error_code::ErrorCode;
use crate::http::problem::{self, Problem};
use crate::http::query::{number, word};
use crate::http::{Answer, AppState, success};
use crate::leasing::review::{
    Claim, Deadline, PageAt, QueueCursor, QueueFilter, QueuePage, QueueRow, ReviewError,
    decode_queue_cursor, encode_queue_cursor,
};
use crate::model::plausibility::{Outcome, OutcomeCounts};
use crate::model::{CompanyId, NEVER_DUE, RefKey, ReportStatus, TypeCode, VideoCodec};

/// The filters, and the place of the page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct QueueParams {
    /// 1 waits for a video, 2 submitted, 3 approved, 4 rejected; without it 2, or any with `search`
    #[serde(default, deserialize_with = "number")]
    #[param(minimum = 1, maximum = 4)]
    status: Option<i64>,
    /// The id of a company, from a row
    #[serde(default, deserialize_with = "number")]
    company: Option<i64>,
    /// The key of a vehicle type
    #[serde(default, deserialize_with = "number")]
    #[param(
        value_type = Option<String>,
        pattern = "^([0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})?$"
    )]
    vehicle_type: Option<TypeCode>,
    /// `soon` are the three days after today
    #[serde(default, deserialize_with = "word")]
    #[param(inline)]
    deadline: Option<Deadline>,
    /// The most severe verdict
    #[serde(default, deserialize_with = "word")]
    #[param(inline)]
    outcome: Option<Outcome>,
    /// The family of the video's codec
    #[serde(default, deserialize_with = "word")]
    #[param(inline)]
    codec: Option<VideoCodec>,
    /// The beginning of a plate, a VIN or its last six characters, a report's or a contract's number
    #[serde(default)]
    search: String,
    /// Rows of the page
    #[serde(default, deserialize_with = "number")]
    #[param(minimum = 1, maximum = 200)]
    limit: Option<u16>,
    /// The cursor `next` of another page
    #[serde(default)]
    after: String,
    /// The cursor `previous` of another page
    #[serde(default)]
    before: String,
}

/// A page of the queue, by deadline and then by age.
#[derive(Serialize, ToSchema)]
pub(super) struct Queue {
    reports: Vec<QueuedReport>,
    /// For `after` of the following page; null: this is the last one.
    next: Option<String>,
    /// For `before` of the page before; null: this is the first one.
    previous: Option<String>,
    /// The search in the other keyboard layout, if only that one finds reports.
    swapped: Option<String>,
}

#[derive(Serialize, ToSchema)]
struct QueuedReport {
    #[schema(value_type = uuid::Uuid)]
    ref_key: RefKey,
    #[schema(example = "000004182")]
    report_number: String,
    #[schema(example = "№27-5/19 (ДФЛ)")]
    contract_number: String,
    #[schema(example = 2, minimum = 1, maximum = 4)]
    status_code: i64,
    /// A decision names it.
    version: i64,
    due_at: Option<Timestamp>,
    /// When the latest video was received.
    received_at: Option<Timestamp>,
    #[schema(example = 20)]
    company_id: i64,
    #[schema(example = "ТОО «Степной Путь»")]
    company_name: String,
    #[schema(example = "417KZT02")]
    plate_number: String,
    #[schema(example = "XW8ZZZ00ZKG100217")]
    vin_code: String,
    #[schema(value_type = Option<uuid::Uuid>)]
    vehicle_type_code: Option<TypeCode>,
    #[schema(example = "Легковой автомобиль")]
    vehicle_type_title: String,
    codec: Option<VideoCodec>,
    #[schema(example = 102_000)]
    duration_ms: Option<u64>,
    /// How many tests of the video had each outcome.
    outcomes: OutcomeCounts,
    claim: Option<QueuedClaim>,
    /// Whether a decision waits to take effect.
    is_pending: bool,
}

/// Which reviewer has the report.
#[derive(Serialize, ToSchema)]
struct QueuedClaim {
    person_id: i64,
    #[schema(example = "Марат Ахметов")]
    name: String,
    since: Timestamp,
    until: Timestamp,
}

/// Lists the reports of the review queue
///
/// For reviewers. By deadline, then by age; reports with a decision that waits to take effect are left out.
#[utoipa::path(
    get,
    path = "/review/reports",
    operation_id = "list_review_reports",
    tag = "review",
    security(("access_token" = [])),
    params(QueueParams),
    responses((status = 200, description = "A page of the queue", body = Answer<Queue>)),
    extensions(("x-errors" = json!([
        [403, [ErrorCode::Forbidden], "The caller is not a reviewer"],
    ])))
)]
pub(super) async fn list(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    query: Result<Query<QueueParams>, QueryRejection>,
) -> Result<Response, Problem> {
    let person = state.caller(&headers).await?;
    let reviewer = state.review.reviewer(person).await?;
    let Query(params) = query?;
    let (filter, at) = (params.filter()?, params.place()?);
    let limit = params.limit(state.review.max_page())?;
    let page = state.review.queue(&reviewer, &filter, at, limit).await?;
    Ok(success(StatusCode::OK, "success", &Queue::of(page)))
}

impl QueueParams {
    fn filter(&self) -> Result<QueueFilter, Problem> {
        let status = self.status.map(ReportStatus::try_from).transpose();
        Ok(QueueFilter {
            status: status.map_err(|_| Problem::field("status", "must be 1, 2, 3 or 4"))?,
            company: self.company.map(CompanyId),
            vehicle_type: self.vehicle_type,
            deadline: self.deadline,
            outcome: self.outcome,
            codec: self.codec,
            search: self.search.trim().to_owned(),
        })
    }

    fn place(&self) -> Result<PageAt, Problem> {
        let cursor = |name, text: &str| {
            let rule = "must be a cursor of a previous answer";
            decode_queue_cursor(text).ok_or_else(|| Problem::field(name, rule))
        };
        Ok(match (self.after.trim(), self.before.trim()) {
            ("", "") => PageAt::First,
            (after, "") => PageAt::After(cursor("after", after)?),
            ("", before) => PageAt::Before(cursor("before", before)?),
            _ => return Err(Problem::field("before", "must not be used together with after")),
        })
    }

    fn limit(&self, max: u16) -> Result<Option<u16>, Problem> {
        match self.limit {
            Some(limit) if !(1..=max).contains(&limit) => {
                Err(Problem::field("limit", format!("must be a number from 1 to {max}")))
            }
            limit => Ok(limit),
        }
    }
}

impl Queue {
    fn of(page: QueuePage) -> Self {
        let cursor = |cursor: Option<QueueCursor>| cursor.as_ref().map(encode_queue_cursor);
        Self {
            next: cursor(page.next),
            previous: cursor(page.previous),
            swapped: page.swapped,
            reports: page.rows.into_iter().map(QueuedReport::of).collect(),
        }
    }
}

impl QueuedReport {
    fn of(row: QueueRow) -> Self {
        Self {
            ref_key: row.ref_key,
            report_number: row.report_number,
            contract_number: row.contract_number,
            status_code: row.status.code(),
            version: row.version,
            due_at: Some(row.due_at).filter(|due_at| *due_at < NEVER_DUE),
            received_at: row.received_at,
            company_id: row.company.0,
            company_name: row.company_name,
            plate_number: row.plate_number,
            vin_code: row.vin_code,
            vehicle_type_code: row.vehicle_type,
            vehicle_type_title: row.type_title,
            codec: row.codec,
            duration_ms: row.duration_ms,
            outcomes: row.outcomes,
            claim: row.claim.map(QueuedClaim::of),
            is_pending: row.is_pending,
        }
    }
}

impl QueuedClaim {
    fn of(claim: Claim) -> Self {
        let Claim { person, name, since, until } = claim;
        Self { person_id: person.0, name, since, until }
    }
}

impl From<ReviewError> for Problem {
    fn from(error: ReviewError) -> Self {
        let message = error.to_string();
        match error {
            ReviewError::Forbidden => Self::new(ErrorCode::Forbidden, message),
            ReviewError::NotFound => Self::not_found(message),
            ReviewError::Database(error) => problem::database_failure(&error),
        }
    }
}
