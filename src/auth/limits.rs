//! Rate limits of code requests and guesses: pure rules over the counts of the database.
//!
//! Guesses are limited hard: 25 wrong ones a day for a BIN, over all devices that are unknown there, are
//! one chance in 400 of a right one. Beyond that nobody is locked out, since that would let a stranger
//! lock out a whole company. An unknown device must be confirmed, by the link in the mail or by a
//! director. Without links, because `http.public_url` is not set, it may get one code an hour, which its
//! first wrong guess uses up.
//!
//! A device that has had a session in the company, or is confirmed, is limited by its own codes and wrong
//! guesses alone, so requests from invented devices do not affect it. Its shorter wait reveals the BIN only
//! to a client that already knows such a device id; to others all BINs behave alike.

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::database::{
    Count, CountingWindows, DayOfRequests, GuessDecision, GuessTraffic, LimitDecision,
    RecentRequests,
};
use crate::model::GuessRule;

/// The window for requests from one address or network, and between two codes with a single guess.
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Keeps the factor of the gap within an `i32`.
const MAX_DOUBLINGS: u64 = 30;

/// `[auth.limits]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Codes for one BIN and device within `per_device_over`.
    pub per_device: u64,
    /// At most a day.
    pub per_device_over: SignedDuration,
    /// Codes per hour for unknown devices at one network address.
    pub per_address: u64,
    /// Codes per hour for unknown devices in one network.
    pub per_network: u64,
    /// Codes per day for one BIN before they become slower.
    pub per_company: u64,
    /// Wrong guesses per day for one BIN before unknown devices must be confirmed.
    pub wrong_per_company: u64,
    /// Wrong guesses that block a code.
    pub wrong_per_code: u32,
    /// The first gap between two codes beyond `per_company`; it doubles.
    pub slow_at_first: SignedDuration,
    /// The longest gap between two codes.
    pub slow_at_most: SignedDuration,
}

impl Limits {
    pub(super) const fn windows(&self) -> CountingWindows {
        CountingWindows { device: self.per_device_over, origin: HOUR }
    }

    /// Decides about a request for a code. `has_links`: mails can contain a link that confirms a device.
    pub(super) fn decide_request(
        &self,
        recent: &RecentRequests,
        has_links: bool,
        now: Timestamp,
    ) -> LimitDecision {
        let day = if recent.is_known { &recent.own } else { &recent.unknown };
        let guess_rule = self.guess_rule(day.wrong, recent.is_known, has_links);
        let of_origin = |count: Count, limit| {
            (!recent.is_known && count.made >= limit).then(|| count.since + HOUR)
        };
        let ends = [
            (recent.of_device.made >= self.per_device)
                .then(|| recent.of_device.since + self.per_device_over),
            of_origin(recent.of_address, self.per_address),
            of_origin(recent.of_network, self.per_network),
            (guess_rule == GuessRule::SingleGuess).then(|| day.latest_single + HOUR),
            self.slow_gap(day).map(|gap| day.latest_nearby + gap),
        ];
        let wait = ends.into_iter().flatten().max().filter(|end| *end > now);
        let wait = wait.map(|end| end.duration_since(now));
        LimitDecision { wait, warning: self.warning(&recent.unknown), guess_rule }
    }

    /// Decides about a guess, before it is known whether it is right.
    pub(super) fn decide_guess(&self, traffic: &GuessTraffic, has_links: bool) -> GuessDecision {
        let GuessTraffic { wrong, is_known, guess_rule } = *traffic;
        match (self.guess_rule(wrong, is_known, has_links), guess_rule) {
            (_, GuessRule::SingleGuess) => GuessDecision::Allowed { most_wrong: 1 },
            (GuessRule::Usual, _) => GuessDecision::Allowed { most_wrong: self.wrong_per_code },
            (GuessRule::ConfirmedDevice, _) => GuessDecision::Unconfirmed,
            // The code was issued before the daily limit was reached.
            (GuessRule::SingleGuess, _) => GuessDecision::Refused,
        }
    }

    fn guess_rule(&self, wrong: u64, is_known: bool, has_links: bool) -> GuessRule {
        match (wrong >= self.wrong_per_company, is_known) {
            (false, _) => GuessRule::Usual,
            (true, false) if has_links => GuessRule::ConfirmedDevice,
            (true, _) => GuessRule::SingleGuess,
        }
    }

    /// The required gap after the last code that was requested from the same network, once the daily
    /// number of codes is spent. It grows with the codes of that network only, so that a stranger does not
    /// slow down others.
    fn slow_gap(&self, day: &DayOfRequests) -> Option<SignedDuration> {
        let over = day.made.checked_sub(self.per_company)?.min(day.nearby).min(MAX_DOUBLINGS);
        let gap = self.slow_at_first.checked_mul(1 << over);
        Some(gap.unwrap_or(self.slow_at_most).min(self.slow_at_most))
    }

    fn warning(&self, unknown: &DayOfRequests) -> Option<&'static str> {
        if unknown.wrong >= self.wrong_per_company {
            return Some("wrong_codes");
        }
        (unknown.made >= self.per_company).then_some("many_codes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> Limits {
        Limits {
            per_device: 3,
            per_device_over: SignedDuration::from_mins(10),
            per_address: 500,
            per_network: 2_000,
            per_company: 20,
            wrong_per_company: 25,
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
            of_device: Count::default(),
            of_address: Count::default(),
            of_network: Count::default(),
            unknown: DayOfRequests::default(),
            own: DayOfRequests::default(),
            is_known: false,
        }
    }

    fn wait_of(recent: &RecentRequests) -> Option<i64> {
        limits().decide_request(recent, true, now()).wait.map(|wait| wait.as_mins())
    }

    #[test]
    fn no_wait_within_the_limits() {
        let unknown = DayOfRequests { made: 19, wrong: 24, ..Default::default() };
        let of_address = Count { made: 499, since: ago(1) };
        let recent = RecentRequests { of_address, unknown, ..quiet() };
        let allowed = LimitDecision { wait: None, warning: None, guess_rule: GuessRule::Usual };
        assert_eq!(limits().decide_request(&recent, true, now()), allowed);
    }

    #[test]
    fn gives_the_longest_wait() {
        let recent = RecentRequests { of_device: Count { made: 3, since: ago(4) }, ..quiet() };
        assert_eq!(wait_of(&recent), Some(6));
        let recent = RecentRequests { of_address: Count { made: 500, since: ago(20) }, ..recent };
        assert_eq!(wait_of(&recent), Some(40));
        let of_network = Count { made: 2_000, since: ago(10) };
        assert_eq!(wait_of(&RecentRequests { of_network, ..recent }), Some(50));
        assert_eq!(wait_of(&RecentRequests { of_network, is_known: true, ..recent }), Some(6));
    }

    #[test]
    fn the_gap_doubles_beyond_the_daily_budget() {
        for (made, gap) in [(20, 5), (21, 10), (22, 20), (23, 40), (24, 60), (1_000, 60)] {
            let day = DayOfRequests { made, nearby: made, ..Default::default() };
            let at = |latest_nearby| RecentRequests {
                unknown: DayOfRequests { latest_nearby, ..day },
                ..quiet()
            };
            assert_eq!(wait_of(&at(now())), Some(gap), "{made}");
            assert_eq!(wait_of(&at(ago(gap))), None, "{made}");
        }
    }

    #[test]
    fn strangers_do_not_slow_down_other_networks() {
        let unknown = DayOfRequests { made: 1_000, ..Default::default() };
        assert_eq!(wait_of(&RecentRequests { unknown, ..quiet() }), None);
        let unknown = DayOfRequests { nearby: 1, latest_nearby: now(), ..unknown };
        assert_eq!(wait_of(&RecentRequests { unknown, ..quiet() }), Some(10));
    }

    #[test]
    fn a_known_device_is_limited_by_its_own_codes_only() {
        let unknown = DayOfRequests {
            made: 1_000,
            wrong: 1_000,
            nearby: 1_000,
            latest_nearby: now(),
            latest_single: now(),
        };
        let own = DayOfRequests { made: 3, wrong: 4, nearby: 3, latest_nearby: now(), ..unknown };
        let recent = RecentRequests { unknown, own, is_known: true, ..quiet() };
        let decision = limits().decide_request(&recent, true, now());
        let allowed = LimitDecision {
            wait: None,
            warning: Some("wrong_codes"),
            guess_rule: GuessRule::Usual,
        };
        assert_eq!(decision, allowed);
        // Knowing a device id of the company gives no additional guesses.
        let own = DayOfRequests { wrong: 25, latest_single: ago(20), ..own };
        let recent = RecentRequests { own, ..recent };
        assert_eq!(wait_of(&recent), Some(40));
        assert_eq!(
            limits().decide_request(&recent, true, now()).guess_rule,
            GuessRule::SingleGuess
        );
    }

    #[test]
    fn wrong_guesses_require_a_confirmation_or_slow_down_the_codes() {
        let spent = DayOfRequests { wrong: 25, latest_single: ago(59), ..Default::default() };
        let recent = RecentRequests { unknown: spent, ..quiet() };
        let confirm = LimitDecision {
            wait: None,
            warning: Some("wrong_codes"),
            guess_rule: GuessRule::ConfirmedDevice,
        };
        assert_eq!(limits().decide_request(&recent, true, now()), confirm);
        let single = limits().decide_request(&recent, false, now());
        assert_eq!(single.guess_rule, GuessRule::SingleGuess);
        assert_eq!(single.wait, Some(SignedDuration::from_mins(1)));
    }

    #[test]
    fn a_guess_beyond_the_budget_needs_a_confirmed_device_or_a_single_code() {
        let decision = |wrong, is_known, guess_rule, has_links| {
            limits().decide_guess(&GuessTraffic { wrong, is_known, guess_rule }, has_links)
        };
        let allowed = |most_wrong| GuessDecision::Allowed { most_wrong };
        assert_eq!(decision(24, false, GuessRule::Usual, true), allowed(5));
        assert_eq!(decision(25, false, GuessRule::Usual, true), GuessDecision::Unconfirmed);
        assert_eq!(decision(24, true, GuessRule::ConfirmedDevice, true), allowed(5));
        assert_eq!(decision(25, false, GuessRule::Usual, false), GuessDecision::Refused);
        assert_eq!(decision(99, false, GuessRule::SingleGuess, false), allowed(1));
        assert_eq!(decision(25, true, GuessRule::Usual, true), GuessDecision::Refused);
    }
}
