//! Rows of uploads: made, looked at, ended.

use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::rows::{
    count, json, number, optional, or_empty, parsed, signed, text, time, unreadable,
};
use crate::model::{
    CompanyId, Digest, Length, NodeId, Offset, Person, PersonId, Place, Protocol, RefKey, Refusal,
    SubmissionId, TimeSent, UploadId, UploadState, VideoId,
};

/// What a driver says about a video: for which report, when, where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// The report.
    pub ref_key: RefKey,
    /// When the report was sent.
    pub time_sent: TimeSent,
    /// Where it was sent.
    pub place: Place,
    /// The phone's name for the file; never used as a path.
    pub filename: String,
    /// The hash the phone announced.
    pub declared: Option<Digest>,
}

/// An upload about to be recorded.
#[derive(Debug, Clone)]
pub struct NewUpload {
    /// Its id.
    pub id: UploadId,
    /// SHA-256 of the secret in its URL.
    pub secret_hash: Digest,
    /// Whose it is.
    pub person: Person,
    /// By which door it came.
    pub door: Protocol,
    /// What it is about; the form door learns it last.
    pub details: Option<Details>,
    /// How long it is; the form door learns it last.
    pub length: Option<Length>,
    /// `Upload-Metadata` as given (T-33).
    pub metadata: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends if nothing more comes.
    pub expires_at: Timestamp,
}

/// An upload as recorded.
#[derive(Debug, Clone)]
pub struct UploadRow {
    /// Its id.
    pub id: UploadId,
    /// SHA-256 of the secret in its URL.
    pub secret_hash: Digest,
    /// Whose it is.
    pub owner: PersonId,
    /// Of which company.
    pub company: CompanyId,
    /// Whether person and company may still act.
    pub owner_active: bool,
    /// Where it is in its life.
    pub state: UploadState,
    /// Acknowledged bytes.
    pub committed: Offset,
    /// How long it is, when known.
    pub length: Option<Length>,
    /// `Upload-Metadata` as given.
    pub metadata: String,
    /// What it is about, when known.
    pub details: Option<Details>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it ends if nothing more comes.
    pub expires_at: Timestamp,
    /// The node that holds the lease.
    pub holder: Option<NodeId>,
    /// The number of the last holder; an older one's commit does not count.
    pub fence: i64,
    /// The node whose spool has every acknowledged byte.
    pub spooled_by: Option<NodeId>,
    /// Why the inspection refused it.
    pub refusal: Option<Refusal>,
    /// The stored video.
    pub video: Option<VideoId>,
    /// The submission it became.
    pub submission: Option<SubmissionId>,
}

impl Database {
    /// Records a new upload.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn create_upload(&self, new: &NewUpload) -> Result<(), DatabaseError> {
        let details = new.details.as_ref();
        sqlx::query(
            "INSERT INTO uploads (id, secret_hash, company_id, person_id, protocol, ref_key, state, \
             committed, total, metadata, filename, declared_sha256, time_sent_raw, time_sent_at, \
             lat_e8, long_e8, created_at, expires_at, holder, fence, release_requested, spooled_by, refusal, \
             video_id, submission_id, cleanup_at, cleaned_once) VALUES ($1, $2, $3, $4, $5, $6, 'open', 0, $7, $8, \
             $9, $10, $11, $12, $13, $14, $15, $16, '', 0, 0, '', '', '', '', 0, 0)",
        )
        .bind(new.id.to_string())
        .bind(new.secret_hash.to_string())
        .bind(new.person.company.0)
        .bind(new.person.id.0)
        .bind(new.door.as_str())
        .bind(or_empty(details.map(|details| details.ref_key).as_ref()))
        .bind(new.length.map_or(-1, |length| signed(length.get())))
        .bind(new.metadata.as_str())
        .bind(details.map(|details| details.filename.clone()).unwrap_or_default())
        .bind(or_empty(details.and_then(|details| details.declared).as_ref()))
        .bind(details.map(|details| details.time_sent.raw.clone()).unwrap_or_default())
        .bind(details.map_or(0, |details| details.time_sent.at.as_microsecond()))
        .bind(details.map_or(0, |details| details.place.lat_e8))
        .bind(details.map_or(0, |details| details.place.long_e8))
        .bind(new.created_at.as_microsecond())
        .bind(new.expires_at.as_microsecond())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Looks an upload up, with whether its owner may still act.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn upload(&self, id: UploadId) -> Result<Option<UploadRow>, DatabaseError> {
        let row = sqlx::query(
            "SELECT u.*, p.active * c.active AS owner_active FROM uploads u \
             JOIN people p ON p.id = u.person_id JOIN companies c ON c.id = u.company_id \
             WHERE u.id = $1",
        )
        .bind(id.to_string())
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(read).transpose()
    }

    /// Ends an upload that is alive, if the lease is still this holder's: `true` when it was.
    /// Whatever it left in stores is cleared from `now` on.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_upload(
        &self,
        id: UploadId,
        fence: i64,
        state: UploadState,
        refusal: Option<&Refusal>,
        now: Timestamp,
    ) -> Result<bool, DatabaseError> {
        let refusal = refusal.map(|refusal| serde_json::json!(refusal).to_string());
        let done = sqlx::query(
            "UPDATE uploads SET state = $1, refusal = $2, holder = '', release_requested = 0, cleanup_at = $3 \
             WHERE id = $4 AND fence = $5 AND state IN ('open', 'finishing')",
        )
        .bind(state.as_str())
        .bind(refusal.unwrap_or_default())
        .bind(now.as_microsecond())
        .bind(id.to_string())
        .bind(fence)
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    /// Ends an upload whose bytes the report already holds: it points at what is there.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_as_duplicate(
        &self,
        id: UploadId,
        fence: i64,
        length: Length,
        (video, submission): (VideoId, SubmissionId),
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        sqlx::query(
            "UPDATE uploads SET state = 'stored', committed = $1, total = $1, holder = '', \
             release_requested = 0, video_id = $2, submission_id = $3, cleanup_at = $4 \
             WHERE id = $5 AND fence = $6 AND state IN ('open', 'finishing')",
        )
        .bind(signed(length.get()))
        .bind(video.to_string())
        .bind(submission.to_string())
        .bind(now.as_microsecond())
        .bind(id.to_string())
        .bind(fence)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// How many uploads of a person are alive.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_active_uploads(&self, person: PersonId) -> Result<u64, DatabaseError> {
        let row = sqlx::query(
            "SELECT COUNT(*) AS living FROM uploads \
             WHERE person_id = $1 AND state IN ('open', 'finishing')",
        )
        .bind(person.0)
        .fetch_one(&self.pool)
        .await?;
        count(&row, "living")
    }
}

fn read(row: &AnyRow) -> Result<UploadRow, DatabaseError> {
    let state = text(row, "state")?;
    let refusal = text(row, "refusal")?;
    let total = number(row, "total")?;
    Ok(UploadRow {
        id: parsed(row, "id")?,
        secret_hash: parsed(row, "secret_hash")?,
        owner: PersonId(number(row, "person_id")?),
        company: CompanyId(number(row, "company_id")?),
        owner_active: number(row, "owner_active")? != 0,
        state: UploadState::from_word(&state).ok_or_else(|| unreadable("state", &state))?,
        committed: Offset::new(count(row, "committed")?),
        length: u64::try_from(total).ok().map(Length::new),
        metadata: text(row, "metadata")?,
        details: details(row)?,
        created_at: time(row, "created_at")?,
        expires_at: time(row, "expires_at")?,
        holder: optional(row, "holder")?,
        fence: number(row, "fence")?,
        spooled_by: optional(row, "spooled_by")?,
        refusal: if refusal.is_empty() { None } else { Some(json(row, "refusal")?) },
        video: optional(row, "video_id")?,
        submission: optional(row, "submission_id")?,
    })
}

fn details(row: &AnyRow) -> Result<Option<Details>, DatabaseError> {
    let Some(ref_key) = optional(row, "ref_key")? else { return Ok(None) };
    Ok(Some(Details {
        ref_key,
        time_sent: TimeSent { raw: text(row, "time_sent_raw")?, at: time(row, "time_sent_at")? },
        place: Place { lat_e8: number(row, "lat_e8")?, long_e8: number(row, "long_e8")? },
        filename: text(row, "filename")?,
        declared: optional(row, "declared_sha256")?,
    }))
}
