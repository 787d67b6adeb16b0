//! Devices that may sign in after the daily limit of wrong guesses has been reached.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::{CompanyId, Role};

/// Limit of a list of requests.
const MOST_LISTED: i64 = 100;

/// A device that has requested a code and has not had a session.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct WaitingDevice {
    pub uuid: String,
    pub role: Role,
    pub mobile: String,
    pub first_name: String,
    /// Its last request.
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub requested_at: Timestamp,
}

impl Database {
    /// Confirms a device of a company until this time. Returns `false` if the company is inactive.
    pub async fn confirm_device(
        &self,
        company: CompanyId,
        uuid: &str,
        until: Timestamp,
    ) -> Result<bool, DatabaseError> {
        let sql = "INSERT INTO confirmed_devices (biin, uuid, until) SELECT biin, $1, $2 \
            FROM companies WHERE id = $3 AND active = 1 AND id <> 0 \
            ON CONFLICT (biin, uuid) DO UPDATE SET until = excluded.until";
        // The WHERE clause is required: without it, SQLite parses `ON` as a join condition.
        query(sql, params![uuid, until, company]).changes_one(&self.pool).await
    }

    /// The devices that requested a code for a company since this time and are unknown there, latest
    /// first.
    pub async fn waiting_devices(
        &self,
        company: CompanyId,
        since: Timestamp,
    ) -> Result<Vec<WaitingDevice>, DatabaseError> {
        let sql = "SELECT h.uuid, h.role, h.mobile, h.first_name, h.created_at AS requested_at \
            FROM challenges h WHERE h.company_id = $1 AND h.created_at > $2 AND h.known = 0 \
            AND NOT EXISTS (SELECT 1 FROM challenges n WHERE n.company_id = $1 \
            AND n.created_at > $2 AND n.uuid = h.uuid AND (n.created_at > h.created_at \
            OR (n.created_at = h.created_at AND n.id > h.id))) \
            AND NOT EXISTS (SELECT 1 FROM sessions s JOIN people p ON p.id = s.person_id \
            WHERE s.uuid = h.uuid AND p.company_id = $1) \
            ORDER BY h.created_at DESC, h.id DESC LIMIT $3";
        query(sql, params![company, since, MOST_LISTED]).all(&self.pool).await
    }
}
