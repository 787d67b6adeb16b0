//! The queue of submissions for 1C. Each node reads it with a cursor of its own.
//!
//! Delivery is at least once: what is not acknowledged is sent again. The cursor is the turn that the sequencer
//! has assigned. Turns are published in ascending order, so a new submission never appears before a cursor.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;
use utoipa::ToSchema;

use crate::database::{Database, RefusedMailbox, SubmissionRow};
use crate::model::{Check, Digest, FilmSender, Place, RefKey, SubmissionId, Verdict, VideoId};

use super::error::OnecError;

/// The number of submissions in a response if the request has no `limit`.
pub const DEFAULT_PAGE: u32 = 100;

/// Maximum number of refused mailboxes in a response; the others follow when these are corrected.
const MAX_REFUSED_MAILBOXES: u32 = 100;

/// 1C's empty date.
const EMPTY_DATE: &str = "0001-01-01T00:00:00";

/// Cheap to clone.
#[derive(Clone)]
pub struct Queue {
    database: Database,
    zone: TimeZone,
    max_page: u32,
}

/// A page of submissions in the order of arrival.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page {
    /// Acknowledge it once 1C has stored these submissions; `after` of the next request.
    #[schema(example = 17)]
    pub cursor: i64,
    /// Whether there are further submissions now.
    pub more: bool,
    pub submissions: Vec<Submission>,
    /// The companies that get no mails now, and so no codes. Each leaves this list once a mail was
    /// accepted, or 1C has sent another address.
    pub refused_mailboxes: Vec<MailboxRefusal>,
}

/// A company whose mailbox refuses mails for good.
#[derive(Debug, Serialize, ToSchema)]
pub struct MailboxRefusal {
    /// The company; empty if 1C has not sent it.
    pub company_ref_key: String,
    #[schema(example = "080540013184")]
    pub biin: String,
    #[schema(example = "office@example.kz")]
    pub email: String,
    /// The words of the mail server.
    #[schema(example = "the mail server answers RCPT with 550 5.1.1 no such mailbox")]
    pub reason: String,
}

impl From<RefusedMailbox> for MailboxRefusal {
    fn from(RefusedMailbox { ref_key, biin, email, reason }: RefusedMailbox) -> Self {
        Self { company_ref_key: ref_key, biin, email, reason }
    }
}

/// A video that was submitted for a report. Dates are local, as 1C writes them; an unknown one is
/// `0001-01-01T00:00:00`.
#[derive(Debug, Serialize, ToSchema)]
pub struct Submission {
    /// The position in the queue.
    #[schema(example = 17)]
    pub cursor: i64,
    #[schema(value_type = Uuid)]
    pub submission_id: SubmissionId,
    /// The report.
    #[schema(value_type = Uuid)]
    pub report_ref_key: RefKey,
    /// The state of the report now: 1 awaits a video, 2 submitted, 3 approved, 4 rejected.
    #[schema(example = 2)]
    pub status_code: i64,
    /// The version of that state. A decision must name it.
    #[schema(example = 1)]
    pub version: i64,
    #[schema(value_type = Uuid)]
    pub video_id: VideoId,
    /// SHA-256 of the video, hexadecimal.
    pub sha256: Digest,
    /// Length of the video in bytes.
    #[schema(example = 1_048_576)]
    pub length: u64,
    /// Duration of the recording in milliseconds; 0 if unknown.
    #[schema(example = 61_000)]
    pub duration_ms: u64,
    /// Latitude in degrees; null if the driver did not state a place (`drive.position`).
    #[schema(example = 43.238_949)]
    pub lat: Option<f64>,
    /// Longitude in degrees, or null.
    #[schema(example = 76.889_709)]
    pub long: Option<f64>,
    /// When the video was sent, according to the app.
    #[schema(example = "2026-05-13T10:00:00")]
    pub time_sent: String,
    #[schema(example = "2026-05-13T10:00:07")]
    pub received_at: String,
    /// When the video was recorded, according to the file, else to the app.
    #[schema(example = "0001-01-01T00:00:00")]
    pub recorded_at: String,
    /// The tests of plausibility; empty for a submission from before they existed.
    pub verdicts: Vec<Verdict>,
    /// Deviations from the standard that were accepted.
    pub notes: Vec<Note>,
    /// The sender, if the video came through a film link; absent if the driver was signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub film_link: Option<FilmSender>,
}

/// A deviation from the standard that was accepted.
#[derive(Debug, Serialize, ToSchema)]
pub struct Note {
    pub code: Check,
    pub message: String,
}

impl Queue {
    /// `zone` is the zone of 1C's dates.
    pub const fn new(database: Database, zone: TimeZone, max_page: u32) -> Self {
        Self { database, zone, max_page }
    }

    /// The submissions after `after`, or after what the node has acknowledged.
    pub async fn page(
        &self,
        node: &str,
        after: Option<i64>,
        limit: u32,
    ) -> Result<Page, OnecError> {
        let limit = limit.clamp(1, self.max_page);
        let after = match after {
            Some(after) => after,
            None => self.database.acknowledged(node).await?,
        };
        let mut rows = self.database.submissions_after(after, limit + 1).await?;
        let more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        if rows.is_empty() {
            self.check_cursor("after", after).await?;
        }
        let cursor = rows.last().map_or(after, |row| row.turn);
        let submissions = rows.into_iter().map(|row| self.submission_from(row)).collect();
        let refused = self.database.refused_mailboxes(MAX_REFUSED_MAILBOXES).await?;
        let refused_mailboxes = refused.into_iter().map(MailboxRefusal::from).collect();
        Ok(Page { cursor, more, submissions, refused_mailboxes })
    }

    /// Records that the node has stored everything up to this cursor. Returns the cursor of the node,
    /// which never decreases.
    pub async fn acknowledge(&self, node: &str, cursor: i64) -> Result<i64, OnecError> {
        self.check_cursor("cursor", cursor).await?;
        self.database.acknowledge(node, cursor).await?;
        Ok(self.database.acknowledged(node).await?)
    }

    pub async fn submission(&self, id: SubmissionId) -> Result<Option<Submission>, OnecError> {
        let row = self.database.submission(id).await?;
        Ok(row.map(|row| self.submission_from(row)))
    }

    /// A cursor beyond the end would skip later submissions.
    async fn check_cursor(&self, field: &'static str, cursor: i64) -> Result<(), OnecError> {
        let last = self.database.last_turn().await?;
        if cursor <= last {
            return Ok(());
        }
        Err(OnecError::field(field, format!("is beyond the last submission, which is {last}")))
    }

    fn submission_from(&self, row: SubmissionRow) -> Submission {
        let SubmissionRow { turn, stored, status, revision } = row;
        let local = |at: Timestamp| local(at, &self.zone);
        let recorded_at = stored.recording_time();
        let notes = stored.notes.into_iter();
        Submission {
            cursor: turn,
            submission_id: stored.id,
            report_ref_key: stored.ref_key,
            status_code: status.code(),
            version: revision,
            video_id: stored.video,
            sha256: stored.sha256,
            length: stored.length.get(),
            duration_ms: stored.facts.duration_ms.unwrap_or(0),
            lat: stored.place.map(Place::lat),
            long: stored.place.map(Place::long),
            time_sent: local(stored.time_sent.at),
            received_at: local(stored.received_at),
            recorded_at: recorded_at.map_or_else(|| EMPTY_DATE.to_owned(), local),
            verdicts: stored.verdicts,
            notes: notes.map(|note| Note { code: note.check, message: note.message }).collect(),
            film_link: stored.film_link,
        }
    }
}

/// A time as 1C writes it: local, to the second, without a zone.
fn local(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone()).strftime("%Y-%m-%dT%H:%M:%S").to_string()
}
