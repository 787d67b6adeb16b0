//! The deadline of a report.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};

use super::ReportStatus;

/// Stands for the deadline of a report without one: the year 9999, so that it sorts last.
pub const NEVER_DUE: Timestamp = Timestamp::constant(253_370_764_800, 0);

/// The moment from which a report is overdue. Midnight in `zone` means the end of that day, any other
/// time is exact; a report without a deadline is never overdue (Q12).
pub fn due_at(finishes_at: Option<Timestamp>, zone: &TimeZone) -> Timestamp {
    let Some(finishes_at) = finishes_at else { return NEVER_DUE };
    let local = finishes_at.to_zoned_datetime(zone.clone());
    if local.time() != Time::midnight() {
        return finishes_at;
    }
    local.checked_add(1.day()).map_or(finishes_at, |next| next.timestamp())
}

/// Whether a report is shown as expired: it waits for a video, and the deadline has passed (Q11).
pub fn is_expired(status: ReportStatus, due_at: Timestamp, now: Timestamp) -> bool {
    status.is_open() && due_at <= now
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due(finishes_at: &str) -> String {
        let zone = TimeZone::get("Asia/Almaty").unwrap();
        due_at(Some(finishes_at.parse().unwrap()), &zone).to_string()
    }

    #[test]
    fn midnight_means_the_end_of_that_day() {
        assert_eq!(due("2026-03-10T00:00:00+05:00"), "2026-03-10T19:00:00Z");
        assert_eq!(due("2026-03-10T18:30:00+05:00"), "2026-03-10T13:30:00Z");
    }

    #[test]
    fn only_a_report_that_waits_for_a_video_expires() {
        let (due, now) = (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH);
        assert!(is_expired(ReportStatus::AwaitingVideo, due, now));
        assert!(is_expired(ReportStatus::Rejected, due, now));
        assert!(!is_expired(ReportStatus::Submitted, due, now));
        assert!(!is_expired(ReportStatus::AwaitingVideo, NEVER_DUE, now));
    }
}
