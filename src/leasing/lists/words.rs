//! The Russian words of lists, all in one place, and dates in them.

use jiff::tz::TimeZone;
use jiff::{Timestamp, ZonedDateTime};
use serde::Serialize;
use utoipa::ToSchema;

use crate::model::{ReportStatus, Role};

/// The months as they stand in dates (Q31).
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

/// What a state is called.
pub(super) const fn status_title(status: ReportStatus) -> &'static str {
    match status {
        ReportStatus::Submit => "Сдать Отчет",
        ReportStatus::Submitted => "Отправлено",
        ReportStatus::Accepted => "Одобрено",
        ReportStatus::Rejected => "Отказано",
    }
}

/// What a person is called.
#[must_use]
pub const fn user_type(role: Role) -> &'static str {
    match role {
        Role::Admin => "Директор",
        Role::Employee => "Сотрудник",
        Role::Reviewer => "Проверяющий",
    }
}

/// The states that can be chosen, by their codes.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct StatusChoices {
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

/// The ranges that can be chosen, by their codes.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct RangeChoices {
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

/// The states that can be chosen.
pub const STATUS_CHOICES: StatusChoices = StatusChoices {
    submit: status_title(ReportStatus::Submit),
    submitted: status_title(ReportStatus::Submitted),
    accepted: status_title(ReportStatus::Accepted),
    rejected: status_title(ReportStatus::Rejected),
};

/// The ranges that can be chosen.
pub const RANGE_CHOICES: RangeChoices =
    RangeChoices {
        week: "Неделя", month: "Месяц", half_year: "Полгода", year: "Год"
    };

/// `03 марта 2022`; empty for no date (Q31).
pub(super) fn rendered(at: Option<Timestamp>, zone: &TimeZone) -> String {
    let Some(day) = local(at, zone) else { return String::new() };
    let month = usize::from(day.month().unsigned_abs()).saturating_sub(1);
    let month = MONTHS.get(month).copied().unwrap_or_default();
    format!("{:02} {month} {}", day.day(), day.year())
}

/// `2022-03-03T00:00:00`, on the clocks of `zone` (Q13); empty for no date.
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
    fn every_month_is_written_as_in_a_date() {
        let zone = TimeZone::get("Asia/Almaty").unwrap();
        let months = (1..=12).map(|month| {
            let at: Timestamp = format!("2026-{month:02}-03T00:00:00+05:00").parse().unwrap();
            rendered(Some(at), &zone)
        });
        let expected = MONTHS.map(|month| format!("03 {month} 2026"));
        assert_eq!(months.collect::<Vec<_>>(), expected);
        assert_eq!(rendered(None, &zone), "");
    }

    /// Q13: Almaty was six hours ahead until March 2024, and is five since.
    #[test]
    fn days_are_those_of_the_business_zone() {
        let zone = TimeZone::get("Asia/Almaty").unwrap();
        let at = |text: &str| Some(text.parse().unwrap());
        assert_eq!(date_time(at("2022-03-02T18:00:00Z"), &zone), "2022-03-03T00:00:00");
        assert_eq!(rendered(at("2022-03-02T18:00:00Z"), &zone), "03 марта 2022");
        assert_eq!(date_time(at("2026-03-02T19:00:00Z"), &zone), "2026-03-03T00:00:00");
        assert_eq!(date_time(None, &zone), "");
    }
}
