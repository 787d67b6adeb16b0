//! What has become of decisions: whether they took effect, and a message on every page about those that did not.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::{Value, json};

use super::console::Console;
use super::queue::report_path;
use super::undo::decided_name;
use crate::http::AppState;
use crate::http::browser_session::{ReviewChange, ReviewPage, is_navigation};
use crate::http::pages::language::see_other;
use crate::http::pages::texts::{Texts, isolated};
use crate::http::problem::Problem;
use crate::leasing::review::{ConsoleDecision, ReviewError};
use crate::model::DecisionId;

/// A decision that did not take effect, until the reviewer closes the message.
pub(super) struct VoidView {
    pub(super) id: String,
    pub(super) text: String,
    pub(super) url: String,
}

pub(super) fn void_text(texts: Texts, decision: &ConsoleDecision) -> String {
    texts.with("decision.void", "plate", isolated(decided_name(decision)))
}

impl VoidView {
    pub(super) fn new(texts: Texts, decision: &ConsoleDecision) -> Self {
        Self {
            id: decision.id.to_string(),
            text: void_text(texts, decision),
            url: report_path(decision.ref_key),
        }
    }

    /// For a script.
    pub(super) fn json(&self) -> Value {
        json!({ "id": self.id, "text": self.text, "url": self.url })
    }
}

#[derive(Deserialize)]
pub(super) struct StateQuery {
    id: Option<String>,
}

/// What has become of a decision of the reviewer.
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
