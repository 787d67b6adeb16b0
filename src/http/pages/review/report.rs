//! The page of a report: video, checks and decision.

use std::sync::Arc;

use askama::Template;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::Response;
use serde::Deserialize;

use super::checks::{ChecksView, EarlierHolder, earlier_locations, file_location, sent_location};
use super::console::{Console, Nav, Tab};
use super::facts::{EarlierView, FactView, LogView};
use super::filters::{QueueQuery, filtered_path, hidden, report_path};
use super::notice::{Notice, claimed_by};
use super::plot::{PlotView, Positions, plot};
use super::queue::next_path;
use super::reject::{Draft, RejectView};
use super::rows::{count_text, status_key, vehicle_name};
use super::script::ScriptData;
use super::undo::UndoView;
use super::video::{Purpose, VideoView, origin, video};
use crate::http::AppState;
use crate::http::browser_session::ReviewPage;
use crate::http::pages::deadline::DueView;
use crate::http::pages::response::{PagePermissions, with_status};
use crate::http::pages::shell::Shell;
use crate::http::pages::texts::{Texts, isolated};
use crate::http::path_param::PathParam;
use crate::http::problem::Problem;
use crate::leasing::review::{
    Position, QueueFilter, ReviewError, ReviewedReport, ReviewedSubmission,
};
use crate::model::plausibility::{Outcome, PlausibilityTest};
use crate::model::{Instruction, RefKey, ReportStatus};

#[derive(Template)]
#[template(path = "review/report.html")]
struct ReportTemplate {
    page: Shell,
    nav: Nav,
    ref_key: String,
    version: i64,
    decision_id: String,
    /// The filter of the queue, which every form and link keeps.
    kept: Vec<(&'static str, String)>,
    plate: String,
    /// Type, number, contract, company.
    subtitle: Vec<String>,
    due_date: String,
    due: DueView,
    position: String,
    back: String,
    skip: String,
    video: Option<VideoView>,
    checks: ChecksView,
    items: Vec<ItemView>,
    plot: Option<PlotView>,
    facts: Vec<FactView>,
    earlier: Vec<EarlierView>,
    log: Vec<LogView>,
    /// The reason why no decision is possible; empty if one is.
    closed: String,
    notice: Option<Notice>,
    claim: Option<Notice>,
    /// The end of the reviewer's own claim; empty without one.
    yours: String,
    /// The id of the reviewer whose claim can be taken over.
    holder: String,
    undo: Option<UndoView>,
    reject: RejectView,
    reject_url: String,
    report_url: String,
    compared: Option<ComparedView>,
}

/// An instruction of the vehicle type.
struct ItemView {
    index: usize,
    number: usize,
    text: String,
}

/// An earlier report beside this one.
struct ComparedView {
    title: String,
    date: String,
    video: VideoView,
}

/// The input of the page: from its query, or from a refused decision.
pub(super) struct PageInput {
    pub(super) ref_key: RefKey,
    pub(super) filter: QueueFilter,
    pub(super) draft: Draft,
    pub(super) notice: Option<Notice>,
    pub(super) compare: Option<RefKey>,
    pub(super) status: StatusCode,
}

#[derive(Deserialize)]
pub(super) struct ReportQuery {
    /// Shows the rejection form, for browsers without scripts.
    reject: Option<String>,
    compare: Option<String>,
    /// The outcome of an undo: `undone` or `late`.
    done: Option<String>,
}

pub(super) async fn show(
    State(state): State<Arc<AppState>>,
    ReviewPage(session): ReviewPage,
    PathParam(ref_key): PathParam<RefKey>,
    headers: HeaderMap,
    uri: Uri,
    query: Result<Query<QueueQuery>, QueryRejection>,
    shown: Result<Query<ReportQuery>, QueryRejection>,
) -> Result<Response, Problem> {
    let (Query(query), Query(shown)) = (query?, shown?);
    let ref_key = ref_key.ok_or(ReviewError::NotFound)?;
    let console = Console::open(&state, &headers, session).await?;
    let input = PageInput {
        ref_key,
        filter: query.filter(),
        draft: Draft { is_open: shown.reject.is_some(), ..Draft::default() },
        notice: shown.done.as_deref().and_then(|done| Notice::after(console.texts, done)),
        compare: shown.compare.and_then(|key| key.parse().ok()),
        status: StatusCode::OK,
    };
    render(&state, &console, &headers, &uri, input).await
}

/// Renders the page, also after a refused decision.
pub(super) async fn render(
    state: &AppState,
    console: &Console,
    headers: &HeaderMap,
    uri: &Uri,
    input: PageInput,
) -> Result<Response, Problem> {
    let report = state.review.report(&console.reviewer, input.ref_key).await?;
    let purpose = Purpose::of(headers);
    let shown = match &report.submission {
        Some(_) => Some(video(state, console, &report, purpose).await),
        None => None,
    };
    let compared = compared(state, console, &input, &report, purpose).await;
    let holder = earlier_holder(state, console, &report).await;
    let undo = state.review.latest_pending(&console.reviewer).await?;
    let undo = undo.map(|decision| UndoView::new(console, &decision));
    let position = state.review.position(&console.reviewer, &input.filter, input.ref_key).await?;
    let next = next_path(state, console, &input.filter, Some(input.ref_key)).await?;
    let nav = console.nav(Tab::Queue, console.void(state).await?);
    let parts = Parts { report, shown, compared, holder, undo, position, next, nav };
    let store = parts.shown.as_ref().and_then(|video| origin(&video.url));
    let status = input.status;
    let template = template(state, console, uri, input, parts);
    with_status(status, PagePermissions::Watch, store.as_deref(), &template)
}

/// The data that was loaded for the page.
struct Parts {
    report: ReviewedReport,
    shown: Option<VideoView>,
    compared: Option<ComparedView>,
    holder: Option<EarlierHolder>,
    undo: Option<UndoView>,
    position: Option<Position>,
    next: String,
    nav: Nav,
}

fn template(
    state: &AppState,
    console: &Console,
    uri: &Uri,
    input: PageInput,
    parts: Parts,
) -> ReportTemplate {
    let PageInput { ref_key, filter, draft, notice, compare, .. } = input;
    let Parts { report, shown, compared, holder, undo, position, next, nav } = parts;
    let context = console.view_context(state);
    let (texts, row) = (console.texts, &report.row);
    let decision_id = state.review.new_decision_id();
    let sent = report.submission.as_ref();
    let checks = sent.map(|sent| context.checks(&report, sent, holder.as_ref()));
    let checks = checks.unwrap_or_default();
    let other = row.claim.as_ref().filter(|claim| claim.person != console.reviewer.person.id);
    let claim = other.map(|claim| claimed_by(&context, claim));
    let yours = row.claim.as_ref().filter(|_| other.is_none());
    let until = yours.map(|claim| texts.time(&context.local(claim.until)));
    let path = report_path(ref_key);
    let compare = compare.map(|key| key.to_string());
    let script = ScriptData { console, report: &report, decision_id, checks: &checks, next: &next };
    let page = console.shell(uri).with_data(&script.data(shown.as_ref()));
    ReportTemplate {
        page,
        nav,
        ref_key: ref_key.to_string(),
        version: row.version,
        decision_id: decision_id.to_string(),
        kept: hidden(&filter, &[]),
        plate: vehicle_name(row).to_owned(),
        subtitle: subtitle(console, &report),
        due_date: context.due_date(row.due_at),
        due: context.due(row.status, row.due_at),
        position: position.map(|position| place_in_queue(console, &position)).unwrap_or_default(),
        back: filtered_path("/review", &filter, &[]),
        skip: filtered_path("/review/next", &filter, &[("after", &ref_key.to_string())]),
        video: shown,
        checks,
        items: items(texts, &report),
        plot: sent.and_then(|sent| plot(texts, &positions(&report, sent))),
        facts: sent.map(|sent| context.facts(&report, sent)).unwrap_or_default(),
        earlier: context.earlier(&report, &filter, compare.as_deref()),
        log: report.log.iter().map(|entry| context.log(entry)).collect(),
        closed: closed(console, &report),
        notice,
        claim,
        yours: until.map(|time| texts.with("report.yours", "time", time)).unwrap_or_default(),
        holder: other.map(|claim| claim.person.0.to_string()).unwrap_or_default(),
        undo,
        reject: RejectView::new(texts, &report, &draft),
        reject_url: filtered_path(&path, &filter, &[("reject", "1")]),
        report_url: filtered_path(&path, &filter, &[]),
        compared,
    }
}

/// The line after the plate in the heading.
fn subtitle(console: &Console, report: &ReviewedReport) -> Vec<String> {
    let row = &report.row;
    let number = console.texts.with("report.title", "number", isolated(&row.report_number));
    let parts =
        [row.type_title.clone(), number, row.contract_number.clone(), row.company_name.clone()];
    parts.into_iter().filter(|part| !part.is_empty()).collect()
}

fn place_in_queue(console: &Console, position: &Position) -> String {
    let texts = console.texts;
    let (a, n) = (count_text(texts, position.number), count_text(texts, position.total));
    texts.format("report.position", &[("a", &a), ("n", &n)])
}

fn items(texts: Texts, report: &ReviewedReport) -> Vec<ItemView> {
    let item = |(index, item): (usize, &Instruction)| ItemView {
        index,
        number: index + 1,
        text: item.short_text(texts.language).to_owned(),
    };
    report.instructions.iter().enumerate().map(item).collect()
}

fn positions(report: &ReviewedReport, sent: &ReviewedSubmission) -> Positions {
    let verdicts = sent.stored.verdicts.iter();
    let place = verdicts.filter(|verdict| verdict.test == PlausibilityTest::RecordedPlace);
    let outcome = place.map(|verdict| verdict.outcome).next().unwrap_or(Outcome::Absent);
    Positions {
        sent: sent_location(sent),
        file: file_location(sent),
        outcome: outcome.as_str(),
        earlier: earlier_locations(report),
    }
}

/// The reason why no decision is possible; empty if one is.
fn closed(console: &Console, report: &ReviewedReport) -> String {
    let texts = console.texts;
    if report.pending.is_some() {
        return texts.get("report.pending").to_owned();
    }
    match (report.row.status, &report.submission) {
        (_, None) => texts.get("report.novideo").to_owned(),
        (ReportStatus::Submitted, _) => String::new(),
        (status, _) => texts.with("report.undecidable", "status", texts.get(status_key(status))),
    }
}

/// The report for which the same video was sent before; `None` if the reviewer may not see it.
async fn earlier_holder(
    state: &AppState,
    console: &Console,
    report: &ReviewedReport,
) -> Option<EarlierHolder> {
    let verdicts = &report.submission.as_ref()?.stored.verdicts;
    let link = verdicts.iter().flat_map(|verdict| &verdict.links).next()?;
    let earlier = state.review.report(&console.reviewer, link.report_ref_key).await.ok()?;
    let url = report_path(link.report_ref_key);
    Some(EarlierHolder { number: earlier.row.report_number, url })
}

async fn compared(
    state: &AppState,
    console: &Console,
    input: &PageInput,
    report: &ReviewedReport,
    purpose: Purpose,
) -> Option<ComparedView> {
    let key = input.compare?;
    report.earlier.iter().find(|earlier| earlier.ref_key == key)?;
    let earlier = state.review.report(&console.reviewer, key).await.ok()?;
    let received = earlier.row.received_at?;
    let date = console.texts.long_date(&console.view_context(state).local(received));
    let title = console.texts.with("report.title", "number", isolated(&earlier.row.report_number));
    let video = video(state, console, &earlier, purpose).await;
    Some(ComparedView { title, date, video })
}
