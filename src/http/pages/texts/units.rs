//! Durations, sizes and distances with their units.

use jiff::SignedDuration;

use super::Texts;
use crate::model::texts::{Language, duration, megabytes};

const SECONDS_OF_DAY: u64 = 86_400;

#[expect(clippy::unused_self, reason = "callers need not know which forms depend on the language")]
impl Texts {
    /// A duration with at most two units.
    pub(in crate::http) fn duration(self, length: SignedDuration) -> String {
        let seconds = length.as_secs().unsigned_abs();
        if seconds < 60 {
            return duration(self.language, SignedDuration::from_secs(seconds.cast_signed()));
        }
        if seconds < SECONDS_OF_DAY {
            let minutes = SignedDuration::from_mins((seconds / 60).cast_signed());
            return duration(self.language, minutes);
        }
        self.count("unit.days", seconds / SECONDS_OF_DAY)
    }

    /// A distance in metres: `740 m`, `12.3 km`.
    pub(in crate::http) fn distance(self, metres: f64) -> String {
        if metres < 1_000.0 {
            return self.with("unit.m", "n", format!("{metres:.0}"));
        }
        let decimals = usize::from(metres < 100_000.0);
        let kilometres = format!("{:.decimals$}", metres / 1_000.0);
        self.with("unit.km", "n", self.decimal(kilometres))
    }

    /// A size in megabytes: `38.4 MB`.
    pub(in crate::http) fn size(self, bytes: u64) -> String {
        self.with("unit.mb", "n", megabytes(self.language, bytes))
    }

    /// A position in a video: `1:42`.
    pub(in crate::http) fn clock(self, milliseconds: u64) -> String {
        let seconds = milliseconds / 1_000;
        format!("{}:{:02}", seconds / 60, seconds % 60)
    }

    /// A number with separators between thousands: a comma in English, else a no-break space.
    pub(in crate::http) fn number(self, n: u64) -> String {
        let digits = n.to_string();
        let groups: Vec<_> = digits.as_bytes().rchunks(3).rev().collect();
        let groups = groups.into_iter().map(String::from_utf8_lossy);
        let separator = if self.language == Language::English { "," } else { "\u{a0}" };
        groups.collect::<Vec<_>>().join(separator)
    }

    fn decimal(self, number: String) -> String {
        if self.language == Language::English { number } else { number.replace('.', ",") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        text.replace('\u{a0}', "_")
    }

    #[test]
    fn distances_and_sizes_have_units() {
        let texts = Texts::new(Language::Russian);
        assert_eq!(plain(&texts.distance(739.6)), "740_м");
        assert_eq!(plain(&texts.distance(12_340.0)), "12,3_км");
        assert_eq!(plain(&texts.distance(1_234_000.0)), "1234_км");
        assert_eq!(plain(&texts.size(40_265_319)), "38,4_МБ");
        assert_eq!(texts.clock(102_400), "1:42");
        assert_eq!(plain(&texts.number(18_340)), "18_340");
        assert_eq!(Texts::new(Language::English).number(1_000_000), "1,000,000");
    }

    #[test]
    fn a_duration_has_at_most_two_units() {
        let shown = |seconds| {
            plain(&Texts::new(Language::Russian).duration(SignedDuration::from_secs(seconds)))
        };
        assert_eq!(shown(11_405), "3_ч 10_мин");
        assert_eq!(shown(-30), "30_с");
        assert_eq!(shown(86_400 * 3 + 5), "3 дня");
    }
}
