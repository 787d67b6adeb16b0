//! The status of a report, and which videos it accepts.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Digest;

/// The status of a report, with the numbers of the API document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "i64", try_from = "i64")]
pub enum ReportStatus {
    /// 1 «Сдать Отчет»: waits for a video.
    AwaitingVideo,
    /// 2 «Отправлено»: has a video, waits for a decision.
    Submitted,
    /// 3 «Одобрено»: the video is approved.
    Approved,
    /// 4 «Отказано»: the video is rejected; waits for a new one.
    Rejected,
}

impl ReportStatus {
    pub const fn code(self) -> i64 {
        match self {
            Self::AwaitingVideo => 1,
            Self::Submitted => 2,
            Self::Approved => 3,
            Self::Rejected => 4,
        }
    }

    /// Whether the report waits for a video.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::AwaitingVideo | Self::Rejected)
    }
}

impl From<ReportStatus> for i64 {
    fn from(status: ReportStatus) -> Self {
        status.code()
    }
}

impl TryFrom<i64> for ReportStatus {
    type Error = String;

    fn try_from(code: i64) -> Result<Self, String> {
        [Self::AwaitingVideo, Self::Submitted, Self::Approved, Self::Rejected]
            .into_iter()
            .find(|status| status.code() == code)
            .ok_or_else(|| format!("{code} is not a report status"))
    }
}

/// A decision of a reviewer or of 1C about a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    Approve,
    Reject,
}

impl Decision {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
        }
    }

    /// The inverse of `as_str`.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Approve, Self::Reject].into_iter().find(|decision| decision.as_str() == word)
    }

    pub const fn resulting_status(self) -> ReportStatus {
        match self {
            Self::Approve => ReportStatus::Approved,
            Self::Reject => ReportStatus::Rejected,
        }
    }

    /// The action in the custody entry of the video.
    pub const fn custody_action(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Reject => "rejected",
        }
    }
}

/// What a report does with a finished video.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Admission {
    /// Status 1 or 4: the video is submitted, the status becomes 2.
    Submit,
    /// Status 2 with the same bytes: the same response again.
    Repeat,
    /// Status 2 with other bytes.
    AlreadySubmitted,
    /// Status 3: the report accepts no more videos.
    Closed,
}

impl Admission {
    /// `held` is the digest of the report's current video (Q32).
    pub fn of(status: ReportStatus, held: Option<Digest>, finished: Digest) -> Self {
        match status {
            ReportStatus::AwaitingVideo | ReportStatus::Rejected => Self::Submit,
            ReportStatus::Submitted if held == Some(finished) => Self::Repeat,
            ReportStatus::Submitted => Self::AlreadySubmitted,
            ReportStatus::Approved => Self::Closed,
        }
    }
}
