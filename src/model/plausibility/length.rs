//! How long it is, against what is usual.

use super::words::lasting;
use super::{Earlier, Known, Outcome, PlausibilityConfig, Test, Verdict};

/// The length against the median of the vehicle's earlier videos, or of the company's while the vehicle
/// has too few.
pub(super) fn usual(known: &Known<'_>, limits: &PlausibilityConfig) -> Verdict {
    let test = Test::UsualLength;
    let Some(lasts) = known.facts.duration_ms.filter(|lasts| *lasts > 0) else {
        return Verdict::absent(test, "the file does not say how long it is");
    };
    let past = [(&known.past.vehicle, "vehicle"), (&known.past.company, "company")];
    let mut lengths = past.into_iter().map(|(earlier, whose)| (lengths(earlier), whose));
    let enough = lengths.find(|(lengths, _)| lengths.len() >= limits.usual_from.max(1));
    let Some((mut lengths, whose)) = enough else {
        return Verdict::absent(test, "there are too few earlier videos to say what is usual");
    };
    let usual = median(&mut lengths);
    let (count, lasts_told, usual_told) = (lengths.len(), lasting(lasts), lasting(usual));
    let message = format!(
        "{lasts_told} long; the median of the {whose}'s last {count} videos is {usual_told}"
    );
    let outcome = times_as_long(lasts, usual, limits);
    Verdict::new(test, outcome, message)
}

/// The lengths that are known.
fn lengths(earlier: &[Earlier]) -> Vec<u64> {
    let lengths = earlier.iter().filter_map(|earlier| earlier.duration_ms);
    lengths.filter(|lasts| *lasts > 0).collect()
}

/// The middle one; of two, the shorter. Never empty here.
pub(super) fn median(lengths: &mut [u64]) -> u64 {
    lengths.sort_unstable();
    lengths.get(lengths.len().saturating_sub(1) / 2).copied().unwrap_or(0)
}

/// How many times the longer is as long as the shorter, in whole numbers.
pub(super) fn times_as_long(one: u64, other: u64, limits: &PlausibilityConfig) -> Outcome {
    let (shorter, longer) = (one.min(other), one.max(other));
    let [pass, fail] = [limits.length_pass, limits.length_fail]
        .map(|times| shorter.saturating_mul(u64::from(times)));
    Outcome::of(&longer, &pass, &fail)
}
