//! Vehicles and reports.

use std::slice;

use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::database::error::DatabaseError;
use crate::database::pool::{Database, Write};
use crate::database::rows::{micros, number, optional, optional_time, parsed, time, unreadable};
use crate::model::plausibility::ReportWindow;
use crate::model::{CompanyId, Digest, NEVER_DUE, RefKey, ReportStatus, TypeCode, VehicleGuid};

/// A vehicle to be recorded.
#[derive(Debug, Clone)]
pub struct NewVehicle {
    /// Its key in 1C.
    pub guid: VehicleGuid,
    /// Whose it is.
    pub company: CompanyId,
    /// Plate, as given.
    pub plate_number: String,
    /// VIN, as given.
    pub vin_code: String,
    /// The key of its type in 1C.
    pub type_code: TypeCode,
}

/// A report to be recorded.
#[derive(Debug, Clone)]
pub struct NewReport {
    /// Its key.
    pub ref_key: RefKey,
    /// Whose it is.
    pub company: CompanyId,
    /// Of which vehicle.
    pub vehicle: VehicleGuid,
    /// Its number, as given.
    pub report_number: String,
    /// Its contract, as given.
    pub contract_number: String,
    /// First day, if it has one.
    pub starts_at: Option<Timestamp>,
    /// Deadline as given, if it has one.
    pub finishes_at: Option<Timestamp>,
    /// From when on it is overdue: [`crate::model::due_at`] of the deadline.
    pub due_at: Timestamp,
    /// Its state.
    pub status: ReportStatus,
    /// Why it was rejected, when it was.
    pub reject_reason: String,
}

/// A report, as an upload needs to know it.
#[derive(Debug, Clone)]
pub struct ReportRow {
    /// Its key.
    pub ref_key: RefKey,
    /// Whose it is.
    pub company: CompanyId,
    /// Of which vehicle.
    pub vehicle: VehicleGuid,
    /// Its state.
    pub status: ReportStatus,
    /// The hash of the latest video it received.
    pub held: Option<Digest>,
    /// When it wants to be filmed.
    pub window: ReportWindow,
}

impl Database {
    /// Records a vehicle; one that is there already stays as it is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_vehicle(&self, new: &NewVehicle) -> Result<(), DatabaseError> {
        sqlx::query(
            "INSERT INTO vehicles (guid, company_id, plate_number, vin_code, type_code) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        )
        .bind(new.guid.to_string())
        .bind(new.company.0)
        .bind(new.plate_number.as_str())
        .bind(new.vin_code.as_str())
        .bind(new.type_code.to_string())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Records a report; one that is there already stays as it is.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_report(&self, new: &NewReport) -> Result<(), DatabaseError> {
        self.add_reports(slice::from_ref(new)).await
    }

    /// Records all of these reports, or none; those that are there already stay as they are.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_reports(&self, new: &[NewReport]) -> Result<(), DatabaseError> {
        let mut write = self.write().await?;
        for report in new {
            insert(&mut write, report).await?;
        }
        Ok(write.commit().await?)
    }

    /// Gives reports that are there the dates of these; nothing else of them changes.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn date_reports(&self, dated: &[NewReport]) -> Result<(), DatabaseError> {
        let mut write = self.write().await?;
        for report in dated {
            sqlx::query(
                "UPDATE reports SET starts_at = $1, finishes_at = $2, due_at = $3 \
                 WHERE ref_key = $4",
            )
            .bind(micros(report.starts_at))
            .bind(micros(report.finishes_at))
            .bind(report.due_at.as_microsecond())
            .bind(report.ref_key.to_string())
            .execute(&mut *write)
            .await?;
        }
        Ok(write.commit().await?)
    }

    /// A report, with the hash of what it holds.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn report(&self, ref_key: RefKey) -> Result<Option<ReportRow>, DatabaseError> {
        let row = sqlx::query(
            "SELECT r.company_id, r.vehicle_guid, r.status_code, r.starts_at, r.due_at, \
             COALESCE(v.sha256, '') AS sha256 FROM reports r \
             LEFT JOIN submissions s ON s.ref_key = r.ref_key LEFT JOIN videos v ON v.id = s.video_id \
             WHERE r.ref_key = $1 AND r.deleted = 0 ORDER BY s.turn DESC LIMIT 1",
        )
        .bind(ref_key.to_string())
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(|row| read(ref_key, row)).transpose()
    }

    /// The open reports of a company, oldest key first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_reports(&self, company: CompanyId) -> Result<Vec<ReportRow>, DatabaseError> {
        let rows = sqlx::query(
            "SELECT ref_key, company_id, vehicle_guid, status_code, starts_at, due_at, '' AS sha256 \
             FROM reports WHERE company_id = $1 AND status_code IN (1, 4) AND deleted = 0 ORDER BY ref_key",
        )
        .bind(company.0)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(|row| read(parsed(row, "ref_key")?, row)).collect()
    }

    /// Sets a report's state: a decision, or a new round.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn set_report_status(
        &self,
        ref_key: RefKey,
        status: ReportStatus,
    ) -> Result<(), DatabaseError> {
        sqlx::query("UPDATE reports SET status_code = $1 WHERE ref_key = $2")
            .bind(status.code())
            .bind(ref_key.to_string())
            .execute(&self.pool)
            .await?;
        Ok(())
    }
}

async fn insert(write: &mut Write, new: &NewReport) -> Result<(), DatabaseError> {
    sqlx::query(
        "INSERT INTO reports (ref_key, company_id, vehicle_guid, report_number, \
         contract_number, starts_at, finishes_at, due_at, status_code, reject_reason) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING",
    )
    .bind(new.ref_key.to_string())
    .bind(new.company.0)
    .bind(new.vehicle.to_string())
    .bind(new.report_number.as_str())
    .bind(new.contract_number.as_str())
    .bind(micros(new.starts_at))
    .bind(micros(new.finishes_at))
    .bind(new.due_at.as_microsecond())
    .bind(new.status.code())
    .bind(new.reject_reason.as_str())
    .execute(&mut **write)
    .await?;
    Ok(())
}

fn read(ref_key: RefKey, row: &AnyRow) -> Result<ReportRow, DatabaseError> {
    let code = number(row, "status_code")?;
    Ok(ReportRow {
        ref_key,
        company: CompanyId(number(row, "company_id")?),
        vehicle: parsed(row, "vehicle_guid")?,
        status: ReportStatus::try_from(code).map_err(|_| unreadable("status_code", &code))?,
        held: optional(row, "sha256")?,
        window: ReportWindow {
            starts_at: optional_time(row, "starts_at")?,
            due_at: Some(time(row, "due_at")?).filter(|due| *due < NEVER_DUE),
        },
    })
}
