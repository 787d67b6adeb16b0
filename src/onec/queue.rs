//! Submissions out: a queue that each node of 1C reads with a cursor of its own.
//!
//! At least once: what is not acknowledged is told again. The cursor is the turn in which a
//! submission was committed, so nothing appears behind a reader.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

use crate::database::{Database, DatabaseError, SubmissionRow};
use crate::model::{Check, Digest, Finding, RefKey, SubmissionId, Verdict, VideoId};

/// How many submissions an answer has when nobody says.
pub const USUAL_PAGE: u32 = 100;

/// The queue. Cheap to clone.
#[derive(Clone)]
pub struct Queue {
    database: Database,
    zone: TimeZone,
    max_page: u32,
}

/// Some submissions, in their order.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page {
    /// Where to go on: acknowledge it once everything in here is safe in 1C.
    #[schema(example = 17)]
    pub cursor: i64,
    /// Whether there is more now.
    pub more: bool,
    /// The submissions.
    pub submissions: Vec<Submission>,
}

/// A report received a video. Dates are local, as 1C writes them; an unknown one is
/// `0001-01-01T00:00:00`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Submission {
    /// Its place in the queue.
    #[schema(example = 17)]
    pub cursor: i64,
    /// Its id.
    #[schema(value_type = Uuid)]
    pub submission_id: SubmissionId,
    /// The report.
    #[schema(value_type = Uuid)]
    pub report_ref_key: RefKey,
    /// The report's state today: 1 awaits a video, 2 has one, 3 approved, 4 rejected.
    #[schema(example = 2)]
    pub status_code: i64,
    /// The number of that state: a decision names it as its `version`.
    #[schema(example = 1)]
    pub version: i64,
    /// The video.
    #[schema(value_type = Uuid)]
    pub video_id: VideoId,
    /// Of the video's bytes, hexadecimal.
    pub sha256: Digest,
    /// Bytes in the video.
    #[schema(example = 1_048_576)]
    pub length: u64,
    /// Of the recording, in milliseconds; 0: unknown.
    #[schema(example = 61_000)]
    pub duration_ms: u64,
    /// Degrees north.
    #[schema(example = 43.238_949)]
    pub lat: f64,
    /// Degrees east.
    #[schema(example = 76.889_709)]
    pub long: f64,
    /// When the driver says it was sent.
    #[schema(example = "2026-05-13T10:00:00")]
    pub time_sent: String,
    /// When it was received.
    #[schema(example = "2026-05-13T10:00:07")]
    pub received_at: String,
    /// When the recorder says the video was made.
    #[schema(example = "0001-01-01T00:00:00")]
    pub recorded_at: String,
    /// How plausible it is, one test after another; none for a submission from before there were any.
    pub verdicts: Vec<Verdict>,
    /// What the inspection noticed.
    pub notes: Vec<Note>,
}

/// Something the inspection noticed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Note {
    /// The check.
    pub code: Check,
    /// A sentence for a person.
    pub message: String,
}

/// Why the queue does not answer.
#[derive(Debug, thiserror::Error)]
pub enum QueueError {
    /// The cursor is none that this queue has given out.
    #[error("no submission has come that far; the last is {last}")]
    Beyond {
        /// The last there is.
        last: i64,
    },
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Queue {
    /// The queue of this database; `zone` is that of 1C's dates.
    #[must_use]
    pub const fn new(database: Database, zone: TimeZone, max_page: u32) -> Self {
        Self { database, zone, max_page }
    }

    /// The most submissions of one answer.
    #[must_use]
    pub const fn max_page(&self) -> u32 {
        self.max_page
    }

    /// What comes after `after`; without it, after what the node has acknowledged.
    ///
    /// # Errors
    /// When `after` is beyond the last submission, or the database fails.
    pub async fn page(
        &self,
        node: &str,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Page, QueueError> {
        let limit = limit.clamp(1, self.max_page);
        let after = match after {
            Some(after) => after,
            None => self.database.acknowledged(node).await?,
        };
        let mut rows = self.database.submissions_after(after, limit + 1).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        if rows.is_empty() {
            self.check(after).await?;
        }
        let cursor = rows.last().map_or(after, |row| row.turn);
        let submissions = rows.iter().map(|row| self.told(row)).collect();
        Ok(Page { cursor, more, submissions })
    }

    /// The node has everything up to this cursor. Returns how far it has come: never back.
    ///
    /// # Errors
    /// When the cursor is beyond the last submission, or the database fails.
    pub async fn acknowledge(&self, node: &str, cursor: i64) -> Result<i64, QueueError> {
        self.check(cursor).await?;
        self.database.acknowledge(node, cursor).await?;
        Ok(self.database.acknowledged(node).await?)
    }

    /// One submission.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn submission(&self, id: SubmissionId) -> Result<Option<Submission>, QueueError> {
        Ok(self.database.submission(id).await?.map(|row| self.told(&row)))
    }

    /// A cursor beyond the end would skip what is still to come.
    async fn check(&self, cursor: i64) -> Result<(), QueueError> {
        let last = self.database.last_turn().await?;
        if cursor > last { Err(QueueError::Beyond { last }) } else { Ok(()) }
    }

    fn told(&self, row: &SubmissionRow) -> Submission {
        Submission {
            cursor: row.turn,
            submission_id: row.id,
            report_ref_key: row.ref_key,
            status_code: row.status.code(),
            version: row.revision,
            video_id: row.video,
            sha256: row.sha256,
            length: row.length.get(),
            duration_ms: row.facts.duration_ms.unwrap_or(0),
            lat: row.place.lat(),
            long: row.place.long(),
            time_sent: local(row.time_sent.at, &self.zone),
            received_at: local(row.received_at, &self.zone),
            recorded_at: row.facts.created_at.map_or_else(none, |at| local(at, &self.zone)),
            verdicts: row.verdicts.clone(),
            notes: row.notes.iter().map(Note::of).collect(),
        }
    }
}

impl Note {
    fn of(finding: &Finding) -> Self {
        Self { code: finding.check, message: finding.message.clone() }
    }
}

/// 1C's empty date.
fn none() -> String {
    "0001-01-01T00:00:00".to_owned()
}

/// A moment as 1C writes it: local, to the second, without a zone.
fn local(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}
