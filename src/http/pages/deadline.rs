//! Deadlines in words, such as "2 days left".

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::texts::Texts;
use crate::model::{NEVER_DUE, ReportStatus};

/// A deadline in words; empty without one.
#[derive(Default)]
pub(super) struct DueView {
    pub(super) text: String,
    /// CSS class: `bad`, `warn` or empty.
    pub(super) class: &'static str,
}

/// A submitted report is never called overdue: after its deadline it waits for the reviewer, not for the driver.
pub(super) fn due(
    texts: Texts,
    zone: &TimeZone,
    now: Timestamp,
    (status, due_at): (ReportStatus, Timestamp),
) -> DueView {
    if due_at >= NEVER_DUE || status == ReportStatus::Approved {
        return DueView::default();
    }
    // The deadline is the end of its last day.
    let last = due_at.checked_sub(1.second()).unwrap_or(due_at);
    let day = |at: Timestamp| at.to_zoned_datetime(zone.clone()).date();
    let days = day(now).until(day(last)).map_or(0, |span| span.get_days());
    let count = u64::from(days.unsigned_abs());
    let (text, class) = match (days, status.is_open()) {
        (0, _) => (texts.get("due.today").to_owned(), "warn"),
        (1..=3, _) => (texts.count("left.days", count), "warn"),
        (4.., _) => (texts.count("left.days", count), ""),
        (_, true) => (texts.count("late.days", count), "bad"),
        (_, false) => (texts.count("due.passed", count), "bad"),
    };
    DueView { text, class }
}
