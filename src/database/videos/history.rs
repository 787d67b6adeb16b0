//! The places and durations of earlier videos, for the plausibility tests.

use crate::database::column::{StatedPlace, Stored, params};
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::plausibility::{EarlierVideo, History};
use crate::model::{CompanyId, Place, VehicleGuid};

/// `whose` (`vehicle` or `company`), latitude, longitude, duration, time of receipt.
type HistoryRow = (String, i64, i64, Stored<Option<u64>>, i64);

impl Database {
    /// The latest `recent` submissions of this vehicle, and as many of its company. One statement reads
    /// the ends of two indexes.
    pub async fn history_of(
        &self,
        company: CompanyId,
        vehicle: VehicleGuid,
        recent: u32,
    ) -> Result<History, DatabaseError> {
        let sql = "SELECT * FROM (SELECT 'vehicle' AS whose, lat_e8, long_e8, duration_ms, received_at \
            FROM submissions WHERE company_id = $1 AND vehicle_guid = $2 \
            ORDER BY received_at DESC LIMIT $3) AS of_vehicle UNION ALL SELECT * \
            FROM (SELECT 'company' AS whose, lat_e8, long_e8, duration_ms, received_at FROM submissions \
            WHERE company_id = $1 ORDER BY received_at DESC LIMIT $3) AS of_company \
            ORDER BY received_at DESC";
        let rows: Vec<HistoryRow> =
            query(sql, params![company, vehicle, recent]).all(&self.pool).await?;
        let mut history = History::default();
        for (whose, lat_e8, long_e8, Stored(duration_ms), _) in rows {
            let list = if whose == "vehicle" { &mut history.vehicle } else { &mut history.company };
            let place = StatedPlace::of(Place { lat_e8, long_e8 });
            list.push(EarlierVideo { place, duration_ms });
        }
        Ok(history)
    }
}
