//! When a failed attempt is retried.

use jiff::{SignedDuration, Timestamp};

use crate::model::Channel;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// The schedule of Standard Webhooks: ten attempts in 75.6 hours.
const WEBHOOK: [i64; 9] =
    [5, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR];

/// At least every minute at first, because a person waits for a code that expires after ten minutes.
/// Other mails are retried for hours after that.
const MAIL: [i64; 20] = [
    2,
    5,
    15,
    30,
    MINUTE,
    MINUTE,
    MINUTE,
    MINUTE,
    MINUTE,
    MINUTE,
    MINUTE,
    MINUTE,
    MINUTE,
    MINUTE,
    MINUTE,
    10 * MINUTE,
    30 * MINUTE,
    2 * HOUR,
    5 * HOUR,
    10 * HOUR,
];

/// FCM asks for at least ten seconds and for growing delays. After half a day the person has seen the
/// state in the app.
const PUSH: [i64; 9] =
    [10, 30, 2 * MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 2 * HOUR, 4 * HOUR, 4 * HOUR];

/// Fraction by which a delay is spread to either side, so that retries of many messages do not
/// coincide.
const JITTER: f64 = 0.1;

/// A receiver may always ask for a delay of this length.
const MIN_RETRY_AFTER_LIMIT: SignedDuration = SignedDuration::from_hours(1);

/// The delays after the first, second, … failed attempt, in seconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct RetrySchedule(&'static [i64]);

impl RetrySchedule {
    pub(super) const fn of(channel: Channel) -> Self {
        Self(match channel {
            Channel::Webhook => &WEBHOOK,
            Channel::Mail => &MAIL,
            Channel::Push => &PUSH,
        })
    }

    /// When to retry after `failed` attempts (1 after the first), or `None` after the last one. A longer
    /// `retry_after` is honoured up to twice our delay or an hour, whichever is more; a shorter one is
    /// ignored, because it would use up the schedule too fast. `fraction` in `0.0..1.0` is the jitter.
    pub(super) fn next_attempt(
        self,
        failed: u64,
        now: Timestamp,
        retry_after: Option<SignedDuration>,
        fraction: f64,
    ) -> Option<Timestamp> {
        let index = usize::try_from(failed.checked_sub(1)?).ok()?;
        let delay = SignedDuration::from_secs(*self.0.get(index)?);
        let limit = (delay * 2).max(MIN_RETRY_AFTER_LIMIT);
        let requested = retry_after.unwrap_or(SignedDuration::ZERO).min(limit);
        let spread = delay.mul_f64(1.0 - JITTER + 2.0 * JITTER * fraction);
        now.checked_add(spread.max(requested)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn delay(failed: u64, retry_after: Option<i64>, fraction: f64) -> Option<i64> {
        let retry_after = retry_after.map(SignedDuration::from_secs);
        let schedule = RetrySchedule::of(Channel::Webhook);
        schedule.next_attempt(failed, NOW, retry_after, fraction).map(Timestamp::as_second)
    }

    #[test]
    fn a_webhook_has_ten_attempts_in_three_days() {
        let delays: Vec<i64> = (1..=9).map(|failed| delay(failed, None, 0.5).unwrap()).collect();
        assert_eq!(delays, [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);
        assert_eq!(delay(10, None, 0.5), None);
        assert_eq!(delay(u64::MAX, None, 0.5), None);
    }

    #[test]
    fn jitter_spreads_a_delay_by_a_tenth() {
        assert_eq!(delay(2, None, 0.0), Some(270));
        assert_eq!(delay(2, None, 0.999_999).unwrap(), 329);
    }

    #[test]
    fn retry_after_lengthens_a_delay_within_limits() {
        assert_eq!(delay(1, Some(120), 0.5), Some(120));
        assert_eq!(delay(1, Some(86_400), 0.5), Some(3_600));
        assert_eq!(delay(5, Some(1), 0.5), Some(18_000));
        assert_eq!(delay(5, Some(i64::MAX), 0.5), Some(36_000));
        assert_eq!(delay(10, Some(1), 0.5), None);
    }

    /// The attempts of a channel that never succeeds, in seconds after the first.
    fn attempts(channel: Channel, fraction: f64) -> Vec<i64> {
        let schedule = RetrySchedule::of(channel);
        let mut at = vec![NOW];
        while let Some(next) =
            schedule.next_attempt(at.len() as u64, at[at.len() - 1], None, fraction)
        {
            at.push(next);
        }
        at.into_iter().map(Timestamp::as_second).collect()
    }

    #[test]
    fn a_code_is_attempted_every_minute_of_its_life() {
        for fraction in [0.0, 0.5, 0.999_999] {
            let attempts = attempts(Channel::Mail, fraction);
            let within: Vec<&i64> = attempts.iter().filter(|at| **at < 600).collect();
            assert!(within.len() >= 12, "{attempts:?}");
            assert!(attempts.windows(2).all(|pair| pair[0] >= 600 || pair[1] - pair[0] <= 66));
        }
        assert_eq!(&attempts(Channel::Mail, 0.5)[..6], [0, 2, 7, 22, 52, 112]);
    }

    #[test]
    fn a_push_notification_is_given_up_after_half_a_day() {
        let attempts = attempts(Channel::Push, 0.5);
        assert_eq!(attempts.len(), 10);
        assert!((40_000..50_000).contains(&attempts[9]), "{attempts:?}");
    }
}
