//! Earlier uses of a video for other reports of the company.
//!
//! An earlier use fails the test while its report still holds the video. It is only a warning once that
//! report was rejected, has another video, or is deleted: so a video that was sent for the wrong report
//! can be sent for the right one.

use super::verdict::{EarlierUse, MAX_LINKS, MatchKind, Outcome, PlausibilityTest, Verdict};
use crate::model::RefKey;

/// `uses` are the earlier uses for other reports of the company, those still held first; more than
/// [`MAX_LINKS`] of them mean that there are more.
pub fn reuse(uses: &[EarlierUse]) -> Verdict {
    let test = PlausibilityTest::Reuse;
    let Some(first) = uses.first() else {
        let message = "not sent for another report of the company before";
        return Verdict::new(test, Outcome::Pass, message);
    };
    let (outcome, state) = if uses.iter().any(|earlier| earlier.held) {
        (Outcome::Fail, "which still has it")
    } else {
        (Outcome::Warn, "which no longer has it")
    };
    let what = match first.same {
        MatchKind::File => "file",
        MatchKind::Media => "recording, in another file,",
    };
    let count = count(uses);
    let message = format!(
        "the same {what} was sent {count} before, for another report of the company, {state}"
    );
    Verdict {
        links: uses.iter().take(MAX_LINKS).copied().collect(),
        ..Verdict::new(test, outcome, message)
    }
}

fn count(uses: &[EarlierUse]) -> String {
    match uses.len() {
        1 => "once".to_owned(),
        count if count <= MAX_LINKS => format!("{count} times"),
        _ => format!("more than {MAX_LINKS} times"),
    }
}

/// The verdicts for a driver: without the reports that the driver may not see, and without their
/// number.
pub fn for_driver(verdicts: Vec<Verdict>, may_see: impl Fn(RefKey) -> bool) -> Vec<Verdict> {
    let hide = |verdict: Verdict| match verdict.test {
        PlausibilityTest::Reuse if !verdict.links.is_empty() => Verdict {
            links: verdict.links.into_iter().filter(|link| may_see(link.report_ref_key)).collect(),
            message: "the same video was sent before, for another report".to_owned(),
            ..verdict
        },
        _ => verdict,
    };
    verdicts.into_iter().map(hide).collect()
}
