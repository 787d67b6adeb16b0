//! Push notifications: title and text for the person, data for the app.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use crate::model::texts::{Language, Text, text};
use crate::model::{NEVER_DUE, PushEvent, PushKind, PushNotification, shown_line, shown_value};

/// The values of a report in a notification.
#[derive(Debug, Clone, Copy, Default)]
pub struct PushReport<'r> {
    pub number: &'r str,
    pub plate: &'r str,
    /// [`None`] when the report has no deadline.
    pub due_at: Option<Timestamp>,
}

/// Composes the notification to the device with this FCM token. `zone` is the time zone in which it
/// states the deadline.
pub fn push_notification(
    event: &PushEvent<'_>,
    report: &PushReport<'_>,
    token: &str,
    zone: &TimeZone,
    language: Language,
) -> PushNotification {
    let reason = shown_line(event.reason);
    let (title, body) = words(event, report, &reason, zone, language);
    let word = event.kind.as_str().trim_start_matches("push.");
    let mut data = BTreeMap::from([("type", word.to_owned())]);
    if let Some(ref_key) = event.report {
        data.insert("report_ref_key", ref_key.to_string());
        data.insert("reports", event.reports.max(1).to_string());
    }
    if !reason.is_empty() {
        data.insert("reason", reason);
    }
    PushNotification { token: token.to_owned(), title: title.get(language).to_owned(), body, data }
}

fn words(
    event: &PushEvent<'_>,
    report: &PushReport<'_>,
    reason: &str,
    zone: &TimeZone,
    language: Language,
) -> (Text, String) {
    let name = name(report, language);
    let many = event.reports > 1;
    let about = |text: Text| text.format(language, &[("report", &name)]);
    let count = |text: Text| text.format(language, &[("n", &event.reports)]);
    let with_due_date = |text: Text| match report.due_at.and_then(|due_at| day(due_at, zone)) {
        Some(date) => {
            let due = text!("push.due_date").format(language, &[("date", &date)]);
            format!("{} {due}", about(text))
        }
        None => about(text),
    };
    match event.kind {
        PushKind::Assigned if many => {
            (text!("push.assigned_many.title"), count(text!("push.assigned_many.text")))
        }
        PushKind::Assigned => {
            (text!("push.assigned.title"), with_due_date(text!("push.assigned.text")))
        }
        PushKind::Due if many => (text!("push.due_many.title"), count(text!("push.due_many.text"))),
        PushKind::Due => (text!("push.due.title"), with_due_date(text!("push.due.text"))),
        PushKind::Approved => (text!("push.approved.title"), about(text!("push.approved.text"))),
        // 1C may reject without a reason.
        PushKind::Rejected if reason.is_empty() => {
            (text!("push.rejected.title"), about(text!("push.rejected.text")))
        }
        PushKind::Rejected => {
            let values: &[(&str, &dyn std::fmt::Display)] =
                &[("report", &name), ("reason", &reason)];
            let body = text!("push.rejected.text_reason").format(language, values);
            (text!("push.rejected.title"), body)
        }
        PushKind::SessionRevoked => {
            let body = text!("push.session_revoked.text").get(language);
            (text!("push.session_revoked.title"), body.to_owned())
        }
    }
}

/// The plate and the number of a report, as far as they are known.
fn name(report: &PushReport<'_>, language: Language) -> String {
    let (plate, number) = (shown_value(report.plate), shown_value(report.number));
    match (plate.is_empty(), number.is_empty()) {
        (true, _) => text!("push.report.number").format(language, &[("number", &number)]),
        (false, true) => plate,
        (false, false) => text!("push.report.plate_and_number")
            .format(language, &[("plate", &plate), ("number", &number)]),
    }
}

/// The last day before the deadline (Q12): a report that is due at midnight is due on the day before.
fn day(due_at: Timestamp, zone: &TimeZone) -> Option<String> {
    if due_at >= NEVER_DUE {
        return None;
    }
    let last = due_at.checked_sub(SignedDuration::from_secs(1)).unwrap_or(due_at);
    Some(last.to_zoned_datetime(zone.clone()).strftime("%d.%m.%Y").to_string())
}
