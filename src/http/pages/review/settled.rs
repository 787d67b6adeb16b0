//! The state of a decision, and the end of the message about a void one.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;

use super::console::Console;
use crate::http::AppState;
use crate::http::browser_session::{ReviewChange, ReviewPage, is_navigation};
use crate::http::pages::language::see_other;
use crate::http::problem::Problem;
use crate::leasing::review::ReviewError;
use crate::model::DecisionId;

#[derive(Deserialize)]
pub(super) struct StateQuery {
    id: Option<String>,
}

/// The state of a decision of the reviewer.
pub(super) async fn state_of(
    State(state): State<Arc<AppState>>,
    ReviewPage(session): ReviewPage,
    headers: HeaderMap,
    query: Result<Query<StateQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(StateQuery { id }) = query?;
    let id = id.and_then(|id| id.parse::<DecisionId>().ok());
    let id = id.ok_or(ReviewError::NotFound)?;
    let console = Console::open(&state, &headers, session).await?;
    let decision = state.review.decision(&console.reviewer, id).await?;
    Ok(Json(json!({ "state": decision.state.as_str() })).into_response())
}

/// Closes the message about a void decision.
pub(super) async fn seen(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    change: ReviewChange,
) -> Result<Response, Problem> {
    let id = change.form.get("id").and_then(|id| id.parse::<DecisionId>().ok());
    let id = id.ok_or(ReviewError::NotFound)?;
    let back = change.form.get("back").unwrap_or("/review").to_owned();
    let console = Console::open(&state, &headers, change.session).await?;
    state.review.mark_void_seen(&console.reviewer, id).await?;
    if is_navigation(&headers) {
        return Ok(see_other(&back));
    }
    Ok(StatusCode::NO_CONTENT.into_response())
}
