//! How often codes may be asked for and guessed (S3, S4): pure rules over what the database counted.
//!
//! With four digits, five guesses and twenty codes a day, guessing one takes three months on average.
//! Beyond the budgets of a day nobody is locked out, which would be a lever to lock out a whole
//! company: codes come slower, down to one an hour, and the company's mailbox is warned. Nor does a
//! stranger who makes up devices slow down those of the company: a device that has had a session there
//! is measured by its own codes and wrong guesses alone. That it waits for less tells who knows such a
//! device that it is known; to anybody else all BINs look alike (S1).

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::database::{CountingWindows, DeviceRequests, LimitDecision, RecentRequests};

/// Over how long requests from one network are counted.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Doubling a gap more often than this leads beyond any time there is.
const MOST_DOUBLINGS: u32 = 30;

/// `[auth.limits]`: how often codes may be asked for and guessed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Codes for one BIN and device within `per_device_over`.
    pub per_device: u64,
    /// Over how long `per_device` is counted; at most a day.
    pub per_device_over: SignedDuration,
    /// Codes an hour for one network address.
    pub per_address: u64,
    /// Codes a day for one BIN before they come slower.
    pub per_company: u64,
    /// Wrong codes a day for one BIN before new ones come slower.
    pub wrong_per_company: u64,
    /// Wrong codes that burn a code.
    pub wrong_per_code: u32,
    /// The gap between two codes at first when they come slower; it doubles.
    pub slow_at_first: SignedDuration,
    /// The longest gap.
    pub slow_at_most: SignedDuration,
}

impl Limits {
    /// Over how long requests are counted.
    pub(super) const fn windows(&self) -> CountingWindows {
        CountingWindows { device: self.per_device_over, address: HOUR }
    }

    /// Whether a code may be made now.
    pub(super) fn judge(&self, traffic: &RecentRequests, now: Timestamp) -> LimitDecision {
        let day = DeviceRequests {
            made: traffic.by_company,
            wrong: traffic.wrong,
            latest: traffic.latest,
        };
        let own = traffic.of_known.unwrap_or(day);
        let ends = [
            (traffic.by_device >= self.per_device)
                .then(|| traffic.device_since + self.per_device_over),
            (traffic.by_address >= self.per_address).then(|| traffic.address_since + HOUR),
            self.slow_gap(&own).map(|gap| own.latest + gap),
        ];
        let wait = ends.into_iter().flatten().max().filter(|end| *end > now);
        LimitDecision {
            wait: wait.map(|end| end.duration_since(now)),
            warning: self.slow_gap(&day).map(|_| self.reason(traffic)),
        }
    }

    /// The gap since the last code, once a budget of the day is spent.
    fn slow_gap(&self, day: &DeviceRequests) -> Option<SignedDuration> {
        let codes = day.made.checked_sub(self.per_company);
        // Each further code that was guessed at until it burned counts once.
        let wrong = day.wrong.checked_sub(self.wrong_per_company);
        let burned = wrong.map(|wrong| wrong / u64::from(self.wrong_per_code.max(1)));
        let over = codes.max(burned)?;
        let doublings = u32::try_from(over).unwrap_or(MOST_DOUBLINGS).min(MOST_DOUBLINGS);
        let gap = self.slow_at_first.checked_mul(1 << doublings);
        Some(gap.unwrap_or(self.slow_at_most).min(self.slow_at_most))
    }

    fn reason(&self, traffic: &RecentRequests) -> &'static str {
        if traffic.wrong >= self.wrong_per_company { "wrong_codes" } else { "many_codes" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            per_device: 3,
            per_device_over: SignedDuration::from_mins(10),
            per_address: 10,
            per_company: 20,
            wrong_per_company: 50,
            wrong_per_code: 5,
            slow_at_first: SignedDuration::from_mins(5),
            slow_at_most: HOUR,
        }
    }

    fn now() -> Timestamp {
        "2026-05-13T05:00:00Z".parse().unwrap()
    }

    fn ago(minutes: i64) -> Timestamp {
        now() - SignedDuration::from_mins(minutes)
    }

    fn quiet() -> RecentRequests {
        RecentRequests {
            by_device: 0,
            device_since: Timestamp::UNIX_EPOCH,
            by_address: 0,
            address_since: Timestamp::UNIX_EPOCH,
            by_company: 0,
            wrong: 0,
            latest: Timestamp::UNIX_EPOCH,
            of_known: None,
        }
    }

    fn wait_of(traffic: RecentRequests) -> Option<i64> {
        limits().judge(&traffic, now()).wait.map(|wait| wait.as_mins())
    }

    #[test]
    fn within_the_limits_nobody_waits() {
        let traffic =
            RecentRequests { by_device: 2, by_address: 9, by_company: 19, wrong: 49, ..quiet() };
        assert_eq!(limits().judge(&traffic, now()), LimitDecision { wait: None, warning: None });
    }

    #[test]
    fn the_longest_wait_is_told() {
        let traffic = RecentRequests { by_device: 3, device_since: ago(4), ..quiet() };
        assert_eq!(wait_of(traffic), Some(6));
        let traffic = RecentRequests { by_address: 10, address_since: ago(20), ..traffic };
        assert_eq!(wait_of(traffic), Some(40));
    }

    #[test]
    fn beyond_the_budget_of_a_day_codes_come_slower_and_slower() {
        for (made, gap) in [(20, 5), (21, 10), (22, 20), (23, 40), (24, 60), (1_000, 60)] {
            let traffic = RecentRequests { by_company: made, latest: now(), ..quiet() };
            assert_eq!(wait_of(traffic), Some(gap), "{made}");
            assert_eq!(wait_of(RecentRequests { latest: ago(gap), ..traffic }), None, "{made}");
        }
    }

    #[test]
    fn a_known_device_waits_for_its_own_codes_only() {
        let own = DeviceRequests { made: 3, wrong: 4, latest: now() };
        let traffic =
            RecentRequests { by_company: 1_000, latest: now(), of_known: Some(own), ..quiet() };
        let verdict = limits().judge(&traffic, now());
        assert_eq!(verdict, LimitDecision { wait: None, warning: Some("many_codes") });
        let often = RecentRequests { by_device: 3, device_since: ago(4), ..traffic };
        assert_eq!(wait_of(often), Some(6));
        // Who knows a device of the company has no more guesses for that.
        let guessing = DeviceRequests { wrong: 55, ..own };
        assert_eq!(wait_of(RecentRequests { of_known: Some(guessing), ..traffic }), Some(10));
    }

    #[test]
    fn wrong_codes_slow_down_too_and_say_so() {
        let traffic = RecentRequests { wrong: 55, latest: now(), ..quiet() };
        assert_eq!(wait_of(traffic), Some(10));
        assert_eq!(limits().judge(&traffic, now()).warning, Some("wrong_codes"));
        let many = RecentRequests { by_company: 20, ..quiet() };
        assert_eq!(limits().judge(&many, now()).warning, Some("many_codes"));
    }
}
