//! Rows of uploads: created, read, ended.

use jiff::Timestamp;
use sqlx::FromRow;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::database::auth::film_links::lock_film_link;
use crate::database::column::{DeclaredRecording, StatedPlace, Stored, params};
use crate::database::error::DatabaseError;
use crate::database::pool::{Database, Write};
use crate::database::statement::query;
use crate::model::{
    CompanyId, Digest, Length, NodeId, Offset, Person, PersonId, Place, Protocol, RefKey, Refusal,
    SubmissionId, TimeSent, UploadId, UploadState, VideoId,
};

/// What the driver's phone states about a video.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    pub ref_key: RefKey,
    /// When the report was sent.
    pub time_sent: TimeSent,
    /// When the video was recorded, for a file that does not state it.
    pub recorded_at: Option<TimeSent>,
    /// Where it was sent. `None` only from the driver's page, with `drive.position = "optional"`.
    pub place: Option<Place>,
    /// The phone's name for the file; never used as a path.
    pub filename: String,
    /// The hash that the phone declared.
    pub declared: Option<Digest>,
}

impl Details {
    /// When the video was recorded, according to the app.
    pub fn declared_recording(&self) -> Option<Timestamp> {
        self.recorded_at.as_ref().map(|recorded| recorded.at)
    }

    /// The same as it was sent; empty if it was not.
    pub(super) fn recorded_raw(&self) -> &str {
        self.recorded_at.as_ref().map_or("", |recorded| &recorded.raw)
    }
}

/// An upload to be inserted.
#[derive(Debug, Clone)]
pub struct NewUpload {
    pub id: UploadId,
    /// SHA-256 of the secret in its URL.
    pub secret_hash: Digest,
    pub person: Person,
    /// The id of the person's device, as its token states it.
    pub device: String,
    pub protocol: Protocol,
    /// `None` for a form, whose fields may follow the file.
    pub details: Option<Details>,
    /// `None` for a form: known at the end of the file.
    pub length: Option<Length>,
    /// `Upload-Metadata` as given (T-33).
    pub metadata: String,
    pub created_at: Timestamp,
    /// When it expires if no more bytes arrive.
    pub expires_at: Timestamp,
    /// The node whose request creates it and goes on to send its bytes. Such an upload does not end in
    /// favour of a newer one.
    pub holder: Option<NodeId>,
}

/// A stored upload.
#[derive(Debug, Clone, FromRow)]
pub struct UploadRow {
    pub id: UploadId,
    /// SHA-256 of the secret in its URL.
    pub secret_hash: Digest,
    #[sqlx(rename = "person_id")]
    pub owner: PersonId,
    #[sqlx(rename = "company_id")]
    pub company: CompanyId,
    /// The id of the device that created it.
    pub device: String,
    /// Whether the person, or the film link, and the company are active.
    #[sqlx(try_from = "Stored<bool>")]
    owner_active: bool,
    /// When the film link that owns it expires.
    #[sqlx(try_from = "Stored<Option<Timestamp>>")]
    owner_until: Option<Timestamp>,
    pub state: UploadState,
    /// Acknowledged bytes.
    pub committed: Offset,
    /// `None`: not known yet.
    #[sqlx(rename = "total", try_from = "Stored<Option<Length>>")]
    pub length: Option<Length>,
    /// `Upload-Metadata` as given.
    pub metadata: String,
    /// `None`: not known yet.
    #[sqlx(flatten, try_from = "KnownDetails")]
    pub details: Option<Details>,
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub created_at: Timestamp,
    /// When it expires if no more bytes arrive.
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub expires_at: Timestamp,
    /// The node that holds the lease.
    #[sqlx(try_from = "Stored<Option<NodeId>>")]
    pub holder: Option<NodeId>,
    /// Raised by each new holder; a commit with an older fence does not match.
    pub fence: i64,
    /// The node whose spool has every acknowledged byte.
    #[sqlx(try_from = "Stored<Option<NodeId>>")]
    pub spooled_by: Option<NodeId>,
    /// Why the inspection refused it.
    #[sqlx(try_from = "Stored<Option<Refusal>>")]
    pub refusal: Option<Refusal>,
    #[sqlx(rename = "video_id", try_from = "Stored<Option<VideoId>>")]
    pub video: Option<VideoId>,
    #[sqlx(rename = "submission_id", try_from = "Stored<Option<SubmissionId>>")]
    pub submission: Option<SubmissionId>,
}

impl UploadRow {
    /// Whether its owner is active and, for a film link, has not expired.
    pub fn is_owner_active(&self, now: Timestamp) -> bool {
        self.owner_active && self.owner_until.is_none_or(|until| until > now)
    }
}

const COUNT_ACTIVE: &str = "SELECT COUNT(*) AS active FROM uploads \
    WHERE person_id = $1 AND state IN ('open', 'finishing')";

impl Database {
    /// Creates an upload. A person has at most `max` living ones: at the limit, the least recently
    /// active uploads without a writer are ended. The result has their ids; `None` if there are not
    /// enough of those. The check and the insertion are one transaction, so that concurrent creations
    /// cannot exceed the limit.
    pub async fn create_upload(
        &self,
        new: &NewUpload,
        max: u64,
    ) -> Result<Option<Vec<UploadId>>, DatabaseError> {
        let mut write = self.write().await?;
        // Serializes the creations of a person on PostgreSQL.
        if new.person.id.is_film_link() {
            lock_film_link(&mut write, new.person.id, new.created_at).await?;
        } else {
            let sql = "UPDATE people SET active = active WHERE id = $1";
            query(sql, params![new.person.id]).execute(&mut write).await?;
        }
        let (Stored(active),) = query(COUNT_ACTIVE, params![new.person.id]).one(&mut write).await?;
        let active: u64 = active;
        let surplus = active.saturating_add(1).saturating_sub(max);
        let ended = Self::end_inactive(&mut write, new, surplus).await?;
        if (ended.len() as u64) < surplus {
            return Ok(None);
        }
        Self::insert_upload(&mut write, new).await?;
        write.commit().await?;
        Ok(Some(ended))
    }

    /// Ends the `count` least recently active uploads of a person without a writer. The expiry
    /// is the time of the last activity plus a constant.
    async fn end_inactive(
        write: &mut Write,
        new: &NewUpload,
        count: u64,
    ) -> Result<Vec<UploadId>, DatabaseError> {
        if count == 0 {
            return Ok(Vec::new());
        }
        let sql = "UPDATE uploads SET state = 'expired', cleanup_at = $1 WHERE id IN \
            (SELECT id FROM uploads WHERE person_id = $2 AND state = 'open' AND holder = '' \
            ORDER BY expires_at, id LIMIT $3) AND state = 'open' AND holder = '' RETURNING id";
        let values = params![new.created_at, new.person.id, count];
        let ended: Vec<(UploadId,)> = query(sql, values).all(&mut *write).await?;
        Ok(ended.into_iter().map(|(id,)| id).collect())
    }

    async fn insert_upload(write: &mut Write, new: &NewUpload) -> Result<(), DatabaseError> {
        let details = new.details.as_ref();
        let place = StatedPlace::columns(details.and_then(|details| details.place));
        let sql = "INSERT INTO uploads (id, secret_hash, company_id, person_id, protocol, ref_key, \
            state, committed, total, metadata, filename, declared_sha256, time_sent_raw, \
            time_sent_at, lat_e8, long_e8, created_at, expires_at, holder, fence, \
            release_requested, spooled_by, refusal, video_id, submission_id, cleanup_at, \
            cleaned_once, address_known, device, recorded_raw, recorded_at) VALUES ($1, $2, $3, $4, \
            $5, $6, 'open', 0, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 0, 0, '', '', '', '', \
            0, 0, $18, $19, $20, $21)";
        let values = params![
            new.id,
            new.secret_hash,
            new.person.company,
            new.person.id,
            new.protocol,
            details.map(|details| details.ref_key),
            new.length,
            new.metadata,
            details.map(|details| details.filename.clone()).unwrap_or_default(),
            details.and_then(|details| details.declared),
            details.map(|details| details.time_sent.raw.clone()).unwrap_or_default(),
            details.map_or(0, |details| details.time_sent.at.as_microsecond()),
            place.lat_e8,
            place.long_e8,
            new.created_at,
            new.expires_at,
            new.holder,
            new.holder.is_none(),
            new.device,
            details.map(Details::recorded_raw).unwrap_or_default(),
            details.and_then(Details::declared_recording)
        ];
        query(sql, values).execute(&mut *write).await?;
        Ok(())
    }

    /// An upload, with whether its owner is active.
    pub async fn upload(&self, id: UploadId) -> Result<Option<UploadRow>, DatabaseError> {
        let sql = "SELECT u.*, CAST(c.active * CASE WHEN u.person_id > 0 \
            THEN COALESCE(p.active, 0) WHEN l.revoked_at = 0 THEN 1 ELSE 0 END AS BIGINT) \
            AS owner_active, CAST(COALESCE(l.expires_at, 0) AS BIGINT) AS owner_until \
            FROM uploads u JOIN companies c ON c.id = u.company_id \
            LEFT JOIN people p ON p.id = u.person_id \
            LEFT JOIN film_links l ON l.number = -u.person_id WHERE u.id = $1";
        query(sql, params![id]).optional(&self.pool).await
    }

    /// Ends a living upload, if `fence` is still its fence. Returns whether it was. The cleanup of its
    /// objects in storage is due from `now`.
    pub async fn end_upload(
        &self,
        id: UploadId,
        fence: i64,
        state: UploadState,
        refusal: Option<&Refusal>,
        now: Timestamp,
    ) -> Result<bool, DatabaseError> {
        let sql = "UPDATE uploads SET state = $1, refusal = $2, holder = '', release_requested = \
            0, cleanup_at = $3 WHERE id = $4 AND fence = $5 AND state IN ('open', 'finishing')";
        query(sql, params![state, refusal.cloned(), now, id, fence]).changes_one(&self.pool).await
    }

    /// Detaches an upload from its failed creating request, so that the death of that request's node no longer
    /// ends it. Clears the holder and raises the fence, so that late statements of that request no longer match.
    /// An upload that is finishing keeps both: it is not interrupted.
    pub async fn detach_from_creation(&self, id: UploadId) -> Result<(), DatabaseError> {
        let sql = "UPDATE uploads SET address_known = CASE WHEN state = 'open' THEN 0 ELSE 1 END, \
            holder = CASE WHEN state = 'open' THEN '' ELSE holder END, release_requested = 0, \
            fence = CASE WHEN state = 'open' THEN fence + 1 ELSE fence END \
            WHERE id = $1 AND fence IN (0, 1) AND address_known = 0 AND state IN ('open', 'finishing')";
        query(sql, params![id]).run(&self.pool).await
    }

    /// Ends an upload whose address no client knows: the response of the request that created it was
    /// never sent. Does nothing if another request has written to it.
    pub async fn end_unreachable(
        &self,
        id: UploadId,
        now: Timestamp,
    ) -> Result<bool, DatabaseError> {
        let sql = "UPDATE uploads SET state = 'expired', cleanup_at = $1 \
            WHERE id = $2 AND state = 'open' AND holder = '' \
            AND (fence = 0 OR address_known = 0)";
        query(sql, params![now, id]).changes_one(&self.pool).await
    }

    /// Ends an upload whose address no client knows, if `node` still holds its lease: a creating request that has
    /// succeeded has released it.
    pub async fn end_unanswered(
        &self,
        id: UploadId,
        fence: i64,
        node: NodeId,
        now: Timestamp,
    ) -> Result<bool, DatabaseError> {
        let sql = "UPDATE uploads SET state = 'expired', holder = '', release_requested = 0, \
            cleanup_at = $1 WHERE id = $2 AND fence = $3 AND holder = $4 \
            AND address_known = 0 AND state IN ('open', 'finishing')";
        query(sql, params![now, id, fence, node]).changes_one(&self.pool).await
    }

    /// Ends an upload whose bytes the report already has. It refers to the existing video and
    /// submission.
    pub async fn end_as_duplicate(
        &self,
        id: UploadId,
        fence: i64,
        length: Length,
        (video, submission): (VideoId, SubmissionId),
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        let sql = "UPDATE uploads SET state = 'stored', committed = $1, total = $1, holder = '', \
            release_requested = 0, video_id = $2, submission_id = $3, cleanup_at = $4 \
            WHERE id = $5 AND fence = $6 AND state IN ('open', 'finishing')";
        let values = params![length, video, submission, now, id, fence];
        query(sql, values).run(&self.pool).await
    }

    /// The number of living uploads of a person.
    pub async fn count_active_uploads(&self, person: PersonId) -> Result<u64, DatabaseError> {
        let (Stored(active),) = query(COUNT_ACTIVE, params![person]).one(&self.pool).await?;
        Ok(active)
    }

    /// The living uploads of a person that this node writes to, least recently active first.
    pub async fn uploads_held_by(
        &self,
        node: NodeId,
        person: PersonId,
    ) -> Result<Vec<UploadId>, DatabaseError> {
        let sql = "SELECT id FROM uploads WHERE person_id = $1 AND state = 'open' \
            AND holder = $2 ORDER BY expires_at, id";
        let held: Vec<(UploadId,)> = query(sql, params![person, node]).all(&self.pool).await?;
        Ok(held.into_iter().map(|(id,)| id).collect())
    }

    /// The living uploads of a person that other nodes write to, with their fences, least recently active
    /// first.
    pub async fn uploads_held_elsewhere(
        &self,
        node: NodeId,
        person: PersonId,
    ) -> Result<Vec<(UploadId, i64)>, DatabaseError> {
        let sql = "SELECT id, fence FROM uploads WHERE person_id = $1 AND state = 'open' \
            AND holder NOT IN ('', $2) ORDER BY expires_at, id";
        query(sql, params![person, node]).all(&self.pool).await
    }
}

/// An upload by a form has no details until the form's last field.
struct KnownDetails(Option<Details>);

impl From<KnownDetails> for Option<Details> {
    fn from(details: KnownDetails) -> Self {
        details.0
    }
}

impl FromRow<'_, AnyRow> for KnownDetails {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        let Stored(Some(ref_key)) = row.try_get("ref_key")? else { return Ok(Self(None)) };
        let time_sent = TimeSent::from_row(row)?;
        let place = StatedPlace::from_row(row)?.into();
        let Stored(declared) = row.try_get("declared_sha256")?;
        let filename = row.try_get("filename")?;
        let recorded_at = DeclaredRecording::from_row(row)?.into();
        Ok(Self(Some(Details { ref_key, time_sent, recorded_at, place, filename, declared })))
    }
}
