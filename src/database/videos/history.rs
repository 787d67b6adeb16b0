//! What earlier videos are like: those of a vehicle, and those of its company.

use sqlx::any::AnyRow;

use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::rows::{count, number, text};
use crate::model::plausibility::{EarlierVideo, History};
use crate::model::{CompanyId, Place, VehicleGuid};

impl Database {
    /// The latest `recent` submissions of this vehicle, and as many of its company. One statement: two
    /// short walks through an index from its end.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn history_of(
        &self,
        company: CompanyId,
        vehicle: VehicleGuid,
        recent: u32,
    ) -> Result<History, DatabaseError> {
        let rows = sqlx::query(
            "SELECT * FROM (SELECT 'vehicle' AS whose, lat_e8, long_e8, duration_ms, turn \
             FROM submissions WHERE company_id = $1 AND vehicle_guid = $2 \
             ORDER BY turn DESC LIMIT $3) AS of_vehicle UNION ALL \
             SELECT * FROM (SELECT 'company' AS whose, lat_e8, long_e8, duration_ms, turn \
             FROM submissions WHERE company_id = $1 ORDER BY turn DESC LIMIT $3) AS of_company \
             ORDER BY turn DESC",
        )
        .bind(company.0)
        .bind(vehicle.to_string())
        .bind(i64::from(recent))
        .fetch_all(&self.pool)
        .await?;
        let mut history = History::default();
        for row in &rows {
            let list = if text(row, "whose")? == "vehicle" {
                &mut history.vehicle
            } else {
                &mut history.company
            };
            list.push(earlier(row)?);
        }
        Ok(history)
    }
}

fn earlier(row: &AnyRow) -> Result<EarlierVideo, DatabaseError> {
    let lasts = count(row, "duration_ms")?;
    Ok(EarlierVideo {
        place: Place { lat_e8: number(row, "lat_e8")?, long_e8: number(row, "long_e8")? },
        duration_ms: Some(lasts).filter(|lasts| *lasts > 0),
    })
}
