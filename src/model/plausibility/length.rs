//! The duration of the video compared with earlier ones.

use super::config::PlausibilityConfig;
use super::evidence::{EarlierVideo, Evidence};
use super::format;
use super::verdict::{Outcome, PlausibilityTest, Verdict};

/// Compares the duration with the median of the vehicle's earlier videos, or of the company's if the
/// vehicle has too few.
pub(super) fn usual(evidence: &Evidence<'_>, config: &PlausibilityConfig) -> Verdict {
    let test = PlausibilityTest::UsualLength;
    let Some(duration) = evidence.facts.duration_ms.filter(|duration| *duration > 0) else {
        return Verdict::absent(test, "the file does not state its duration");
    };
    let history = [(&evidence.history.vehicle, "vehicle"), (&evidence.history.company, "company")];
    let mut durations = history.into_iter().map(|(earlier, owner)| (durations(earlier), owner));
    let enough = durations.find(|(durations, _)| durations.len() >= config.usual_from.max(1));
    let Some((mut durations, owner)) = enough else {
        return Verdict::absent(test, "there are too few earlier videos to compare with");
    };
    let usual = median(&mut durations);
    let message = format!(
        "{} long; the median of the {owner}'s last {} videos is {}",
        format::seconds(duration),
        durations.len(),
        format::seconds(usual)
    );
    Verdict::new(test, ratio_outcome(duration, usual, config), message)
}

fn durations(earlier: &[EarlierVideo]) -> Vec<u64> {
    let known = earlier.iter().filter_map(|video| video.duration_ms);
    known.filter(|duration| *duration > 0).collect()
}

/// The middle one, or the shorter of the two middle ones.
fn median(durations: &mut [u64]) -> u64 {
    durations.sort_unstable();
    durations.get(durations.len().saturating_sub(1) / 2).copied().unwrap_or(0)
}

/// Compares the ratio of the longer to the shorter duration with the thresholds.
fn ratio_outcome(one: u64, other: u64, config: &PlausibilityConfig) -> Outcome {
    let (shorter, longer) = (one.min(other), one.max(other));
    let [pass, fail] = [config.length_pass, config.length_fail]
        .map(|factor| shorter.saturating_mul(u64::from(factor)));
    Outcome::of(&longer, &pass, &fail)
}
