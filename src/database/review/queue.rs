//! Pages of the queue, by deadline and then by age, with keyset pagination in both directions.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::{Statement, query};
use crate::model::plausibility::OutcomeCounts;
use crate::model::{CompanyId, RefKey, ReportStatus, TypeCode, VehicleGuid, Verdict, VideoCodec};

use super::claims::{Claim, LivingClaim};
use super::query::{JOIN_VEHICLE, QueueQuery};

/// A report in the queue.
#[derive(Debug, Clone, FromRow)]
pub struct QueueRow {
    pub ref_key: RefKey,
    pub report_number: String,
    pub contract_number: String,
    #[sqlx(rename = "status_code")]
    pub status: ReportStatus,
    /// A decision names it.
    #[sqlx(rename = "revision")]
    pub version: i64,
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub due_at: Timestamp,
    /// Of the latest video.
    #[sqlx(try_from = "Stored<Option<Timestamp>>")]
    pub received_at: Option<Timestamp>,
    #[sqlx(rename = "company_id")]
    pub company: CompanyId,
    pub company_name: String,
    #[sqlx(rename = "vehicle_guid", try_from = "Stored<Option<VehicleGuid>>")]
    pub vehicle: Option<VehicleGuid>,
    pub plate_number: String,
    pub vin_code: String,
    #[sqlx(rename = "type_code", try_from = "Stored<Option<TypeCode>>")]
    pub vehicle_type: Option<TypeCode>,
    pub type_title: String,
    #[sqlx(try_from = "Stored<Option<VideoCodec>>")]
    pub codec: Option<VideoCodec>,
    #[sqlx(try_from = "Stored<Option<u64>>")]
    pub duration_ms: Option<u64>,
    #[sqlx(rename = "verdicts", try_from = "Stored<Vec<Verdict>>")]
    pub outcomes: OutcomeCounts,
    #[sqlx(flatten, try_from = "LivingClaim")]
    pub claim: Option<Claim>,
    /// Whether a decision waits to take effect.
    #[sqlx(try_from = "Stored<bool>")]
    pub is_pending: bool,
}

impl From<Stored<Vec<Verdict>>> for OutcomeCounts {
    fn from(verdicts: Stored<Vec<Verdict>>) -> Self {
        Self::of(&verdicts.0)
    }
}

/// The columns of a [`QueueRow`].
pub(super) const ROW_COLUMNS: &str = "SELECT r.ref_key, r.report_number, r.contract_number, \
    r.status_code, r.revision, r.due_at, r.received_at, r.company_id, \
    COALESCE(c.name, '') AS company_name, r.vehicle_guid, \
    COALESCE(v.plate_number, '') AS plate_number, COALESCE(v.vin_code, '') AS vin_code, \
    COALESCE(v.type_code, '') AS type_code, COALESCE(t.title, '') AS type_title, r.codec, \
    COALESCE(s.duration_ms, 0) AS duration_ms, COALESCE(s.verdicts, '') AS verdicts, \
    COALESCE(k.person_id, 0) AS claim_person, COALESCE(k.name, '') AS claim_name, \
    COALESCE(k.since, 0) AS claim_since, COALESCE(k.until, 0) AS claim_until, \
    CAST(CASE WHEN EXISTS (SELECT 1 FROM console_decisions d WHERE d.ref_key = r.ref_key \
    AND d.state = 'pending') THEN 1 ELSE 0 END AS BIGINT) AS is_pending";

/// The joins of [`ROW_COLUMNS`] except the vehicle; the value of the last condition is the time.
pub(super) const ROW_JOINS: &str = " LEFT JOIN vehicle_types t ON t.code = v.type_code \
    LEFT JOIN companies c ON c.id = r.company_id \
    LEFT JOIN submissions s ON s.id = r.latest_submission \
    LEFT JOIN claims k ON k.ref_key = r.ref_key AND k.until > ";

/// The place of a report in the order of the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct QueueCursor {
    /// In microseconds.
    pub due_at: i64,
    /// In microseconds.
    pub received_at: i64,
    pub ref_key: RefKey,
}

/// Where a page begins or ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PageAt {
    First,
    After(QueueCursor),
    /// The page ends before this place.
    Before(QueueCursor),
}

/// A company whose reports can be reviewed.
#[derive(Debug, Clone, FromRow)]
pub struct CompanyChoice {
    pub id: CompanyId,
    pub biin: String,
    pub name: String,
}

#[derive(Debug, Clone, FromRow)]
pub struct TypeChoice {
    pub code: TypeCode,
    pub title: String,
}

impl QueueRow {
    pub fn cursor(&self) -> QueueCursor {
        QueueCursor {
            due_at: self.due_at.as_microsecond(),
            received_at: self.received_at.map_or(0, Timestamp::as_microsecond),
            ref_key: self.ref_key,
        }
    }
}

impl QueueCursor {
    /// Appends the condition that report `r` stands behind (`>`) or before (`<`) this place.
    pub(super) fn push(&self, statement: &mut Statement, sign: &str) {
        statement.push(&format!(" AND (r.due_at, r.received_at, r.ref_key) {sign} ("));
        statement.bind(&self.due_at).push(", ").bind(&self.received_at);
        statement.push(", ").bind(&self.ref_key).push(")");
    }
}

/// The order of the queue; `direction` is empty or ` DESC`.
pub(super) fn push_order(statement: &mut Statement, direction: &str, limit: i64) {
    let order = format!("r.due_at{direction}, r.received_at{direction}, r.ref_key{direction}");
    statement.push(&format!(" ORDER BY {order} LIMIT ")).bind(&limit);
}

impl Database {
    /// At most `limit` rows of the queue at this place, in its order.
    pub async fn queue_page(
        &self,
        wanted: &QueueQuery,
        at: PageAt,
        limit: i64,
        now: Timestamp,
    ) -> Result<Vec<QueueRow>, DatabaseError> {
        let mut rows: Vec<QueueRow> = page(wanted, at, limit, now).all(&self.pool).await?;
        if matches!(at, PageAt::Before(_)) {
            rows.reverse();
        }
        Ok(rows)
    }

    /// The query plan of a page, for measurements.
    pub async fn queue_plan(
        &self,
        wanted: &QueueQuery,
        limit: i64,
        now: Timestamp,
    ) -> Result<Vec<String>, DatabaseError> {
        page(wanted, PageAt::First, limit, now).plan(self.kind, &self.pool).await
    }

    /// The place of a report of `company`, or of any.
    pub async fn queue_cursor(
        &self,
        company: Option<CompanyId>,
        ref_key: RefKey,
    ) -> Result<Option<QueueCursor>, DatabaseError> {
        let sql = "SELECT due_at, received_at, ref_key FROM reports \
            WHERE ref_key = $1 AND deleted = 0 AND ($2 < 0 OR company_id = $2)";
        let company = company.map_or(-1, |company| company.0);
        query(sql, params![ref_key, company]).optional(&self.pool).await
    }

    /// Whether a report of `company`, or of any, exists.
    pub async fn has_report(
        &self,
        company: Option<CompanyId>,
        ref_key: RefKey,
    ) -> Result<bool, DatabaseError> {
        let sql = "SELECT 1 FROM reports \
            WHERE ref_key = $1 AND deleted = 0 AND ($2 < 0 OR company_id = $2)";
        let company = company.map_or(-1, |company| company.0);
        query(sql, params![ref_key, company]).exists(&self.pool).await
    }

    /// At most `limit` customers by name; only `company` if it is given.
    pub async fn company_choices(
        &self,
        company: Option<CompanyId>,
        limit: u32,
    ) -> Result<Vec<CompanyChoice>, DatabaseError> {
        let sql = "SELECT id, biin, name FROM companies WHERE active = 1 AND biin <> '' \
            AND ($1 < 0 OR id = $1) ORDER BY name, id LIMIT $2";
        let company = company.map_or(-1, |company| company.0);
        query(sql, params![company, limit]).all(&self.pool).await
    }

    /// At most `limit` vehicle types by title.
    pub async fn type_choices(&self, limit: u32) -> Result<Vec<TypeChoice>, DatabaseError> {
        let sql = "SELECT code, title FROM vehicle_types WHERE deleted = 0 \
            ORDER BY title, code LIMIT $1";
        query(sql, params![limit]).all(&self.pool).await
    }
}

fn page(wanted: &QueueQuery, at: PageAt, limit: i64, now: Timestamp) -> Statement {
    let mut statement = Statement::new(ROW_COLUMNS);
    wanted.push_source(&mut statement, JOIN_VEHICLE);
    statement.push(ROW_JOINS).bind(&now);
    wanted.push_conditions(&mut statement);
    let direction = match at {
        PageAt::First => "",
        PageAt::After(cursor) => {
            cursor.push(&mut statement, ">");
            ""
        }
        PageAt::Before(cursor) => {
            cursor.push(&mut statement, "<");
            " DESC"
        }
    };
    push_order(&mut statement, direction, limit);
    statement
}
