//! The duration of the samples of a track.
//!
//! Writers subtract times that run backwards and store the difference in an unsigned field, so a
//! duration is read as signed. Some also write one absurd duration among honest ones, for example
//! the time since the phone was switched on; it is not the length of the recording.

/// A sample that lasts this long may be absurd.
const LONG_MS: u64 = 60_000;

/// Long samples are absurd if the shortest of them lasts this many times as long as all others
/// together.
const ABSURD_FACTOR: u64 = 10;

/// The durations of samples, summed up; in units of the track.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct SampleDurations {
    /// The sum of those below [`LONG_MS`].
    honest: i64,
    /// The sum of the others, without negative ones.
    long: u64,
    /// The shortest of the others; negative ones count by their amount.
    shortest_long: Option<u64>,
}

impl SampleDurations {
    /// Adds `count` samples of a duration as it is stored.
    pub(crate) fn add(&mut self, count: u64, stored: u32, timescale: u32) {
        let each = stored.cast_signed();
        if count == 0 || milliseconds(each.unsigned_abs().into(), timescale) < LONG_MS {
            let count = i64::try_from(count).unwrap_or(i64::MAX);
            self.honest = self.honest.saturating_add(i64::from(each).saturating_mul(count));
            return;
        }
        let amount = u64::from(each.unsigned_abs());
        self.shortest_long = Some(self.shortest_long.map_or(amount, |least| least.min(amount)));
        if each > 0 {
            self.long = self.long.saturating_add(amount.saturating_mul(count));
        }
    }

    pub(crate) fn add_all(&mut self, other: Self) {
        self.honest = self.honest.saturating_add(other.honest);
        self.long = self.long.saturating_add(other.long);
        let longs = [self.shortest_long, other.shortest_long];
        self.shortest_long = longs.into_iter().flatten().min();
    }

    /// The duration of all samples, without absurd ones.
    pub(crate) fn total(self) -> u64 {
        let honest = u64::try_from(self.honest).unwrap_or(0);
        if self.has_absurd() { honest } else { honest.saturating_add(self.long) }
    }

    /// Whether there are absurd durations among honest ones.
    pub(crate) fn has_absurd(self) -> bool {
        let limit = u64::try_from(self.honest).unwrap_or(0).saturating_mul(ABSURD_FACTOR);
        limit > 0 && self.shortest_long.is_some_and(|shortest| shortest >= limit)
    }
}

/// A duration in milliseconds; 0 with a timescale of 0.
pub(crate) fn milliseconds(duration: u64, timescale: u32) -> u64 {
    let thousandfold = u128::from(duration).saturating_mul(1000);
    let exact = thousandfold.checked_div(u128::from(timescale)).unwrap_or(0);
    u64::try_from(exact).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(samples: &[(u64, u32)]) -> (u64, bool) {
        let mut sum = SampleDurations::default();
        for (count, each) in samples {
            sum.add(*count, *each, 1000);
        }
        (sum.total(), sum.has_absurd())
    }

    #[test]
    fn absurd_durations_do_not_count_and_honest_ones_do() {
        assert_eq!(total(&[(10, 40), (1, 80), (1, u32::MAX - 39)]), (440, false));
        assert_eq!(total(&[(74, 40), (1, 156_000_000)]), (2960, true));
        assert_eq!(total(&[(74, 40), (1, 156_000_000_u32.wrapping_neg())]), (2960, true));
        assert_eq!(total(&[(250, 40), (1, 90_000)]), (100_000, false), "a long pause");
        assert_eq!(total(&[(3, 120_000)]), (360_000, false), "a time lapse");
        assert_eq!(total(&[(1, 40), (2, 0)]), (40, false));
    }
}
