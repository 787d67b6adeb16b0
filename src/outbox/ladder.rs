//! When to try again: a ladder for each channel.

use jiff::{SignedDuration, Timestamp};

use crate::database::Channel;

/// The report service, as Standard Webhooks has it: ten tries in 75.6 hours.
const WEBHOOK: [SignedDuration; 9] = [
    SignedDuration::from_secs(5),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(5),
    SignedDuration::from_hours(10),
    SignedDuration::from_hours(14),
    SignedDuration::from_hours(20),
    SignedDuration::from_hours(24),
];

/// Mail: somebody waits for a code that lives ten minutes, so the first tries are close together;
/// a letter that lives longer has the hours after that.
const MAIL: [SignedDuration; 20] = [
    SignedDuration::from_secs(2),
    SignedDuration::from_secs(5),
    SignedDuration::from_secs(15),
    SignedDuration::from_secs(30),
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(10),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(5),
    SignedDuration::from_hours(10),
];

/// Phones: FCM asks for at least ten seconds, and for growing waits; after half a day the list in
/// the app has said it anyway.
const PUSH: [SignedDuration; 9] = [
    SignedDuration::from_secs(10),
    SignedDuration::from_secs(30),
    SignedDuration::from_mins(2),
    SignedDuration::from_mins(10),
    SignedDuration::from_mins(30),
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(2),
    SignedDuration::from_hours(4),
    SignedDuration::from_hours(4),
];

/// The waits after the first, second, … failed try.
const fn waits(channel: Channel) -> &'static [SignedDuration] {
    match channel {
        Channel::Webhook => &WEBHOOK,
        Channel::Mail => &MAIL,
        Channel::Push => &PUSH,
    }
}

/// How far a wait is spread to either side, so that many messages do not come back together.
const JITTER: f64 = 0.1;

/// A receiver may always ask for this much.
const ALWAYS_GRANTED: SignedDuration = SignedDuration::from_hours(1);

/// When to try again after `failed` tries have failed (1 after the first), or `None` when the
/// ladder is at its end. A receiver that asks for a longer wait gets it, up to twice ours or an
/// hour, whichever is more; one that asks for a shorter wait does not, or it would use up the
/// ladder. `fraction` in `0.0..1.0` spreads the wait.
#[must_use]
pub fn next_try(
    channel: Channel,
    failed: u64,
    now: Timestamp,
    retry_after: Option<SignedDuration>,
    fraction: f64,
) -> Option<Timestamp> {
    let step = usize::try_from(failed.checked_sub(1)?).ok()?;
    let ours = *waits(channel).get(step)?;
    let most = (ours * 2).max(ALWAYS_GRANTED);
    let asked = retry_after.unwrap_or(SignedDuration::ZERO).min(most);
    now.checked_add(spread(ours, fraction).max(asked)).ok()
}

/// `wait` ± 10 %.
fn spread(wait: SignedDuration, fraction: f64) -> SignedDuration {
    wait.mul_f64(1.0 - JITTER + 2.0 * JITTER * fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn wait(failed: u64, asked: Option<i64>, fraction: f64) -> Option<i64> {
        let asked = asked.map(SignedDuration::from_secs);
        next_try(Channel::Webhook, failed, NOW, asked, fraction).map(Timestamp::as_second)
    }

    #[test]
    fn the_ladder_has_ten_rungs_in_three_days() {
        let waits: Vec<i64> = (1..=9).map(|failed| wait(failed, None, 0.5).unwrap()).collect();
        assert_eq!(waits, [5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);
        assert_eq!(wait(10, None, 0.5), None);
        assert_eq!(wait(u64::MAX, None, 0.5), None);
    }

    #[test]
    fn waits_are_spread_by_a_tenth() {
        assert_eq!(wait(2, None, 0.0), Some(270));
        assert_eq!(wait(2, None, 0.999_999).unwrap(), 329);
    }

    #[test]
    fn a_receiver_may_ask_for_longer_but_not_for_ever_or_shorter() {
        assert_eq!(wait(1, Some(120), 0.5), Some(120));
        assert_eq!(wait(1, Some(86_400), 0.5), Some(3_600));
        assert_eq!(wait(5, Some(1), 0.5), Some(18_000));
        assert_eq!(wait(5, Some(i64::MAX), 0.5), Some(36_000));
        assert_eq!(wait(10, Some(1), 0.5), None);
    }

    /// When the tries of a channel that never succeeds are made, in seconds after the first.
    fn tries(channel: Channel, fraction: f64) -> Vec<i64> {
        let mut at = vec![NOW];
        while let Some(next) = next_try(channel, at.len() as u64, at[at.len() - 1], None, fraction)
        {
            at.push(next);
        }
        at.into_iter().map(Timestamp::as_second).collect()
    }

    #[test]
    fn a_code_is_tried_every_minute_of_its_life() {
        for fraction in [0.0, 0.5, 0.999_999] {
            let tries = tries(Channel::Mail, fraction);
            let within: Vec<&i64> = tries.iter().filter(|at| **at < 600).collect();
            assert!(within.len() >= 12, "{tries:?}");
            assert!(tries.windows(2).all(|pair| pair[0] >= 600 || pair[1] - pair[0] <= 66));
        }
        assert_eq!(&tries(Channel::Mail, 0.5)[..6], [0, 2, 7, 22, 52, 112]);
    }

    #[test]
    fn a_phone_is_told_within_half_a_day_or_not_at_all() {
        let tries = tries(Channel::Push, 0.5);
        assert_eq!(tries.len(), 10);
        assert!((40_000..50_000).contains(&tries[9]), "{tries:?}");
    }
}
