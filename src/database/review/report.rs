//! Everything that the console shows about one report.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use sqlx::{AssertSqlSafe, FromRow};

use crate::database::column::{StatedPlace, Stored, ToValue, params, placeholders};
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::{Statement, query};
use crate::database::videos::{SUBMISSION_COLUMNS, StoredSubmission};
use crate::model::{
    CompanyId, Instruction, PersonId, Place, RefKey, Rejection, ReportStatus, SubmissionId,
    VideoCodec, VideoId,
};

use super::query::JOIN_VEHICLE;
use super::queue::{QueueRow, ROW_COLUMNS, ROW_JOINS};

/// Earlier reports that are shown at most.
const MAX_EARLIER: i64 = 10;
/// Entries of the log that are shown at most.
const MAX_ENTRIES: i64 = 100;

/// A report as a reviewer sees it, without what has a list of its own.
#[derive(Debug, Clone, FromRow)]
pub struct ReviewedReport {
    #[sqlx(flatten)]
    pub row: QueueRow,
    #[sqlx(try_from = "Stored<Option<Timestamp>>")]
    pub starts_at: Option<Timestamp>,
    /// The deadline as 1C sent it.
    #[sqlx(try_from = "Stored<Option<Timestamp>>")]
    pub finishes_at: Option<Timestamp>,
    /// The reason of the last rejection, in Russian.
    pub reject_reason: String,
    #[sqlx(try_from = "Stored<Option<Rejection>>")]
    pub rejection: Option<Rejection>,
    #[sqlx(try_from = "Stored<Option<Timestamp>>")]
    pub decided_at: Option<Timestamp>,
    /// Such as `person:153` or `node:main`.
    pub decided_by: String,
    /// What to film, in order.
    #[sqlx(try_from = "Stored<Vec<Instruction>>")]
    pub instructions: Vec<Instruction>,
}

/// The latest video of a report, and who has sent it.
#[derive(Debug, Clone, FromRow)]
pub struct ReviewedSubmission {
    #[sqlx(flatten)]
    pub stored: StoredSubmission,
    /// A person, or a film link.
    #[sqlx(rename = "person_id", try_from = "Stored<Option<PersonId>>")]
    pub sender: Option<PersonId>,
    pub sender_name: String,
    pub sender_mobile: String,
    /// The device's own id.
    pub device: String,
}

/// Another report of the vehicle, with its latest video.
#[derive(Debug, Clone, FromRow)]
pub struct EarlierReport {
    pub ref_key: RefKey,
    pub report_number: String,
    #[sqlx(rename = "status_code")]
    pub status: ReportStatus,
    #[sqlx(rename = "submission_id")]
    pub submission: SubmissionId,
    #[sqlx(rename = "video_id")]
    pub video: VideoId,
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub received_at: Timestamp,
    #[sqlx(flatten, try_from = "StatedPlace")]
    pub place: Option<Place>,
    #[sqlx(try_from = "Stored<Option<u64>>")]
    pub duration_ms: Option<u64>,
    #[sqlx(try_from = "Stored<Option<VideoCodec>>")]
    pub codec: Option<VideoCodec>,
}

/// An entry of a video's custody.
#[derive(Debug, Clone, FromRow)]
pub struct LogEntry {
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub at: Timestamp,
    /// Such as `person:153`.
    pub actor: String,
    pub action: String,
    pub detail: String,
    /// How often; 0: not counted.
    #[sqlx(try_from = "Stored<u64>")]
    pub views: u64,
    #[sqlx(try_from = "Stored<Option<Timestamp>>")]
    pub last_at: Option<Timestamp>,
}

impl Database {
    /// A report of `company`, or of any.
    pub async fn reviewed_report(
        &self,
        company: Option<CompanyId>,
        ref_key: RefKey,
        now: Timestamp,
    ) -> Result<Option<ReviewedReport>, DatabaseError> {
        let mut statement = Statement::new(ROW_COLUMNS);
        statement.push(
            ", r.starts_at, r.finishes_at, r.reject_reason, r.rejection, r.decided_at, \
             r.decided_by, COALESCE(t.instructions, '') AS instructions FROM reports r",
        );
        statement.push(JOIN_VEHICLE).push(ROW_JOINS).bind(&now);
        statement.push(" WHERE r.deleted = 0 AND r.ref_key = ").bind(&ref_key);
        if let Some(company) = company {
            statement.push(" AND r.company_id = ").bind(&company);
        }
        statement.optional(&self.pool).await
    }

    /// The latest submission of a report.
    pub async fn reviewed_submission(
        &self,
        ref_key: RefKey,
    ) -> Result<Option<ReviewedSubmission>, DatabaseError> {
        let sql = format!(
            "SELECT {SUBMISSION_COLUMNS}, s.person_id, s.device, \
             TRIM(COALESCE(p.first_name, s.link_name) || ' ' || COALESCE(p.last_name, '')) \
             AS sender_name, COALESCE(p.mobile, s.link_mobile) AS sender_mobile FROM reports r \
             JOIN submissions s ON s.id = r.latest_submission JOIN videos v ON v.id = s.video_id \
             LEFT JOIN people p ON p.id = s.person_id WHERE r.ref_key = $1"
        );
        query(AssertSqlSafe(sql), params![ref_key]).optional(&self.pool).await
    }

    /// Other reports of the same vehicle whose latest video was received before this one's, latest first.
    pub async fn earlier_reports(
        &self,
        row: &QueueRow,
    ) -> Result<Vec<EarlierReport>, DatabaseError> {
        let Some(vehicle) = row.vehicle else { return Ok(Vec::new()) };
        let before = row.received_at.map_or(i64::MAX, Timestamp::as_microsecond);
        let sql = "SELECT r.ref_key, r.report_number, r.status_code, s.id AS submission_id, \
            s.video_id, s.received_at, s.lat_e8, s.long_e8, s.duration_ms, r.codec FROM reports r \
            JOIN submissions s ON s.id = r.latest_submission WHERE r.company_id = $1 \
            AND r.vehicle_guid = $2 AND r.deleted = 0 AND r.ref_key <> $3 AND s.received_at <= $4 \
            ORDER BY s.received_at DESC, r.ref_key LIMIT $5";
        query(sql, params![row.company, vehicle, row.ref_key, before, MAX_EARLIER])
            .all(&self.pool)
            .await
    }

    /// The latest custody entries of a video, latest first.
    pub async fn custody_log(&self, video: VideoId) -> Result<Vec<LogEntry>, DatabaseError> {
        let sql = "SELECT at, actor, action, detail, views, last_at FROM custody \
            WHERE video_id = $1 ORDER BY at DESC, id DESC LIMIT $2";
        query(sql, params![video, MAX_ENTRIES]).all(&self.pool).await
    }

    /// The names of these people.
    pub async fn names_of(
        &self,
        people: &BTreeSet<PersonId>,
    ) -> Result<BTreeMap<PersonId, String>, DatabaseError> {
        if people.is_empty() {
            return Ok(BTreeMap::new());
        }
        let these = placeholders(1, people.len());
        let sql = format!(
            "SELECT id, TRIM(first_name || ' ' || last_name) AS name FROM people WHERE id IN ({these})"
        );
        let values = people.iter().map(ToValue::to_value).collect();
        let names: Vec<(PersonId, String)> =
            query(AssertSqlSafe(sql), values).unprepared().all(&self.pool).await?;
        Ok(names.into_iter().collect())
    }
}
