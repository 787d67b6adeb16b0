//! Vehicles and reports.

use std::slice;

use jiff::Timestamp;
use sqlx::FromRow;
use sqlx::Row as _;
use sqlx::any::AnyRow;

use crate::database::column::{Stored, params};
use crate::database::error::DatabaseError;
use crate::database::pool::{Database, Write};
use crate::database::statement::query;
use crate::model::plausibility::ReportWindow;
use crate::model::{CompanyId, Digest, NEVER_DUE, RefKey, ReportStatus, TypeCode, VehicleGuid};

/// A vehicle to be inserted.
#[derive(Debug, Clone)]
pub struct NewVehicle {
    /// Its key in 1C.
    pub guid: VehicleGuid,
    pub company: CompanyId,
    pub plate_number: String,
    pub vin_code: String,
    /// The key of its type in 1C.
    pub type_code: TypeCode,
}

/// A report to be inserted.
#[derive(Debug, Clone)]
pub struct NewReport {
    pub ref_key: RefKey,
    pub company: CompanyId,
    pub vehicle: VehicleGuid,
    pub report_number: String,
    pub contract_number: String,
    /// The first day.
    pub starts_at: Option<Timestamp>,
    /// The deadline as 1C sent it.
    pub finishes_at: Option<Timestamp>,
    /// The moment from which it is overdue: [`crate::model::due_at`] of the deadline.
    pub due_at: Timestamp,
    pub status: ReportStatus,
    /// Empty unless the report was rejected.
    pub reject_reason: String,
}

/// The columns of a report that an upload needs.
#[derive(Debug, Clone, FromRow)]
pub struct ReportRow {
    pub ref_key: RefKey,
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
    /// Inserts a vehicle. An existing one is left unchanged.
    pub async fn add_vehicle(&self, new: &NewVehicle) -> Result<(), DatabaseError> {
        let sql = "INSERT INTO vehicles (guid, company_id, plate_number, vin_code, type_code) \
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        let values = params![new.guid, new.company, new.plate_number, new.vin_code, new.type_code];
        query(sql, values).run(&self.pool).await
    }

    /// Inserts a report. An existing one is left unchanged.
    pub async fn add_report(&self, new: &NewReport) -> Result<(), DatabaseError> {
        self.add_reports(slice::from_ref(new)).await
    }

    /// Inserts reports in one transaction. Existing ones are left unchanged.
    pub async fn add_reports(&self, new: &[NewReport]) -> Result<(), DatabaseError> {
        let mut write = self.write().await?;
        for report in new {
            insert(&mut write, report).await?;
        }
        Ok(write.commit().await?)
    }

    /// Updates the dates of existing reports, and nothing else.
    pub async fn date_reports(&self, dated: &[NewReport]) -> Result<(), DatabaseError> {
        let mut write = self.write().await?;
        for report in dated {
            let sql = "UPDATE reports SET starts_at = $1, finishes_at = $2, due_at = $3 \
                WHERE ref_key = $4";
            query(
                sql,
                params![report.starts_at, report.finishes_at, report.due_at, report.ref_key],
            )
            .execute(&mut *write)
            .await?;
        }
        Ok(write.commit().await?)
    }

    /// A report, with the hash of its latest video.
    pub async fn report(&self, ref_key: RefKey) -> Result<Option<ReportRow>, DatabaseError> {
        let sql = "SELECT r.ref_key, r.company_id, r.vehicle_guid, r.status_code, r.starts_at, \
            r.due_at, COALESCE(v.sha256, '') AS sha256 FROM reports r LEFT JOIN submissions s \
            ON s.ref_key = r.ref_key LEFT JOIN videos v ON v.id = s.video_id \
            WHERE r.ref_key = $1 AND r.deleted = 0 ORDER BY s.turn DESC LIMIT 1";
        query(sql, params![ref_key]).optional(&self.pool).await
    }

    /// The reports of a company that wait for a video, ordered by key. [`ReportRow::held`] is not read.
    pub async fn open_reports(&self, company: CompanyId) -> Result<Vec<ReportRow>, DatabaseError> {
        let sql = "SELECT ref_key, company_id, vehicle_guid, status_code, starts_at, due_at, \
            '' AS sha256 FROM reports \
            WHERE company_id = $1 AND status_code IN (1, 4) AND deleted = 0 ORDER BY ref_key";
        query(sql, params![company]).all(&self.pool).await
    }

    /// Sets only the status of a report, for tests.
    pub async fn set_report_status(
        &self,
        ref_key: RefKey,
        status: ReportStatus,
    ) -> Result<(), DatabaseError> {
        let sql = "UPDATE reports SET status_code = $1 WHERE ref_key = $2";
        let values = params![status, ref_key];
        query(sql, values).run(&self.pool).await
    }
}

async fn insert(write: &mut Write, new: &NewReport) -> Result<(), DatabaseError> {
    let sql = "INSERT INTO reports (ref_key, company_id, vehicle_guid, report_number, \
        contract_number, starts_at, finishes_at, due_at, status_code, reject_reason) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING";
    let values = params![
        new.ref_key,
        new.company,
        new.vehicle,
        new.report_number,
        new.contract_number,
        new.starts_at,
        new.finishes_at,
        new.due_at,
        new.status,
        new.reject_reason
    ];
    query(sql, values).run(&mut **write).await
}

impl FromRow<'_, AnyRow> for ReportWindow {
    fn from_row(row: &AnyRow) -> sqlx::Result<Self> {
        let Stored(starts_at) = row.try_get("starts_at")?;
        let Stored(due_at): Stored<Timestamp> = row.try_get("due_at")?;
        Ok(Self { starts_at, due_at: Some(due_at).filter(|due| *due < NEVER_DUE) })
    }
}
