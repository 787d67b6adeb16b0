//! Whether a video came before, for another report of the company (D4).
//!
//! An earlier use that still counts fails: its report holds the video, sent or approved. One that does
//! not is a warning only: the report was rejected, has got another video since, or is gone. That is how
//! a video sent for the wrong report finds its way to the right one.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Outcome, Test, Verdict};
use crate::model::{RefKey, ReportStatus, SubmissionId};

/// Most earlier uses that are told. Whoever needs more looks at the report that is named first.
pub const MOST_LINKS: usize = 5;

/// In what two videos are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sameness {
    /// Byte for byte.
    File,
    /// In the pictures and the sound; only what stands around them was written anew.
    Media,
}

/// An earlier submission of the same company with the same video, as it was at that time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EarlierUse {
    /// The report it was sent for.
    #[schema(value_type = Uuid)]
    pub report_ref_key: RefKey,
    /// The submission.
    #[schema(value_type = Uuid)]
    pub submission_id: SubmissionId,
    /// The state of that report: 1 awaits a video, 2 has one, 3 approved, 4 rejected.
    #[schema(value_type = i64, example = 2)]
    pub status_code: ReportStatus,
    /// Whether that report still stood on this video.
    pub held: bool,
    /// In what they are the same.
    pub same: Sameness,
}

/// Whether the video came before. `uses` are those for other reports of the company, those that are
/// still held first; one more than [`MOST_LINKS`] says that there are more.
#[must_use]
pub fn reuse(uses: &[EarlierUse]) -> Verdict {
    let Some(first) = uses.first() else {
        let message = "not sent for another report of the company before";
        return Verdict::new(Test::Reuse, Outcome::Pass, message);
    };
    let outcome =
        if uses.iter().any(|earlier| earlier.held) { Outcome::Fail } else { Outcome::Warn };
    let message =
        format!("the same {} came {} before, {}", what(*first), how_often(uses), state(uses));
    Verdict {
        links: uses.iter().take(MOST_LINKS).copied().collect(),
        ..Verdict::new(Test::Reuse, outcome, message)
    }
}

fn what(earlier: EarlierUse) -> &'static str {
    match earlier.same {
        Sameness::File => "file",
        Sameness::Media => "recording, in another file,",
    }
}

fn how_often(uses: &[EarlierUse]) -> String {
    match uses.len() {
        1 => "once".to_owned(),
        count if count <= MOST_LINKS => format!("{count} times"),
        _ => format!("more than {MOST_LINKS} times"),
    }
}

fn state(uses: &[EarlierUse]) -> &'static str {
    if uses.iter().any(|earlier| earlier.held) {
        "for another report of the company, which holds it"
    } else {
        "for another report of the company, which does not hold it any more"
    }
}

/// The verdicts as a driver may see them: of reports whose vehicles they do not see, there is nothing to
/// be learned, not even how many there are.
#[must_use]
pub fn for_driver(verdicts: Vec<Verdict>, sees: impl Fn(RefKey) -> bool) -> Vec<Verdict> {
    let hide = |verdict: Verdict| match verdict.test {
        Test::Reuse if !verdict.links.is_empty() => Verdict {
            links: verdict.links.into_iter().filter(|link| sees(link.report_ref_key)).collect(),
            message: "the same video was sent before, for another report".to_owned(),
            ..verdict
        },
        _ => verdict,
    };
    verdicts.into_iter().map(hide).collect()
}
