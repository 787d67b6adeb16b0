//! Requests for one-time codes (E1). A code is nowhere: it is made from the challenge's id.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::{Biin, ChallengeId, CompanyId, DeviceId, Role};

/// A request for a code, with what a mail about it says (Q5).
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct ChallengeRow {
    /// Its id, from which the code is made.
    pub id: ChallengeId,
    /// Whose mailbox it goes to; the lessor's number stands for a BIN nobody has: no mail (S1).
    #[sqlx(rename = "company_id")]
    pub company: CompanyId,
    /// BIN or IIN.
    pub biin: String,
    /// The company's name; empty when there is none.
    #[sqlx(rename = "name")]
    pub company_name: String,
    /// The company's mail address as it is now; empty when there is none.
    pub email: String,
    /// As whom somebody wants to come in.
    pub role: Role,
    /// Their telephone as given; a director's request has none.
    pub mobile: String,
    /// Their first name as given; a director's request has none.
    pub first_name: String,
    /// Their device.
    pub uuid: String,
    /// When the code was asked for.
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub created_at: Timestamp,
    /// Until when the code is good.
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub expires_at: Timestamp,
    /// Whether the code still opens: neither used, nor burned, nor replaced.
    #[sqlx(try_from = "Stored<bool>")]
    pub open: bool,
}

/// The latest request of a device, as far as a code is compared with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct LatestChallenge {
    /// Its id.
    pub id: ChallengeId,
    /// Until when the code is good.
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub expires_at: Timestamp,
    /// Whether the code still opens.
    #[sqlx(try_from = "Stored<bool>")]
    pub open: bool,
}

impl Database {
    /// The latest request for a code of this BIN from this device (S6). At most one is open, and it is
    /// the latest whatever the clocks of the nodes that made them say.
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

    /// A wrong code was given: at the `most`th one the right one opens no more (S4).
    pub async fn count_wrong_code(&self, id: ChallengeId, most: u32) -> Result<(), DatabaseError> {
        let sql = "UPDATE challenges SET wrong_codes = wrong_codes + 1, \
            used = CASE WHEN wrong_codes + 1 >= $1 THEN 2 ELSE used END WHERE id = $2 AND used = 0";
        query(sql, params![most, id]).run(&self.pool).await
    }

    /// A request for a code.
    pub async fn challenge(&self, id: ChallengeId) -> Result<Option<ChallengeRow>, DatabaseError> {
        let sql = "SELECT h.id, h.company_id, h.biin, COALESCE(c.name, '') AS name, \
            COALESCE(c.email, '') AS email, h.role, h.mobile, h.first_name, h.uuid, h.created_at, \
            h.expires_at, CAST(CASE WHEN h.used = 0 THEN 1 ELSE 0 END AS BIGINT) AS open \
            FROM challenges h LEFT JOIN companies c ON c.id = h.company_id AND h.company_id <> 0 \
            WHERE h.id = $1";
        query(sql, params![id]).optional(&self.pool).await
    }
}
