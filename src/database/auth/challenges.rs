//! Requests for one-time codes (E1). A code is nowhere: it is made from the challenge's id.

use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::rows::{number, parsed, text, time, unreadable};
use crate::model::{Biin, ChallengeId, CompanyId, DeviceId, Role};

/// A request for a code, with what a mail about it says (Q5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChallengeRow {
    /// Its id, from which the code is made.
    pub id: ChallengeId,
    /// Whose mailbox it goes to; the lessor's number stands for a BIN nobody has: no mail (S1).
    pub company: CompanyId,
    /// BIN or IIN.
    pub biin: String,
    /// The company's name; empty when there is none.
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
    pub created_at: Timestamp,
    /// Until when the code is good.
    pub expires_at: Timestamp,
    /// Whether the code still opens: neither used, nor burned, nor replaced.
    pub open: bool,
}

/// The latest request of a device, as far as a code is compared with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LatestChallenge {
    /// Its id.
    pub id: ChallengeId,
    /// Until when the code is good.
    pub expires_at: Timestamp,
    /// Whether the code still opens.
    pub open: bool,
}

impl Database {
    /// The latest request for a code of this BIN from this device (S6). At most one is open, and it is
    /// the latest whatever the clocks of the nodes that made them say.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn latest_challenge(
        &self,
        biin: &Biin,
        device: &DeviceId,
    ) -> Result<Option<LatestChallenge>, DatabaseError> {
        let row = sqlx::query(
            "SELECT id, expires_at, used FROM challenges WHERE biin = $1 AND uuid = $2 \
             ORDER BY CASE WHEN used = 0 THEN 0 ELSE 1 END, created_at DESC, id DESC LIMIT 1",
        )
        .bind(biin.as_str())
        .bind(device.as_str())
        .fetch_optional(&self.pool)
        .await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(LatestChallenge {
            id: parsed(&row, "id")?,
            expires_at: time(&row, "expires_at")?,
            open: number(&row, "used")? == 0,
        }))
    }

    /// A wrong code was given: at the `most`th one the right one opens no more (S4).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn count_wrong_code(&self, id: ChallengeId, most: u32) -> Result<(), DatabaseError> {
        sqlx::query(
            "UPDATE challenges SET wrong_codes = wrong_codes + 1, \
             used = CASE WHEN wrong_codes + 1 >= $1 THEN 2 ELSE used END WHERE id = $2 AND used = 0",
        )
        .bind(i64::from(most))
        .bind(id.to_string())
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// A request for a code.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn challenge(&self, id: ChallengeId) -> Result<Option<ChallengeRow>, DatabaseError> {
        let row = sqlx::query(
            "SELECT h.id, h.company_id, h.biin, COALESCE(c.name, '') AS name, \
             COALESCE(c.email, '') AS email, h.role, h.mobile, h.first_name, h.uuid, h.created_at, \
             h.expires_at, h.used FROM challenges h \
             LEFT JOIN companies c ON c.id = h.company_id AND h.company_id <> 0 WHERE h.id = $1",
        )
        .bind(id.to_string())
        .fetch_optional(&self.pool)
        .await?;
        row.as_ref().map(read).transpose()
    }
}

fn read(row: &AnyRow) -> Result<ChallengeRow, DatabaseError> {
    let role = text(row, "role")?;
    Ok(ChallengeRow {
        id: parsed(row, "id")?,
        company: CompanyId(number(row, "company_id")?),
        biin: text(row, "biin")?,
        company_name: text(row, "name")?,
        email: text(row, "email")?,
        role: Role::from_word(&role).ok_or_else(|| unreadable("role", &role))?,
        mobile: text(row, "mobile")?,
        first_name: text(row, "first_name")?,
        uuid: text(row, "uuid")?,
        created_at: time(row, "created_at")?,
        expires_at: time(row, "expires_at")?,
        open: number(row, "used")? == 0,
    })
}
