//! Requests for one-time codes (E1). The code itself is not stored: it is derived from the challenge's
//! id.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::{Biin, ChallengeId, CompanyId, DeviceId, GuessRule, Role};

/// A request for a code, with the values that its mail contains (Q5).
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ChallengeRow {
    /// The code is derived from it.
    pub id: ChallengeId,
    /// The company whose mailbox gets the code. [`CompanyId::LESSOR`] stands for an unknown BIN, for
    /// which no mail is sent (S1).
    #[sqlx(rename = "company_id")]
    pub company: CompanyId,
    pub biin: String,
    /// Empty for an unknown BIN.
    #[sqlx(rename = "name")]
    pub company_name: String,
    /// The company's current mail address; may be empty.
    pub email: String,
    /// The role that the requester asks for.
    pub role: Role,
    /// As typed; empty for a director.
    pub mobile: String,
    /// As typed; empty for a director.
    pub first_name: String,
    /// The device that requested the code.
    pub uuid: String,
    pub guess_rule: GuessRule,
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub created_at: Timestamp,
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub expires_at: Timestamp,
    /// Whether the code can still be used: it is neither used, nor blocked after wrong guesses, nor
    /// replaced by a newer one.
    #[sqlx(try_from = "Stored<bool>")]
    pub open: bool,
}

/// The latest request of a device, with the columns that a sign-in needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct LatestChallenge {
    pub id: ChallengeId,
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub expires_at: Timestamp,
    /// As [`ChallengeRow::open`].
    #[sqlx(try_from = "Stored<bool>")]
    pub open: bool,
}

impl Database {
    /// The open request for a code of this BIN from this device (at most one), or else the latest one (S6).
    /// Whether it is open is compared before `created_at`, because the clocks of nodes differ.
    pub async fn latest_challenge(
        &self,
        biin: &Biin,
        device: &DeviceId,
    ) -> Result<Option<LatestChallenge>, DatabaseError> {
        let sql = "SELECT id, expires_at, CAST(CASE WHEN used = 0 THEN 1 ELSE 0 \
            END AS BIGINT) AS open FROM challenges WHERE biin = $1 AND uuid = $2 \
            ORDER BY CASE WHEN used = 0 THEN 0 ELSE 1 END, created_at DESC, id DESC LIMIT 1";
        query(sql, params![biin, device]).optional(&self.pool).await
    }

    pub async fn challenge(&self, id: ChallengeId) -> Result<Option<ChallengeRow>, DatabaseError> {
        let sql = "SELECT h.id, h.company_id, h.biin, COALESCE(c.name, '') AS name, \
            COALESCE(c.email, '') AS email, h.role, h.mobile, h.first_name, h.uuid, h.guess_rule, h.created_at, \
            h.expires_at, CAST(CASE WHEN h.used = 0 THEN 1 ELSE 0 END AS BIGINT) AS open \
            FROM challenges h LEFT JOIN companies c ON c.id = h.company_id AND h.company_id <> 0 \
            WHERE h.id = $1";
        query(sql, params![id]).optional(&self.pool).await
    }
}
