//! Decisions and undo. Forms are redirected to the next page, scripts get JSON.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde_json::json;

use super::claims::report_of;
use super::console::Console;
use super::filters::{QueueQuery, filtered_path, report_path};
use super::notice::{self, Notice, TOO_LATE, UNDONE, claimed_by};
use super::queue::next_path;
use super::reject::{Draft, problem_key, rejection_of};
use super::report::{PageInput, render};
use super::undo::UndoView;
use super::void::void_text;
use crate::http::AppState;
use crate::http::browser_session::{PageForm, ReviewChange, is_navigation};
use crate::http::pages::language::see_other;
use crate::http::problem::{Problem, database_failure};
use crate::leasing::review::{
    ConsoleDecision, ConsoleDecisionError, DecisionState, NewConsoleDecision, ReviewError,
    UndoOutcome,
};
use crate::model::{Decision, DecisionId, Rejection};

/// A refused decision.
struct Refused {
    status: StatusCode,
    /// The error code for scripts.
    code: &'static str,
    notice: Option<Notice>,
    problem: String,
}

pub(super) async fn decide(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    change: ReviewChange,
) -> Result<Response, Problem> {
    let ReviewChange { session, form } = change;
    let console = Console::open(&state, &headers, session).await?;
    let decision = read(&form)?;
    let (ref_key, rejection) = (decision.ref_key, decision.rejection.clone());
    let filter = QueueQuery::of_form(&form).filter();
    let is_rejection = decision.decision == Decision::Reject;
    let error = match state.review.decide(&console.reviewer, decision).await {
        Ok(decided) => {
            let next = next_path(&state, &console, &filter, Some(ref_key)).await?;
            return Ok(decided_answer(&console, &headers, &decided, &next));
        }
        Err(error) => error,
    };
    let refused = refused(&state, &console, ref_key, error).await?;
    if !is_navigation(&headers) {
        return Ok(refused_answer(&refused));
    }
    let input = PageInput {
        ref_key,
        filter: filter.clone(),
        draft: Draft { rejection, problem: refused.problem, is_open: is_rejection },
        notice: refused.notice,
        compare: None,
        status: refused.status,
    };
    // The language switch must return to the report: this route accepts no GET.
    let here = filtered_path(&report_path(ref_key), &filter, &[]);
    let here: Uri = here.parse().unwrap_or(Uri::from_static("/review"));
    render(&state, &console, &headers, &here, input).await
}

fn read(form: &PageForm) -> Result<NewConsoleDecision, Problem> {
    let invalid = |name| Problem::field(name, "is missing or invalid");
    let id = form.get("id").and_then(|id| id.parse::<DecisionId>().ok());
    let version = form.get("version").and_then(|version| version.parse().ok());
    let decision = match form.get("decision") {
        Some("approve") => Decision::Approve,
        Some("reject") => Decision::Reject,
        _ => return Err(invalid("decision")),
    };
    let is_rejection = decision == Decision::Reject;
    Ok(NewConsoleDecision {
        id: id.ok_or_else(|| invalid("id"))?,
        ref_key: report_of(form)?,
        version: version.ok_or_else(|| invalid("version"))?,
        decision,
        rejection: if is_rejection { rejection_of(form) } else { Rejection::default() },
    })
}

fn decided_answer(
    console: &Console,
    headers: &HeaderMap,
    decided: &ConsoleDecision,
    next: &str,
) -> Response {
    if is_navigation(headers) {
        return see_other(next);
    }
    // A repeated request may come when it is too late.
    let is_pending = decided.state == DecisionState::Pending;
    let undo = is_pending.then(|| UndoView::new(console, decided).json());
    Json(json!({ "undo": undo, "next": next })).into_response()
}

async fn refused(
    state: &AppState,
    console: &Console,
    ref_key: crate::model::RefKey,
    error: ConsoleDecisionError,
) -> Result<Refused, Problem> {
    let context = console.view_context(state);
    let conflict = |code, notice| Refused {
        status: StatusCode::CONFLICT,
        code,
        notice: Some(notice),
        problem: String::new(),
    };
    Ok(match error {
        ConsoleDecisionError::Rejection(error) => Refused {
            status: StatusCode::UNPROCESSABLE_ENTITY,
            code: "rejection",
            notice: None,
            problem: console.texts.get(problem_key(error)).to_owned(),
        },
        ConsoleDecisionError::Changed(changed) => {
            let report = state.review.report(&console.reviewer, ref_key).await?;
            conflict("changed", notice::changed(&context, &changed, &report))
        }
        ConsoleDecisionError::HeldBy(claim) => conflict("held", claimed_by(&context, &claim)),
        ConsoleDecisionError::Pending(_) => {
            let text = console.texts.get("report.pending").to_owned();
            conflict("pending", Notice::warning(text))
        }
        ConsoleDecisionError::Over(decision) => over(console, &decision),
        ConsoleDecisionError::NotFound => return Err(ReviewError::NotFound.into()),
        ConsoleDecisionError::Database(error) => {
            return Err(database_failure(&error));
        }
    })
}

/// The page asks for a decision that is withdrawn.
fn over(console: &Console, decision: &ConsoleDecision) -> Refused {
    let texts = console.texts;
    let (code, text) = if decision.state == DecisionState::Undone {
        ("undone", texts.get("decision.undone").to_owned())
    } else {
        ("void", void_text(texts, decision))
    };
    let notice = Some(Notice::warning(text));
    Refused { status: StatusCode::CONFLICT, code, notice, problem: String::new() }
}

fn refused_answer(refused: &Refused) -> Response {
    let notice = refused.notice.as_ref();
    let answer = json!({
        "error": refused.code,
        "title": notice.map(|notice| &notice.title),
        "text": notice.map_or(&refused.problem, |notice| &notice.text),
    });
    (refused.status, Json(answer)).into_response()
}

pub(super) async fn undo(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
    change: ReviewChange,
) -> Result<Response, Problem> {
    let id = change.form.get("id").and_then(|id| id.parse::<DecisionId>().ok());
    let id = id.ok_or(ReviewError::NotFound)?;
    // Of a decision that got no answer, the script sends the whole form.
    let sent = read(&change.form).ok();
    let filter = QueueQuery::of_form(&change.form).filter();
    let console = Console::open(&state, &headers, change.session).await?;
    let undone = state.review.undo(&console.reviewer, id, sent.as_ref()).await?;
    let (decision, done, key) = match undone {
        UndoOutcome::Undone(decision) => (decision, UNDONE, "decision.undone"),
        UndoOutcome::TooLate(decision) => (decision, TOO_LATE, "decision.late"),
    };
    let path = report_path(decision.ref_key);
    let next = filtered_path(&path, &filter, &[("done", done)]);
    if is_navigation(&headers) {
        return Ok(see_other(&next));
    }
    let text = console.texts.get(key);
    Ok(Json(json!({ "state": done, "text": text, "next": next })).into_response())
}
