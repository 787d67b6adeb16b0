//! Dates and times as each language writes them, in the zone of the leasing company.

use jiff::ZonedDateTime;

use super::Texts;

const SHORT: [&str; 12] = [
    "month.short.1",
    "month.short.2",
    "month.short.3",
    "month.short.4",
    "month.short.5",
    "month.short.6",
    "month.short.7",
    "month.short.8",
    "month.short.9",
    "month.short.10",
    "month.short.11",
    "month.short.12",
];
const LONG: [&str; 12] = [
    "month.long.1",
    "month.long.2",
    "month.long.3",
    "month.long.4",
    "month.long.5",
    "month.long.6",
    "month.long.7",
    "month.long.8",
    "month.long.9",
    "month.long.10",
    "month.long.11",
    "month.long.12",
];

#[expect(clippy::unused_self, reason = "callers need not know which forms depend on the language")]
impl Texts {
    /// `27 Nov`.
    pub(in crate::http) fn date(self, at: &ZonedDateTime) -> String {
        self.format("date.short", &[("d", &at.day()), ("m", &self.month(&SHORT, at))])
    }

    /// `27 Nov, 13:52`.
    pub(in crate::http) fn moment(self, at: &ZonedDateTime) -> String {
        let (day, month, time) = (at.day(), self.month(&SHORT, at), self.time(at));
        self.format("date.time", &[("d", &day), ("m", &month), ("time", &time)])
    }

    /// `28 November 2026`.
    pub(in crate::http) fn long_date(self, at: &ZonedDateTime) -> String {
        let (day, month, year) = (at.day(), self.month(&LONG, at), at.year());
        self.format("date.long", &[("d", &day), ("m", &month), ("y", &year)])
    }

    /// `12.10.2026`, the same in every language.
    pub(in crate::http) fn numeric_date(self, at: &ZonedDateTime) -> String {
        at.strftime("%d.%m.%Y").to_string()
    }

    /// `26.11 18:04`, for tables.
    pub(in crate::http) fn table_time(self, at: &ZonedDateTime) -> String {
        at.strftime("%d.%m %H:%M").to_string()
    }

    /// `13:52`.
    pub(in crate::http) fn time(self, at: &ZonedDateTime) -> String {
        at.strftime("%H:%M").to_string()
    }

    fn month(self, names: &[&'static str; 12], at: &ZonedDateTime) -> &'static str {
        let index = usize::try_from(at.month() - 1).unwrap_or_default();
        names.get(index).map_or("", |key| self.get(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::texts::Language::{English, Kazakh, Russian};

    #[test]
    fn each_language_has_its_months() {
        let at: ZonedDateTime = "2026-11-27T13:52+05:00[Asia/Almaty]".parse().unwrap();
        let shown = |language| {
            let texts = Texts::new(language);
            (texts.moment(&at), texts.long_date(&at))
        };
        assert_eq!(shown(English), ("27 Nov, 13:52".into(), "27 November 2026".into()));
        assert_eq!(shown(Russian), ("27 нояб., 13:52".into(), "27 ноября 2026".into()));
        assert_eq!(shown(Kazakh), ("27 қар., 13:52".into(), "2026 ж. 27 қараша".into()));
        assert_eq!(Texts::new(Russian).table_time(&at), "27.11 13:52");
    }
}
