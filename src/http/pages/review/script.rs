//! The data for the scripts of a report's page.

use serde_json::{Value, json};

use super::checks::ChecksView;
use super::console::Console;
use super::rows::vehicle_name;
use super::video::VideoView;
use crate::leasing::review::ReviewedReport;
use crate::model::{DecisionId, RejectCode, ReportStatus};

/// Key prefixes of the sentences that the scripts show.
const TEXTS: [&str; 8] =
    ["player.", "decision.", "reject.", "report.", "checklist.", "compare.", "common.", "unit."];

pub(super) struct ScriptData<'a> {
    pub(super) console: &'a Console,
    pub(super) report: &'a ReviewedReport,
    pub(super) decision_id: DecisionId,
    pub(super) checks: &'a ChecksView,
    /// The path of the next report.
    pub(super) next: &'a str,
}

impl ScriptData<'_> {
    pub(super) fn data(&self, video: Option<&VideoView>) -> Value {
        let (console, report) = (self.console, self.report);
        let texts = console.texts;
        let is_decidable = report.row.status == ReportStatus::Submitted
            && report.submission.is_some()
            && report.pending.is_none();
        let codes = RejectCode::ALL.map(|code| (code.as_str(), code.text().get(texts.language)));
        let codes: serde_json::Map<_, _> =
            codes.into_iter().map(|(word, text)| (word.to_owned(), text.into())).collect();
        let claim = report.row.claim.as_ref();
        let is_mine = claim.is_some_and(|claim| claim.person == console.reviewer.person.id);
        json!({
            "language": texts.language.as_str(),
            "texts": texts.object(&TEXTS),
            "reason": { "missing": texts.get("reject.missing_items"), "codes": codes },
            "now": console.now.as_millisecond(),
            "person": console.reviewer.person.id.0,
            "refKey": report.row.ref_key,
            "version": report.row.version,
            "decisionId": self.decision_id,
            "plate": vehicle_name(&report.row),
            "isDecidable": is_decidable,
            "isClaimedByOther": claim.is_some() && !is_mine,
            "claimedUntil": claim.filter(|_| is_mine).map(|claim| claim.until.as_millisecond()),
            "fails": self.checks.fails,
            "video": video.map(|video| json!({
                "url": video.url,
                "expiresAt": video.expires_at,
                "bytesUrl": video.bytes_url,
                "linkUrl": video.link_url,
                "durationMs": video.duration_ms,
                "kind": video.kind,
                "isH265": video.is_h265,
                "id": video.id,
            })),
            "next": self.next,
            "undoSeconds": console.reviewer.preferences.undo_for.seconds(),
        })
    }
}
