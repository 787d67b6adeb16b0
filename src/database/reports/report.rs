//! A report, as an upload needs it.

use jiff::Timestamp;
use sqlx::any::AnyRow;
use sqlx::{AssertSqlSafe, FromRow, Row as _};

use crate::database::column::{Stored, params};
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::plausibility::ReportWindow;
use crate::model::{CompanyId, Digest, NEVER_DUE, RefKey, ReportStatus, VehicleGuid};

/// The columns of a report that an upload needs.
#[derive(Debug, Clone, FromRow)]
pub struct ReportRow {
    #[sqlx(rename = "company_id")]
    pub company: CompanyId,
    #[sqlx(rename = "vehicle_guid")]
    pub vehicle: VehicleGuid,
    #[sqlx(rename = "status_code")]
    pub status: ReportStatus,
    /// The hash of the latest video it received.
    #[sqlx(rename = "sha256", try_from = "Stored<Option<Digest>>")]
    pub held: Option<Digest>,
    #[sqlx(flatten)]
    pub window: ReportWindow,
}

impl Database {
    /// A report, with the hash of its latest video.
    pub async fn report(&self, ref_key: RefKey) -> Result<Option<ReportRow>, DatabaseError> {
        query(REPORT, params![ref_key]).optional(&self.pool).await
    }

    /// The report if it belongs to this company. One statement, so that a foreign one costs what an unknown
    /// one costs.
    pub async fn report_of(
        &self,
        company: CompanyId,
        ref_key: RefKey,
    ) -> Result<Option<ReportRow>, DatabaseError> {
        let sql = format!("{REPORT} AND r.company_id = $2");
        query(AssertSqlSafe(sql), params![ref_key, company]).optional(&self.pool).await
    }
}

const REPORT: &str = "SELECT r.company_id, r.vehicle_guid, r.status_code, r.starts_at, \
    r.due_at, COALESCE(v.sha256, '') AS sha256 FROM reports r LEFT JOIN submissions s \
    ON s.id = r.latest_submission LEFT JOIN videos v ON v.id = s.video_id \
    WHERE r.ref_key = $1 AND r.deleted = 0";

impl FromRow<'_, AnyRow> for ReportWindow {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        let Stored(starts_at) = row.try_get("starts_at")?;
        let Stored(due_at): Stored<Timestamp> = row.try_get("due_at")?;
        Ok(Self { starts_at, due_at: Some(due_at).filter(|due| *due < NEVER_DUE) })
    }
}
