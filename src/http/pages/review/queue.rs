//! The queue: reports that wait for a decision, by deadline.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use axum::{Json, response::IntoResponse as _};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::console::{Console, Nav, Tab};
use super::facets::{self, Facet, facets};
use super::filters::{QueueQuery, filtered_path, hidden, report_path};
use super::rows::{RowView, count_text};
use super::undo::UndoView;
use super::void::VoidView;
use crate::http::AppState;
use crate::http::browser_session::ReviewPage;
use crate::http::pages::language::see_other;
use crate::http::pages::response::{PagePermissions, html};
use crate::http::pages::shell::Shell;
use crate::http::pages::texts::{Texts, isolated};
use crate::http::problem::Problem;
use crate::leasing::review::{
    CompanyChoice, Count, DayOf, QueueCounts, QueueFilter, QueuePage, QueueRow, encode_queue_cursor,
};
use crate::model::RefKey;

#[derive(Template)]
#[template(path = "review/queue.html")]
struct QueueTemplate {
    page: Shell,
    nav: Nav,
    heading: String,
    facets: Vec<Facet>,
    /// Hidden fields of the filter form.
    kept: Vec<(&'static str, String)>,
    companies: Vec<CompanyOption>,
    search: String,
    /// Hidden fields of the search form.
    search_kept: Vec<(&'static str, String)>,
    /// The notice that the search text was converted from the other keyboard layout; empty otherwise.
    swapped: String,
    rows: Vec<RowView>,
    /// The title and the sentence of an empty list.
    empty: Option<(&'static str, &'static str)>,
    range: String,
    previous: String,
    next: String,
    start: String,
    clear: String,
    is_filtered: bool,
    /// The latest decision that can be undone. After the last report of the queue, only this page can offer that.
    undo: Option<UndoView>,
    undo_kept: Vec<(&'static str, String)>,
}

struct CompanyOption {
    id: String,
    name: String,
    is_chosen: bool,
}

pub(super) async fn show(
    State(state): State<Arc<AppState>>,
    ReviewPage(session): ReviewPage,
    headers: HeaderMap,
    uri: Uri,
    query: Result<Query<QueueQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query?;
    let console = Console::open(&state, &headers, session).await?;
    let (reviewer, filter) = (&console.reviewer, query.filter());
    let found = state.review.queue(reviewer, &filter, query.page(), None).await?;
    let total = state.review.total(reviewer, &filter).await?;
    let range = match found.rows.first() {
        Some(first) => range(&state, &console, &filter, first, found.rows.len()).await?,
        None => String::new(),
    };
    let types = state.review.vehicle_types().await?;
    let companies = state.review.companies(reviewer).await?;
    let undo = state.review.latest_pending(reviewer).await?;
    let texts = console.texts;
    let page = console.shell(&uri).with_data(&json!({
        "language": texts.language.as_str(),
        "texts": texts.object(&["queue.", "common.", "keys.", "decision.", "report."]),
        "counts": filtered_path("/review/counts", &filter, &[]),
        "now": console.now.as_millisecond(),
        "person": console.reviewer.person.id.0,
    }));
    let template = QueueTemplate {
        page,
        nav: console.nav(Tab::Queue, console.void(&state).await?),
        heading: heading(texts, total),
        facets: facets(texts, &filter, &types),
        kept: hidden(&filter, &["company"]),
        companies: companies.iter().map(|company| chosen(company, &filter)).collect(),
        search: filter.search.clone(),
        search_kept: hidden(&filter, &["search", "status"]),
        swapped: swapped(texts, &found),
        rows: rows(&state, &console, &filter, &found.rows),
        empty: found.rows.is_empty().then(|| empty(texts, &filter)),
        range,
        previous: cursor(&filter, "before", found.previous.as_ref().map(encode_queue_cursor)),
        next: cursor(&filter, "after", found.next.as_ref().map(encode_queue_cursor)),
        start: filtered_path("/review/next", &filter, &[]),
        clear: "/review".to_owned(),
        is_filtered: is_filtered(&filter),
        undo: undo.map(|decision| UndoView::new(&console, &decision)),
        undo_kept: hidden(&filter, &[]),
    };
    html(PagePermissions::Watch, None, &template)
}

fn rows(
    state: &AppState,
    console: &Console,
    filter: &QueueFilter,
    rows: &[QueueRow],
) -> Vec<RowView> {
    let context = console.view_context(state);
    let row =
        |row: &QueueRow| context.row(row, filtered_path(&report_path(row.ref_key), filter, &[]));
    rows.iter().map(row).collect()
}

/// `1–50 of 214`
async fn range(
    state: &AppState,
    console: &Console,
    filter: &QueueFilter,
    first: &QueueRow,
    shown: usize,
) -> Result<String, Problem> {
    let position = state.review.position(&console.reviewer, filter, first.ref_key).await?;
    let Some(position) = position else { return Ok(String::new()) };
    let texts = console.texts;
    let last = u64::from(position.number.number) + shown as u64 - 1;
    // Counting stops at a limit, so the last number may be unknown.
    let last = if position.number.is_capped { "…".to_owned() } else { texts.number(last) };
    let first = count_text(texts, position.number);
    let total = count_text(texts, position.total);
    Ok(texts.format("queue.range", &[("a", &first), ("b", &last), ("n", &total)]))
}

fn heading(texts: Texts, total: Count) -> String {
    if total.is_capped {
        return texts.with("queue.waiting.many", "n", count_text(texts, total));
    }
    texts.count("queue.waiting", u64::from(total.number))
}

fn chosen(company: &CompanyChoice, filter: &QueueFilter) -> CompanyOption {
    let is_chosen = filter.company == Some(company.id);
    CompanyOption { id: company.id.0.to_string(), name: isolated(&company.name), is_chosen }
}

fn swapped(texts: Texts, found: &QueuePage) -> String {
    let sentence = |text: &String| texts.with("queue.swapped", "text", isolated(text));
    found.swapped.as_ref().map(sentence).unwrap_or_default()
}

fn empty(texts: Texts, filter: &QueueFilter) -> (&'static str, &'static str) {
    let key = if is_filtered(filter) {
        ("queue.none.title", "queue.none.text")
    } else {
        ("queue.empty.title", "queue.empty.text")
    };
    (texts.get(key.0), texts.get(key.1))
}

fn is_filtered(filter: &QueueFilter) -> bool {
    !hidden(filter, &[]).is_empty()
}

fn cursor(filter: &QueueFilter, name: &str, cursor: Option<String>) -> String {
    cursor.map(|cursor| filtered_path("/review", filter, &[(name, &cursor)])).unwrap_or_default()
}

#[derive(Deserialize)]
pub(super) struct After {
    after: Option<String>,
}

/// Redirects to the next report; the target of "skip" and "start". It claims nothing.
pub(super) async fn next(
    State(state): State<Arc<AppState>>,
    ReviewPage(session): ReviewPage,
    headers: HeaderMap,
    query: Result<Query<QueueQuery>, QueryRejection>,
    after: Result<Query<After>, QueryRejection>,
) -> Result<Response, Problem> {
    let (Query(query), Query(After { after })) = (query?, after?);
    let console = Console::open(&state, &headers, session).await?;
    let filter = query.filter();
    let after = after.and_then(|after| after.parse().ok());
    Ok(see_other(&next_path(&state, &console, &filter, after).await?))
}

/// The path of the next report, or of the queue if there is none.
pub(super) async fn next_path(
    state: &AppState,
    console: &Console,
    filter: &QueueFilter,
    after: Option<RefKey>,
) -> Result<String, Problem> {
    let next = state.review.next(&console.reviewer, filter, after).await?;
    let path = next.map_or_else(|| "/review".to_owned(), report_path);
    Ok(filtered_path(&path, filter, &[]))
}

/// The counts of the filters and of the navigation, which a script loads after the page.
pub(super) async fn counts(
    State(state): State<Arc<AppState>>,
    ReviewPage(session): ReviewPage,
    headers: HeaderMap,
    query: Result<Query<QueueQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let Query(query) = query?;
    let console = Console::open(&state, &headers, session).await?;
    let (reviewer, texts) = (&console.reviewer, console.texts);
    let counts = state.review.counts(reviewer, &query.filter()).await?;
    let waiting = state.review.total(reviewer, &QueueFilter::default()).await?;
    let today = state.review.day(reviewer, state.review.today(), DayOf::Mine, None).await?;
    let mut numbers = numbers(texts, &counts);
    numbers.insert("queue".to_owned(), count_text(texts, waiting).into());
    let decided = texts.number(today.approved + today.rejected);
    numbers.insert("day".to_owned(), decided.into());
    let void = console.void(&state).await?;
    numbers.insert("void".to_owned(), void.iter().map(VoidView::json).collect());
    Ok(Json(numbers).into_response())
}

fn numbers(texts: Texts, counts: &QueueCounts) -> Map<String, Value> {
    let QueueCounts { statuses, deadlines, outcomes, codecs, types } = counts;
    let statuses = statuses.iter().map(|(status, count)| (facets::status_count(*status), *count));
    let deadlines =
        deadlines.iter().map(|(deadline, count)| (facets::deadline_count(*deadline), *count));
    let outcomes =
        outcomes.iter().map(|(outcome, count)| (facets::outcome_count(*outcome), *count));
    let codecs = codecs.iter().map(|(codec, count)| (facets::codec_count(*codec), *count));
    let types = types.iter().map(|(choice, count)| (format!("type-{}", choice.code), *count));
    let all = statuses.chain(deadlines).chain(outcomes).chain(codecs).chain(types);
    all.map(|(key, count)| (key, count_text(texts, count).into())).collect()
}
