//! View models of the rows of the queue.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan as _, ZonedDateTime};

use crate::http::pages::deadline::{self, DueView};
use crate::http::pages::texts::{Texts, isolated};
use crate::leasing::review::{Claim, Count, QueueRow, Reviewer};
use crate::model::plausibility::{Outcome, OutcomeCounts};
use crate::model::{NEVER_DUE, ReportStatus, VideoCodec};

/// The context in which values are formatted: language, time zone, current time and reviewer.
#[derive(Clone, Copy)]
pub(super) struct ViewContext<'a> {
    pub(super) texts: Texts,
    pub(super) zone: &'a TimeZone,
    pub(super) now: Timestamp,
    pub(super) reviewer: &'a Reviewer,
}

/// The number of verdicts with one outcome.
pub(super) struct OutcomeMark {
    pub(super) icon: &'static str,
    pub(super) count: String,
}

/// The holder of the claim and the time left, in words.
pub(super) struct ClaimView {
    pub(super) text: String,
    pub(super) is_mine: bool,
}

pub(super) struct RowView {
    pub(super) id: String,
    pub(super) url: String,
    pub(super) label: String,
    pub(super) plate: String,
    pub(super) report: String,
    pub(super) company: String,
    pub(super) type_title: String,
    pub(super) length: String,
    /// Empty for H.264, which every browser plays.
    pub(super) codec: &'static str,
    pub(super) received: String,
    pub(super) due: DueView,
    pub(super) marks: Vec<OutcomeMark>,
    pub(super) claim: Option<ClaimView>,
    /// Whether another reviewer has claimed it.
    pub(super) is_taken: bool,
}

/// The name of a report: the plate, else the VIN, else the report number.
pub(super) fn vehicle_name(row: &QueueRow) -> &str {
    let names = [&row.plate_number, &row.vin_code, &row.report_number];
    names.into_iter().find(|name| !name.trim().is_empty()).map_or("—", String::as_str)
}

impl ViewContext<'_> {
    pub(super) fn local(&self, at: Timestamp) -> ZonedDateTime {
        at.to_zoned_datetime(self.zone.clone())
    }

    pub(super) fn row(&self, row: &QueueRow, url: String) -> RowView {
        let due = self.due(row.status, row.due_at);
        let claim = row.claim.as_ref().map(|claim| self.claim(claim));
        let is_taken = claim.as_ref().is_some_and(|claim| !claim.is_mine);
        let received = row.received_at.map(|at| self.texts.table_time(&self.local(at)));
        RowView {
            id: row.ref_key.to_string(),
            url,
            label: self.label(row, &due),
            plate: vehicle_name(row).to_owned(),
            report: row.report_number.clone(),
            company: row.company_name.clone(),
            type_title: row.type_title.clone(),
            length: row.duration_ms.map(|length| self.texts.clock(length)).unwrap_or_default(),
            codec: row.codec.filter(|codec| *codec != VideoCodec::H264).map_or("", codec_name),
            received: received.unwrap_or_default(),
            due,
            marks: marks(&row.outcomes),
            claim,
            is_taken,
        }
    }

    /// The accessible name of a row's link.
    fn label(&self, row: &QueueRow, due: &DueView) -> String {
        let OutcomeCounts { warn, fail, absent, .. } = row.outcomes;
        let counts = [(Outcome::Fail, fail), (Outcome::Warn, warn), (Outcome::Absent, absent)];
        let counts = counts.into_iter().filter(|(_, count)| *count > 0).map(|(outcome, count)| {
            let verdict = self.texts.get(outcome_key(outcome));
            self.texts.format("row.checks", &[("verdict", &verdict), ("n", &count)])
        });
        let first = [isolated(vehicle_name(row)), due.text.clone()];
        let parts = first.into_iter().filter(|part| !part.is_empty()).chain(counts);
        parts.collect::<Vec<_>>().join(", ")
    }

    pub(super) fn due(&self, status: ReportStatus, due_at: Timestamp) -> DueView {
        deadline::due(self.texts, self.zone, self.now, (status, due_at))
    }

    /// The day of a deadline; empty without one.
    pub(super) fn due_date(&self, due_at: Timestamp) -> String {
        if due_at >= NEVER_DUE {
            return String::new();
        }
        let last = self.local(due_at.checked_sub(1.second()).unwrap_or(due_at));
        self.texts.with("report.due", "date", self.texts.date(&last))
    }

    pub(super) fn claim(&self, claim: &Claim) -> ClaimView {
        let is_mine = claim.person == self.reviewer.person.id;
        let who =
            if is_mine { self.texts.get("row.you").to_owned() } else { isolated(&claim.name) };
        let left = self.texts.with("row.claim_left", "n", minutes_left(claim, self.now));
        ClaimView { text: format!("{who} · {left}"), is_mine }
    }
}

fn minutes_left(claim: &Claim, now: Timestamp) -> i64 {
    let left = claim.until.duration_since(now).max(SignedDuration::ZERO);
    (left.as_secs() + 59) / 60
}

/// The counts of failed and warning checks; without any, a single mark for passed or absent ones.
fn marks(counts: &OutcomeCounts) -> Vec<OutcomeMark> {
    let mark = |outcome: Outcome, count: usize| OutcomeMark {
        icon: outcome.as_str(),
        count: if outcome == Outcome::Pass { String::new() } else { count.to_string() },
    };
    let OutcomeCounts { pass, warn, fail, absent } = *counts;
    let worse = [(Outcome::Fail, fail), (Outcome::Warn, warn)];
    let worse: Vec<_> = worse.into_iter().filter(|(_, count)| *count > 0).collect();
    let shown = match (worse.is_empty(), pass, absent) {
        (false, ..) => worse,
        (true, 0, 0) => Vec::new(),
        (true, _, 0) => vec![(Outcome::Pass, pass)],
        (true, ..) => vec![(Outcome::Absent, absent)],
    };
    shown.into_iter().map(|(outcome, count)| mark(outcome, count)).collect()
}

pub(super) const fn outcome_key(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "verdict.pass",
        Outcome::Warn => "verdict.warn",
        Outcome::Fail => "verdict.fail",
        Outcome::Absent => "verdict.absent",
    }
}

pub(super) const fn status_key(status: ReportStatus) -> &'static str {
    match status {
        ReportStatus::AwaitingVideo => "status.1",
        ReportStatus::Submitted => "status.2",
        ReportStatus::Approved => "status.3",
        ReportStatus::Rejected => "status.4",
    }
}

/// The name of a codec; the same in every language.
pub(super) const fn codec_name(codec: VideoCodec) -> &'static str {
    match codec {
        VideoCodec::H264 => "H.264",
        VideoCodec::H265 => "H.265",
        VideoCodec::Av1 => "AV1",
        VideoCodec::Vp9 => "VP9",
        VideoCodec::Mpeg4 => "MPEG-4",
        VideoCodec::Other => "?",
    }
}

/// `214`, or `1,000+` if counting stopped at the limit.
pub(super) fn count_text(texts: Texts, count: Count) -> String {
    let number = texts.number(u64::from(count.number));
    if count.is_capped { format!("{number}+") } else { number }
}
