//! What a submission and its video state. It never changes.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{FromRow, Row as _};

use crate::database::column::{DeclaredRecording, StatedPlace, Stored};
use crate::model::{
    Digest, Facts, FilmSender, Finding, Length, Place, RefKey, SubmissionId, TimeSent, UploadId,
    Verdict, VideoId,
};

/// The columns of a [`StoredSubmission`] in a statement with `submissions s` and `videos v`.
pub(in crate::database) const SUBMISSION_COLUMNS: &str = "s.id, s.ref_key, s.video_id, \
    v.upload_id, v.sha256, v.length, v.facts, v.notes, s.verdicts, s.time_sent_raw, s.time_sent_at, \
    s.recorded_raw, s.recorded_at, s.lat_e8, s.long_e8, s.link_issuer, s.link_name, s.link_mobile, \
    s.received_at";

/// A submission with its video.
#[derive(Debug, Clone, FromRow)]
pub struct StoredSubmission {
    pub id: SubmissionId,
    pub ref_key: RefKey,
    #[sqlx(rename = "video_id")]
    pub video: VideoId,
    /// Part of the key of the video in storage.
    #[sqlx(rename = "upload_id")]
    pub upload: UploadId,
    /// Of the video.
    pub sha256: Digest,
    pub length: Length,
    /// The facts that the inspection read.
    pub facts: Facts,
    /// The notes of the inspection.
    #[sqlx(try_from = "Stored<Vec<Finding>>")]
    pub notes: Vec<Finding>,
    #[sqlx(try_from = "Stored<Vec<Verdict>>")]
    pub verdicts: Vec<Verdict>,
    /// According to the driver's phone.
    #[sqlx(flatten)]
    pub time_sent: TimeSent,
    /// When the video was recorded, according to the app.
    #[sqlx(flatten, try_from = "DeclaredRecording")]
    pub recorded_at: Option<TimeSent>,
    /// According to the driver's phone.
    #[sqlx(flatten, try_from = "StatedPlace")]
    pub place: Option<Place>,
    /// The sender, if the video came through a film link.
    #[sqlx(flatten, try_from = "LinkSender")]
    pub film_link: Option<FilmSender>,
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub received_at: Timestamp,
}

/// The columns `link_issuer`, `link_name` and `link_mobile`.
struct LinkSender(Option<FilmSender>);

impl From<LinkSender> for Option<FilmSender> {
    fn from(sender: LinkSender) -> Self {
        sender.0
    }
}

impl FromRow<'_, AnyRow> for LinkSender {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        let issuer: String = row.try_get("link_issuer")?;
        let (name, mobile) = (row.try_get("link_name")?, row.try_get("link_mobile")?);
        Ok(Self((!issuer.is_empty()).then_some(FilmSender { issuer, name, mobile })))
    }
}

impl StoredSubmission {
    /// When the video was recorded: according to the file, else to the app.
    pub fn recording_time(&self) -> Option<Timestamp> {
        self.facts.recorded_at(self.recorded_at.as_ref().map(|recorded| recorded.at))
    }
}
