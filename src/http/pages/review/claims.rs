//! Claims, which show who works on a report. A script renews the claim while its page is visible; a form takes a
//! claim over and redirects to the report.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::console::Console;
use super::filters::report_path;
use super::notice::claimed_by;
use crate::http::AppState;
use crate::http::browser_session::{PageForm, ReviewChange, is_navigation};
use crate::http::pages::language::see_other;
use crate::http::problem::Problem;
use crate::leasing::review::{ClaimOutcome, ReviewError};
use crate::model::{PersonId, RefKey};

/// Claims a free report, or renews the reviewer's own claim.
pub(super) async fn claim(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    change: ReviewChange,
) -> Result<Response, Problem> {
    let ref_key = report_of(&change.form)?;
    let console = Console::open(&state, &headers, change.session).await?;
    let outcome = state.review.claim(&console.reviewer, ref_key).await?;
    Ok(answer(&state, &console, &headers, ref_key, &outcome))
}

/// Renews the reviewer's own claim if it has not expired.
pub(super) async fn keep(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    change: ReviewChange,
) -> Result<Response, Problem> {
    let ref_key = report_of(&change.form)?;
    let console = Console::open(&state, &headers, change.session).await?;
    let outcome = state.review.keep_claim(&console.reviewer, ref_key).await?;
    Ok(answer(&state, &console, &headers, ref_key, &outcome))
}

/// Takes the claim over from the reviewer whom the page has shown as the holder.
pub(super) async fn take_over(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    change: ReviewChange,
) -> Result<Response, Problem> {
    let ref_key = report_of(&change.form)?;
    let from = change.form.get("from").and_then(|from| from.parse().ok()).map(PersonId);
    let from = from.ok_or(ReviewError::NotFound)?;
    let console = Console::open(&state, &headers, change.session).await?;
    let outcome = state.review.take_over(&console.reviewer, ref_key, from).await?;
    Ok(answer(&state, &console, &headers, ref_key, &outcome))
}

/// Releases the claim.
pub(super) async fn release(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    change: ReviewChange,
) -> Result<Response, Problem> {
    let ref_key = report_of(&change.form)?;
    let console = Console::open(&state, &headers, change.session).await?;
    state.review.release_claim(&console.reviewer, ref_key).await?;
    if is_navigation(&headers) {
        return Ok(see_other("/review"));
    }
    Ok(Json(json!({ "state": "free" })).into_response())
}

pub(super) fn report_of(form: &PageForm) -> Result<RefKey, Problem> {
    let ref_key = form.get("ref_key").and_then(|key| key.parse().ok());
    Ok(ref_key.ok_or(ReviewError::NotFound)?)
}

fn answer(
    state: &AppState,
    console: &Console,
    headers: &HeaderMap,
    ref_key: RefKey,
    outcome: &ClaimOutcome,
) -> Response {
    if is_navigation(headers) {
        return see_other(&report_path(ref_key));
    }
    let context = console.view_context(state);
    let value = match outcome {
        ClaimOutcome::Mine(claim) => {
            let time = context.texts.time(&context.local(claim.until));
            let text = context.texts.with("report.yours", "time", time);
            json!({ "state": "mine", "until": claim.until.as_millisecond(), "text": text })
        }
        ClaimOutcome::HeldBy(claim) => {
            let text = claimed_by(&context, claim).text;
            let name = claim.name.as_str();
            json!({ "state": "held", "person": claim.person.0, "name": name, "text": text })
        }
        ClaimOutcome::Lost => json!({ "state": "lost" }),
    };
    Json(value).into_response()
}
