//! Rate limits of code requests and guesses: pure rules over the counts of the database.
//!
//! With four digits, five guesses per code and twenty codes a day, guessing a code takes three months on
//! average. Beyond the daily budgets nobody is locked out, since that would let a stranger lock out a
//! whole company: codes become slower, down to one an hour, and the company's mailbox gets a warning.
//!
//! A device that has had a session in the company is limited by its own codes and wrong guesses alone, so
//! requests from invented devices do not slow it down. Its shorter wait reveals the BIN only to a client
//! that already knows such a device id; to others all BINs behave alike.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::database::{CountingWindows, DeviceRequests, LimitDecision, RecentRequests};

/// The window for requests from one network.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Keeps the factor of the gap within an `i32`.
const MAX_DOUBLINGS: u32 = 30;

/// `[auth.limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Codes for one BIN and device within `per_device_over`.
    pub per_device: u64,
    /// At most a day.
    pub per_device_over: SignedDuration,
    /// Codes per hour for one network address.
    pub per_address: u64,
    /// Codes per day for one BIN before they become slower.
    pub per_company: u64,
    /// Wrong guesses per day for one BIN before new codes become slower.
    pub wrong_per_company: u64,
    /// Wrong guesses that block a code.
    pub wrong_per_code: u32,
    /// The first gap between two codes beyond a budget; it doubles.
    pub slow_at_first: SignedDuration,
    /// The longest gap between two codes.
    pub slow_at_most: SignedDuration,
}

impl Limits {
    pub(super) const fn windows(&self) -> CountingWindows {
        CountingWindows { device: self.per_device_over, address: HOUR }
    }

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

    /// The required gap after the last code, once a daily budget is spent.
    fn slow_gap(&self, day: &DeviceRequests) -> Option<SignedDuration> {
        let codes = day.made.checked_sub(self.per_company);
        // Wrong guesses beyond the budget count as blocked codes: one for every `wrong_per_code`
        // guesses.
        let wrong = day.wrong.checked_sub(self.wrong_per_company);
        let blocked = wrong.map(|wrong| wrong / u64::from(self.wrong_per_code.max(1)));
        let over = codes.max(blocked)?;
        let doublings = u32::try_from(over).unwrap_or(MAX_DOUBLINGS).min(MAX_DOUBLINGS);
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
    fn no_wait_within_the_limits() {
        let traffic =
            RecentRequests { by_device: 2, by_address: 9, by_company: 19, wrong: 49, ..quiet() };
        assert_eq!(limits().judge(&traffic, now()), LimitDecision { wait: None, warning: None });
    }

    #[test]
    fn gives_the_longest_wait() {
        let traffic = RecentRequests { by_device: 3, device_since: ago(4), ..quiet() };
        assert_eq!(wait_of(traffic), Some(6));
        let traffic = RecentRequests { by_address: 10, address_since: ago(20), ..traffic };
        assert_eq!(wait_of(traffic), Some(40));
    }

    #[test]
    fn the_gap_doubles_beyond_the_daily_budget() {
        for (made, gap) in [(20, 5), (21, 10), (22, 20), (23, 40), (24, 60), (1_000, 60)] {
            let traffic = RecentRequests { by_company: made, latest: now(), ..quiet() };
            assert_eq!(wait_of(traffic), Some(gap), "{made}");
            assert_eq!(wait_of(RecentRequests { latest: ago(gap), ..traffic }), None, "{made}");
        }
    }

    #[test]
    fn a_known_device_is_limited_by_its_own_codes_only() {
        let own = DeviceRequests { made: 3, wrong: 4, latest: now() };
        let traffic =
            RecentRequests { by_company: 1_000, latest: now(), of_known: Some(own), ..quiet() };
        let verdict = limits().judge(&traffic, now());
        assert_eq!(verdict, LimitDecision { wait: None, warning: Some("many_codes") });
        let often = RecentRequests { by_device: 3, device_since: ago(4), ..traffic };
        assert_eq!(wait_of(often), Some(6));
        // Knowing a device id of the company gives no additional guesses.
        let guessing = DeviceRequests { wrong: 55, ..own };
        assert_eq!(wait_of(RecentRequests { of_known: Some(guessing), ..traffic }), Some(10));
    }

    #[test]
    fn wrong_guesses_lengthen_the_gap_and_give_a_warning() {
        let traffic = RecentRequests { wrong: 55, latest: now(), ..quiet() };
        assert_eq!(wait_of(traffic), Some(10));
        assert_eq!(limits().judge(&traffic, now()).warning, Some("wrong_codes"));
        let many = RecentRequests { by_company: 20, ..quiet() };
        assert_eq!(limits().judge(&many, now()).warning, Some("many_codes"));
    }
}
