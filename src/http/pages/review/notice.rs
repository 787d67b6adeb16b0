//! Notices above a report: its last change, and the reviewer who has claimed it.

use super::rows::{ViewContext, status_key};
use crate::http::pages::texts::{Texts, isolated};
use crate::leasing::review::{Claim, ReportChanged, ReviewedReport};
use crate::model::ReportStatus;

/// Values of the query parameter `done`: the outcome of an undo.
pub(super) const UNDONE: &str = "undone";
pub(super) const TOO_LATE: &str = "late";

pub(super) struct Notice {
    /// CSS class: `good`, `bad`, or empty for a warning.
    pub(super) class: &'static str,
    pub(super) title: String,
    pub(super) text: String,
}

impl Notice {
    /// The notice of a page after a form: `done` is the parameter of its query.
    pub(super) fn after(texts: Texts, done: &str) -> Option<Self> {
        let (class, key) = match done {
            UNDONE => ("good", "decision.undone"),
            TOO_LATE => ("", "decision.late"),
            _ => return None,
        };
        Some(Self { class, title: String::new(), text: texts.get(key).to_owned() })
    }

    pub(super) fn warning(text: String) -> Self {
        Self { class: "", title: String::new(), text }
    }
}

/// Another reviewer has claimed the report.
pub(super) fn claimed_by(context: &ViewContext<'_>, claim: &Claim) -> Notice {
    let time = context.texts.time(&context.local(claim.since));
    let values: [(&str, &dyn std::fmt::Display); 2] =
        [("name", &isolated(&claim.name)), ("time", &time)];
    Notice::warning(context.texts.format("report.other", &values))
}

/// The report has changed since the reviewer loaded its page.
pub(super) fn changed(
    context: &ViewContext<'_>,
    changed: &ReportChanged,
    report: &ReviewedReport,
) -> Notice {
    let texts = context.texts;
    let time = |at| texts.time(&context.local(at));
    let what = if changed.state.status == ReportStatus::Submitted {
        let received = changed.received_at.map(time).unwrap_or_default();
        texts.with("decision.changed_video", "time", received)
    } else {
        let at = report.decided_at.map(time).unwrap_or_default();
        let status = texts.get(status_key(changed.state.status));
        let name = isolated(&changed.decider_name);
        let values: [(&str, &dyn std::fmt::Display); 3] =
            [("name", &name), ("time", &at), ("status", &status)];
        texts.format("decision.changed_by", &values)
    };
    Notice {
        class: "",
        title: texts.get("decision.changed").to_owned(),
        text: format!("{what} {}", texts.get("decision.changed_keep")),
    }
}
