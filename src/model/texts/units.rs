//! Times and sizes in the units that people use.

use jiff::SignedDuration;

use super::language::Language;
use super::table::text;

const MIB: u64 = 1024 * 1024;

/// A length of time with at most two units: `0.4 s`, `1 min 30 s`, `2 h 5 min`.
pub fn duration(language: Language, duration: SignedDuration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(0);
    let seconds = millis / 1000;
    let (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let [h, min, s] = [text!("unit.hours"), text!("unit.minutes"), text!("unit.seconds")];
    let [larger, smaller] = match (hours, minutes) {
        (0, 0) => return s.format(language, &[("n", &tenths(language, millis, 1000))]),
        (0, _) => [(min, minutes), (s, rest)],
        _ => [(h, hours), (min, minutes)],
    };
    let shown = [larger, smaller].into_iter().filter(|(_, n)| *n > 0);
    shown.map(|(unit, n)| unit.format(language, &[("n", &n)])).collect::<Vec<_>>().join(" ")
}

/// A number of bytes in MiB, which people call MB. Rounded down, so that a stated limit is not above the
/// real one. A size above 0 is never shown as 0.
pub fn megabytes(language: Language, bytes: u64) -> String {
    if (1..MIB / 10).contains(&bytes) {
        let hundredths = (bytes * 100 / MIB).max(1);
        return format!("0{}{hundredths:02}", point(language));
    }
    tenths(language, bytes, MIB)
}

/// `number` / `divisor` with one decimal, left out when it is zero.
fn tenths(language: Language, number: u64, divisor: u64) -> String {
    let (whole, tenth) = (number / divisor, number % divisor * 10 / divisor);
    if tenth == 0 { whole.to_string() } else { format!("{whole}{}{tenth}", point(language)) }
}

fn point(language: Language) -> char {
    if language == Language::English { '.' } else { ',' }
}

#[cfg(test)]
mod tests {
    use super::Language::{self, English, Kazakh, Russian};
    use super::*;

    #[test]
    fn durations_have_at_most_two_units() {
        // The space between a number and its unit does not break; `_` stands for it here.
        let shown = |language, millis| {
            duration(language, SignedDuration::from_millis(millis)).replace('\u{a0}', "_")
        };
        let english = [0, 400, 1000, 59_999, 60_000, 90_000, 1_800_000, 7_500_000]
            .map(|millis| shown(English, millis));
        let expected =
            ["0_s", "0.4_s", "1_s", "59.9_s", "1_min", "1_min 30_s", "30_min", "2_h 5_min"];
        assert_eq!(english, expected);
        assert_eq!(shown(Russian, 400), "0,4_с");
        assert_eq!(shown(Kazakh, 7_500_000), "2_сағ 5_мин");
        assert_eq!(shown(Russian, -1), "0_с");
    }

    #[test]
    fn sizes_are_whole_megabytes_where_they_can_be() {
        let shown = |bytes| megabytes(Language::Russian, bytes);
        assert_eq!(shown(64 * MIB), "64");
        assert_eq!(shown(MIB * 3 / 2), "1,5");
        assert_eq!(shown(u64::MAX), "17592186044415,9");
        let small = [0, 1, 14_000, 100_000, 104_900].map(shown);
        assert_eq!(small, ["0", "0,01", "0,01", "0,09", "0,1"]);
    }
}
