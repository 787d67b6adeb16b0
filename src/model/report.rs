//! What a report is waiting for, and what an arriving video means to it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Digest;

/// The four states of a report (R5), by the document's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(into = "i64", try_from = "i64")]
pub enum ReportStatus {
    /// 1 «Сдать Отчет»: a video is awaited.
    Submit,
    /// 2 «Отправлено»: a video has arrived.
    Submitted,
    /// 3 «Одобрено»: the video was approved.
    Accepted,
    /// 4 «Отказано»: the video was rejected, a new one is awaited.
    Rejected,
}

impl ReportStatus {
    /// The document's number.
    #[must_use]
    pub const fn code(self) -> i64 {
        match self {
            Self::Submit => 1,
            Self::Submitted => 2,
            Self::Accepted => 3,
            Self::Rejected => 4,
        }
    }

    /// Whether a video is awaited (E9, Q32).
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Submit | Self::Rejected)
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
        [Self::Submit, Self::Submitted, Self::Accepted, Self::Rejected]
            .into_iter()
            .find(|status| status.code() == code)
            .ok_or_else(|| format!("{code} is not a report status"))
    }
}

/// What a reviewer, or 1C, says of a video.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Decision {
    /// It will do.
    Approve,
    /// A new one is wanted.
    Reject,
}

impl Decision {
    /// The state of the report afterwards.
    #[must_use]
    pub const fn leads_to(self) -> ReportStatus {
        match self {
            Self::Approve => ReportStatus::Accepted,
            Self::Reject => ReportStatus::Rejected,
        }
    }

    /// The word in the video's custody.
    #[must_use]
    pub const fn done(self) -> &'static str {
        match self {
            Self::Approve => "approved",
            Self::Reject => "rejected",
        }
    }
}

/// What an arriving video means to its report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// The report awaits it: 1 or 4 becomes 2.
    Submits,
    /// These very bytes are there already: the same answer again (Q32).
    Repeats,
    /// Other bytes are there already (Q32).
    AlreadySubmitted,
    /// The report was approved; nothing more is taken.
    Closed,
}

/// The rule of Q32: 1 and 4 go on; in 2 the same bytes repeat; in 3 nothing.
#[must_use]
pub fn arrival(status: ReportStatus, held: Option<Digest>, arriving: Digest) -> Arrival {
    match status {
        ReportStatus::Submit | ReportStatus::Rejected => Arrival::Submits,
        ReportStatus::Submitted if held == Some(arriving) => Arrival::Repeats,
        ReportStatus::Submitted => Arrival::AlreadySubmitted,
        ReportStatus::Accepted => Arrival::Closed,
    }
}
