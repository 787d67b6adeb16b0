//! Times and distances in the messages of verdicts.

use jiff::{SignedDuration, Timestamp};

/// The two largest units of a duration, without its sign: `2 d 3 h`, `12 min`, `0 s`.
pub(super) fn duration(span: SignedDuration) -> String {
    let seconds = span.as_secs().unsigned_abs();
    let parts = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "min"),
        (seconds % 60, "s"),
    ];
    let largest = parts.iter().position(|(count, _)| *count > 0).unwrap_or(parts.len() - 1);
    let shown = parts.iter().skip(largest).take(2).filter(|(count, _)| *count > 0 || seconds == 0);
    shown.map(|(count, unit)| format!("{count} {unit}")).collect::<Vec<_>>().join(" ")
}

/// A distance in metres: `850 m`, `12.3 km`, `2930 km`.
pub(super) fn distance(metres: f64) -> String {
    match metres {
        metres if metres < 1_000.0 => format!("{metres:.0} m"),
        metres if metres < 100_000.0 => format!("{:.1} km", metres / 1_000.0),
        metres => format!("{:.0} km", metres / 1_000.0),
    }
}

/// A timestamp to the second, in UTC.
pub(super) fn timestamp(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// Milliseconds as seconds: `12.3 s`.
pub(super) fn seconds(milliseconds: u64) -> String {
    format!("{}.{} s", milliseconds / 1_000, milliseconds % 1_000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_at_most_two_units() {
        let shown = |seconds| duration(SignedDuration::from_secs(seconds));
        assert_eq!(shown(0), "0 s");
        assert_eq!(shown(59), "59 s");
        assert_eq!(shown(-61), "1 min 1 s");
        assert_eq!(shown(7_200), "2 h");
        assert_eq!(shown(86_400 * 3 + 59), "3 d");
        assert_eq!(shown(i64::MIN), "106751991167300 d 15 h");
    }

    #[test]
    fn longer_distances_have_fewer_decimals() {
        assert_eq!([0.4, 849.6].map(distance), ["0 m", "850 m"]);
        assert_eq!([12_345.0, 2_929_900.0].map(distance), ["12.3 km", "2930 km"]);
    }
}
