//! The decisions of a day.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::json;

use super::console::{Console, Nav, Tab};
use super::filters::report_path;
use super::void::decided_name;
use crate::http::AppState;
use crate::http::browser_session::ReviewPage;
use crate::http::pages::response::{PagePermissions, html};
use crate::http::pages::shell::Shell;
use crate::http::problem::Problem;
use crate::leasing::review::{
    Day, DayOf, DayRow, DecisionState, decode_day_cursor, encode_day_cursor,
};
use crate::model::Decision;

#[derive(Template)]
#[template(path = "review/day.html")]
struct DayTemplate {
    page: Shell,
    nav: Nav,
    date: String,
    previous: String,
    /// Empty for today.
    next: String,
    is_mine: bool,
    /// The URL that switches between the reviewer's own decisions and those of everybody.
    other: String,
    approved: String,
    rejected: String,
    undone: String,
    pace: String,
    rows: Vec<DayRowView>,
    older: String,
}

struct DayRowView {
    time: String,
    icon: &'static str,
    decision: &'static str,
    plate: String,
    number: String,
    company: String,
    reason: String,
    who: String,
    url: String,
    /// Whether it is pending, undone, void, waiting for 1C or received by 1C.
    outcome: &'static str,
    is_received: bool,
    /// The id for an undo; empty if it is too late, or if another reviewer decided.
    undo: String,
}

#[derive(Deserialize)]
pub(super) struct DayQuery {
    date: Option<String>,
    mine: Option<String>,
    after: Option<String>,
}

pub(super) async fn show(
    State(state): State<Arc<AppState>>,
    ReviewPage(session): ReviewPage,
    headers: HeaderMap,
    uri: Uri,
    query: Result<Query<DayQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query?;
    let console = Console::open(&state, &headers, session).await?;
    let today = state.review.today();
    let date = query.date.and_then(|date| date.parse::<Date>().ok()).unwrap_or(today).min(today);
    let is_mine = query.mine.is_some();
    let of = if is_mine { DayOf::Mine } else { DayOf::Everybody };
    let after = query.after.as_deref().and_then(decode_day_cursor);
    let day = state.review.day(&console.reviewer, date, of, after).await?;
    let nav = console.nav(Tab::Day, console.void(&state).await?);
    let template = template(&state, &console, &uri, &day, Shown { date, today, is_mine, nav });
    html(PagePermissions::Watch, None, &template)
}

struct Shown {
    date: Date,
    today: Date,
    is_mine: bool,
    nav: Nav,
}

fn template(
    state: &AppState,
    console: &Console,
    uri: &Uri,
    day: &Day,
    shown: Shown,
) -> DayTemplate {
    let Shown { date, today, is_mine, nav } = shown;
    let texts = console.texts;
    let context = console.view_context(state);
    let noon = date.at(12, 0, 0, 0).to_zoned_datetime(state.zone.clone());
    let link = |date: Date, is_mine: bool, more: &str| {
        let mine = if is_mine { "&mine=1" } else { "" };
        format!("/review/day?date={date}{mine}{more}")
    };
    let tomorrow = date.tomorrow().ok().filter(|next| *next <= today);
    let older = day.next.as_ref().map(|cursor| format!("&after={}", encode_day_cursor(cursor)));
    let row = |row: &DayRow| row_view(console, &context.local(row.decision.created_at), row);
    DayTemplate {
        page: console.shell(uri).with_data(&json!({
            "language": texts.language.as_str(),
            "texts": texts.object(&["common.", "decision.", "report."]),
            "counts": "/review/counts",
            "now": console.now.as_millisecond(),
            "person": console.reviewer.person.id.0,
        })),
        nav,
        date: noon.map(|noon| texts.long_date(&noon)).unwrap_or_default(),
        previous: date.yesterday().map(|date| link(date, is_mine, "")).unwrap_or_default(),
        next: tomorrow.map(|date| link(date, is_mine, "")).unwrap_or_default(),
        is_mine,
        other: link(date, !is_mine, ""),
        approved: texts.with("day.approved", "n", texts.number(day.approved)),
        rejected: texts.with("day.rejected", "n", texts.number(day.rejected)),
        undone: texts.with("day.undone", "n", texts.number(day.undone)),
        pace: day.per_hour.map(|pace| texts.with("day.pace", "n", pace)).unwrap_or_default(),
        rows: day.rows.iter().map(row).collect(),
        older: older.map(|more| link(date, is_mine, &more)).unwrap_or_default(),
    }
}

fn row_view(console: &Console, at: &jiff::ZonedDateTime, row: &DayRow) -> DayRowView {
    let texts = console.texts;
    let decision = &row.decision;
    let (icon, word) = match decision.decision {
        Decision::Approve => ("pass", "status.3"),
        Decision::Reject => ("fail", "status.4"),
    };
    let is_mine = decision.person == console.reviewer.person.id;
    let can_undo = is_mine && decision.state == DecisionState::Pending;
    let outcome = match decision.state {
        DecisionState::Pending => "day.pending",
        DecisionState::Undone => "day.taken_back",
        DecisionState::Void => "day.void",
        DecisionState::Effective if row.is_received => "day.told",
        DecisionState::Effective => "day.waiting",
    };
    DayRowView {
        time: texts.time(at),
        icon,
        decision: texts.get(word),
        plate: decided_name(decision).to_owned(),
        number: decision.report_number.clone(),
        company: decision.company_name.clone(),
        reason: decision.reason.replace('\n', " "),
        who: decision.name.clone(),
        url: report_path(decision.ref_key),
        outcome: texts.get(outcome),
        is_received: decision.state == DecisionState::Effective && row.is_received,
        undo: if can_undo { decision.id.to_string() } else { String::new() },
    }
}
