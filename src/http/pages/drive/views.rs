//! View models of reports, in the driver's language.

use std::borrow::Cow;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::http::AppState;
use crate::http::pages::deadline::{DueView, due};
use crate::http::pages::texts::Texts;
use crate::leasing::FilmReport;
use crate::model::{Instruction, NEVER_DUE, ReportStatus};

/// A report in a list.
pub(super) struct ListedReport {
    pub(super) ref_key: String,
    pub(super) plate: String,
    pub(super) type_title: String,
    pub(super) is_rejected: bool,
    /// The reasons of the last rejection, one per line.
    pub(super) reasons: Vec<String>,
    pub(super) due: DueView,
    pub(super) status: &'static str,
    /// Label of the button.
    pub(super) action: &'static str,
}

/// A report on its own page.
pub(super) struct ShownReport {
    pub(super) listed: ListedReport,
    /// Whether the report waits for a video.
    pub(super) is_open: bool,
    pub(super) instructions: Vec<ShownInstruction>,
    /// Whether an instruction is marked.
    pub(super) has_marked: bool,
    /// The notice that the report needs no video; empty if it is open.
    pub(super) closed: &'static str,
}

pub(super) struct ShownInstruction {
    pub(super) text: String,
    /// The reviewer has marked it as missing in the last video.
    pub(super) is_marked: bool,
}

impl ListedReport {
    pub(super) fn new(state: &AppState, texts: Texts, now: Timestamp, report: &FilmReport) -> Self {
        let is_rejected = report.status == ReportStatus::Rejected;
        Self {
            ref_key: report.ref_key.to_string(),
            plate: vehicle_name(report).to_owned(),
            type_title: report.type_title.clone(),
            is_rejected,
            reasons: if is_rejected { reasons(texts, report) } else { Vec::new() },
            due: due(texts, &state.zone, now, (report.status, report.due_at.unwrap_or(NEVER_DUE))),
            status: texts.get(status_key(report.status)),
            action: texts.get(if is_rejected { "drive.film_again" } else { "drive.film" }),
        }
    }
}

impl ShownReport {
    pub(super) fn new(state: &AppState, texts: Texts, now: Timestamp, report: &FilmReport) -> Self {
        let listed = ListedReport::new(state, texts, now, report);
        let missing = report.rejection.as_ref().filter(|_| listed.is_rejected);
        let shown = |instruction: &Instruction| ShownInstruction {
            text: instruction.short_text(texts.language).to_owned(),
            is_marked: missing.is_some_and(|missing| missing.items.contains(&instruction.ru)),
        };
        let instructions: Vec<_> = report.instructions.iter().map(shown).collect();
        Self {
            listed,
            is_open: report.status.is_open(),
            has_marked: instructions.iter().any(|instruction| instruction.is_marked),
            instructions,
            closed: match report.status {
                ReportStatus::Submitted => texts.get("drive.link_done"),
                ReportStatus::Approved => texts.get("drive.closed"),
                _ => "",
            },
        }
    }

    /// The data for scripts.
    pub(super) fn data(&self) -> Value {
        let ListedReport { ref_key, plate, type_title, .. } = &self.listed;
        let text = |item: &ShownInstruction| json!({"text": item.text});
        json!({
            "ref_key": ref_key,
            "plate": plate,
            "type_title": type_title,
            "is_open": self.is_open,
            "instructions": self.instructions.iter().map(text).collect::<Vec<_>>(),
        })
    }
}

/// The plate; new vehicles have none yet, so the VIN or the report number takes its place.
fn vehicle_name(report: &FilmReport) -> &str {
    let names = [&report.plate, &report.vin, &report.report_number];
    names.into_iter().find(|name| !name.is_empty()).map_or("", |name| name)
}

/// The reasons in the driver's language. A rejection through the API has only its own text, which is not translated.
fn reasons(texts: Texts, report: &FilmReport) -> Vec<String> {
    let reason = match &report.rejection {
        Some(rejection) => {
            let read = rejection.translated(texts.language, &report.instructions);
            Cow::Owned(read.compose(texts.language))
        }
        None => Cow::Borrowed(report.reject_reason.as_str()),
    };
    reason.lines().map(str::trim).filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

const fn status_key(status: ReportStatus) -> &'static str {
    match status {
        ReportStatus::AwaitingVideo => "status.1",
        ReportStatus::Submitted => "status.2",
        ReportStatus::Approved => "status.3",
        ReportStatus::Rejected => "status.4",
    }
}
