//! Verdicts of the plausibility tests.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::model::{RefKey, ReportStatus, SubmissionId, word_enum};

word_enum! {
    /// A plausibility test. The names are part of the API and are never changed.
    PlausibilityTest {
        /// The recording time and `time_sent`.
        RecordedAtSending = "recorded_at_sending",
        /// The recording time and the server's clock during the upload.
        RecordedAtReceipt = "recorded_at_receipt",
        /// The recording time and the report's start and deadline.
        RecordedInWindow = "recorded_in_window",
        /// The recorded place and the place of sending.
        RecordedPlace = "recorded_place",
        /// The place of sending and those of the vehicle's earlier videos.
        UsualPlace = "usual_place",
        /// The duration and the usual one of the vehicle or the company.
        UsualLength = "usual_length",
        /// Earlier uses of the video for other reports.
        Reuse = "reuse",
    }
}

word_enum! {
    /// The result of a test.
    Outcome {
        Pass = "pass",
        /// A reviewer should look.
        Warn = "warn",
        /// Implausible.
        Fail = "fail",
        /// The data for the test is missing.
        Absent = "absent",
    }
}

impl Outcome {
    /// The order of severity, for queues.
    pub const fn severity(self) -> i64 {
        match self {
            Self::Pass => 1,
            Self::Absent => 2,
            Self::Warn => 3,
            Self::Fail => 4,
        }
    }

    /// The inverse of [`Self::severity`].
    pub fn of_severity(severity: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.severity() == severity)
    }

    /// The most severe outcome; `None` without verdicts.
    pub fn worst(verdicts: &[Verdict]) -> Option<Self> {
        verdicts.iter().map(|verdict| verdict.outcome).max_by_key(|outcome| outcome.severity())
    }

    /// Pass up to the first threshold, warn up to the second, fail beyond.
    pub(super) fn of<T: PartialOrd>(measured: &T, pass: &T, fail: &T) -> Self {
        match measured {
            measured if measured <= pass => Self::Pass,
            measured if measured <= fail => Self::Warn,
            _ => Self::Fail,
        }
    }
}

/// The most earlier uses that a verdict lists.
pub const MAX_LINKS: usize = 5;

/// How two videos match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchKind {
    /// The files are identical.
    File,
    /// The video and audio are identical; the boxes around them differ.
    Media,
}

/// An earlier submission of the same video by the same company, as of the time of the verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct EarlierUse {
    #[schema(value_type = Uuid)]
    pub report_ref_key: RefKey,
    #[schema(value_type = Uuid)]
    pub submission_id: SubmissionId,
    /// The status of that report: 1 waits for a video, 2 submitted, 3 approved, 4 rejected.
    #[schema(value_type = i64, example = 2)]
    pub status_code: ReportStatus,
    /// Whether this video is still the current one of that report.
    pub held: bool,
    pub same: MatchKind,
}

/// The result of one test on a video.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Verdict {
    pub test: PlausibilityTest,
    pub outcome: Outcome,
    /// The measured values, as a sentence.
    #[schema(example = "recorded 2 min before it was sent")]
    pub message: String,
    /// Earlier uses of the same video.
    #[schema(example = json!([]))]
    pub links: Vec<EarlierUse>,
}

impl Verdict {
    pub(super) fn new(
        test: PlausibilityTest,
        outcome: Outcome,
        message: impl Into<String>,
    ) -> Self {
        Self { test, outcome, message: message.into(), links: Vec::new() }
    }

    pub(super) fn absent(test: PlausibilityTest, message: &str) -> Self {
        Self::new(test, Outcome::Absent, message)
    }
}

/// How many tests of a video had each outcome.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
pub struct OutcomeCounts {
    pub pass: usize,
    pub warn: usize,
    pub fail: usize,
    pub absent: usize,
}

impl OutcomeCounts {
    pub fn of(verdicts: &[Verdict]) -> Self {
        let mut counts = Self::default();
        for verdict in verdicts {
            match verdict.outcome {
                Outcome::Pass => counts.pass += 1,
                Outcome::Warn => counts.warn += 1,
                Outcome::Fail => counts.fail += 1,
                Outcome::Absent => counts.absent += 1,
            }
        }
        counts
    }

    /// The most severe outcome; `None` without verdicts.
    pub const fn worst(self) -> Option<Outcome> {
        match self {
            Self { fail: 1.., .. } => Some(Outcome::Fail),
            Self { warn: 1.., .. } => Some(Outcome::Warn),
            Self { absent: 1.., .. } => Some(Outcome::Absent),
            Self { pass: 1.., .. } => Some(Outcome::Pass),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_outcome_is_the_same_by_verdicts_and_by_counts() {
        let verdict = |outcome| Verdict::new(PlausibilityTest::Reuse, outcome, "");
        let order = [Outcome::Pass, Outcome::Absent, Outcome::Warn, Outcome::Fail];
        let mut verdicts = Vec::new();
        assert_eq!(Outcome::worst(&verdicts), None);
        assert_eq!(OutcomeCounts::of(&verdicts).worst(), None);
        for outcome in order {
            verdicts.insert(0, verdict(outcome));
            assert_eq!(Outcome::worst(&verdicts), Some(outcome));
            assert_eq!(OutcomeCounts::of(&verdicts).worst(), Some(outcome));
            assert_eq!(Outcome::of_severity(outcome.severity()), Some(outcome));
        }
    }
}
