//! The Russian labels and dates in lists, which the API document prints; they are never translated.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{ReportStatus, Role};

/// In the genitive, as in dates.
const MONTHS: [&str; 12] = [
    "января",
    "февраля",
    "марта",
    "апреля",
    "мая",
    "июня",
    "июля",
    "августа",
    "сентября",
    "октября",
    "ноября",
    "декабря",
];

pub(super) const fn status_title(status: ReportStatus) -> &'static str {
    match status {
        ReportStatus::AwaitingVideo => "Сдать Отчет",
        ReportStatus::Submitted => "Отправлено",
        ReportStatus::Approved => "Одобрено",
        ReportStatus::Rejected => "Отказано",
    }
}

/// `user_type` in a profile.
pub const fn user_type(role: Role) -> &'static str {
    match role {
        Role::Admin => "Директор",
        Role::Employee => "Сотрудник",
        Role::Reviewer => "Проверяющий",
    }
}

/// Titles of the report states, by code.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct StatusLabels {
    #[serde(rename = "1")]
    #[schema(example = "Сдать Отчет")]
    submit: &'static str,
    #[serde(rename = "2")]
    #[schema(example = "Отправлено")]
    submitted: &'static str,
    #[serde(rename = "3")]
    #[schema(example = "Одобрено")]
    accepted: &'static str,
    #[serde(rename = "4")]
    #[schema(example = "Отказано")]
    rejected: &'static str,
}

/// Titles of the date ranges, by code.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct RangeLabels {
    #[serde(rename = "1w")]
    #[schema(example = "Неделя")]
    week: &'static str,
    #[serde(rename = "1m")]
    #[schema(example = "Месяц")]
    month: &'static str,
    #[serde(rename = "6m")]
    #[schema(example = "Полгода")]
    half_year: &'static str,
    #[serde(rename = "1y")]
    #[schema(example = "Год")]
    year: &'static str,
}

pub const STATUS_LABELS: StatusLabels = StatusLabels {
    submit: status_title(ReportStatus::AwaitingVideo),
    submitted: status_title(ReportStatus::Submitted),
    accepted: status_title(ReportStatus::Approved),
    rejected: status_title(ReportStatus::Rejected),
};

pub const RANGE_LABELS: RangeLabels =
    RangeLabels {
        week: "Неделя", month: "Месяц", half_year: "Полгода", year: "Год"
    };

/// `03 марта 2022`; empty for no date.
pub(super) fn date_title(at: Option<Timestamp>, zone: &TimeZone) -> String {
    let Some(day) = local(at, zone) else { return String::new() };
    let month = usize::from(day.month().unsigned_abs()).saturating_sub(1);
    let month = MONTHS.get(month).copied().unwrap_or_default();
    format!("{:02} {month} {}", day.day(), day.year())
}

/// `2022-03-03T00:00:00` in `zone`; empty for no date.
pub(super) fn date_time(at: Option<Timestamp>, zone: &TimeZone) -> String {
    local(at, zone).map(|at| at.strftime("%Y-%m-%dT%H:%M:%S").to_string()).unwrap_or_default()
}

fn local(at: Option<Timestamp>, zone: &TimeZone) -> Option<ZonedDateTime> {
    at.map(|at| at.to_zoned_datetime(zone.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Q31
    #[test]
    fn dates_have_the_month_in_the_genitive() {
        let zone = TimeZone::get("Asia/Almaty").unwrap();
        let months = (1..=12).map(|month| {
            let at: Timestamp = format!("2026-{month:02}-03T00:00:00+05:00").parse().unwrap();
            date_title(Some(at), &zone)
        });
        let expected = MONTHS.map(|month| format!("03 {month} 2026"));
        assert_eq!(months.collect::<Vec<_>>(), expected);
        assert_eq!(date_title(None, &zone), "");
    }

    /// Q13: Almaty was at UTC+6 until March 2024, and is at UTC+5 since.
    #[test]
    fn dates_are_in_the_business_zone() {
        let zone = TimeZone::get("Asia/Almaty").unwrap();
        let at = |text: &str| Some(text.parse().unwrap());
        assert_eq!(date_time(at("2022-03-02T18:00:00Z"), &zone), "2022-03-03T00:00:00");
        assert_eq!(date_title(at("2022-03-02T18:00:00Z"), &zone), "03 марта 2022");
        assert_eq!(date_time(at("2026-03-02T19:00:00Z"), &zone), "2026-03-03T00:00:00");
        assert_eq!(date_time(None, &zone), "");
    }
}
