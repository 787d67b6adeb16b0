//! The employees of a company, listed and deleted (E4, E5), and the profile of a person (E2).

use sqlx::FromRow;

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::outbox::messages::EnqueueContext;
use crate::database::outbox::pushes::push_revoked;
use crate::database::pool::{Database, Write};
use crate::database::statement::query;
use crate::model::{CompanyId, Person, PersonId, SessionId};

use super::sessions::EndReason;

/// An employee in the director's list (E4).
#[derive(Debug, Clone, FromRow)]
pub struct ListedEmployee {
    pub id: PersonId,
    pub first_name: String,
    pub mobile: String,
}

/// The profile of a person (E2).
#[derive(Debug, Clone, FromRow)]
pub struct ProfileRow {
    pub mobile: String,
    /// The mail address of the person, or else of the company.
    pub email: String,
    pub first_name: String,
    pub last_name: String,
    /// Father's name.
    pub patronic_name: String,
    /// BIN or IIN of the company.
    pub biin: String,
    pub company_name: String,
}

/// The outcome of deleting an employee.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeletionOutcome {
    Deleted,
    /// There is no such active person in this company.
    NotFound,
    /// The requesting person is no longer an active director.
    NotAllowed,
}

impl Database {
    /// At most `limit` active employees of a company after `after`, newest first.
    pub async fn employee_page(
        &self,
        company: CompanyId,
        after: Option<PersonId>,
        limit: i64,
    ) -> Result<Vec<ListedEmployee>, DatabaseError> {
        let sql = "SELECT id, first_name, mobile FROM people WHERE company_id = $1 AND id < $2 \
            AND active = 1 AND role = 'employee' ORDER BY id DESC LIMIT $3";
        query(sql, params![company, after.map_or(i64::MAX, |id| id.0), limit]).all(&self.pool).await
    }

    pub async fn profile(&self, person: PersonId) -> Result<Option<ProfileRow>, DatabaseError> {
        let sql = "SELECT p.mobile, p.first_name, p.last_name, p.patronic_name, CASE WHEN p.email \
            = '' THEN c.email ELSE p.email END AS email, c.biin, c.name AS company_name \
            FROM people p JOIN companies c ON c.id = p.company_id WHERE p.id = $1";
        query(sql, params![person]).optional(&self.pool).await
    }

    /// Deactivates a person of the director's company; the row and the submissions stay. Ends the
    /// sessions of the person and notifies their devices (Q21, S17).
    pub async fn delete_employee(
        &self,
        director: &Person,
        person: PersonId,
        context: &EnqueueContext<'_>,
    ) -> Result<DeletionOutcome, DatabaseError> {
        let mut write = self.write().await?;
        // Locks the company's row. Deletions in one company are therefore serialized, and two directors
        // cannot delete each other.
        let sql = "UPDATE companies SET active = active WHERE id = $1";
        query(sql, params![director.company]).execute(&mut write).await?;
        if !may_delete(&mut write, director).await? {
            return Ok(DeletionOutcome::NotAllowed);
        }
        let sql = "UPDATE people SET active = 0 \
            WHERE id = $1 AND company_id = $2 AND active = 1 AND role IN ('admin', 'employee')";
        let deleted = query(sql, params![person, director.company]).changes_one(&mut write).await?;
        if !deleted {
            return Ok(DeletionOutcome::NotFound);
        }
        end_sessions(&mut write, person, context).await?;
        write.commit().await?;
        Ok(DeletionOutcome::Deleted)
    }
}

async fn may_delete(write: &mut Write, director: &Person) -> Result<bool, DatabaseError> {
    let sql = "SELECT id FROM people WHERE id = $1 AND active = 1 AND role = 'admin'";
    query(sql, params![director.id]).exists(&mut *write).await
}

/// Ends every session of a person with its refresh tokens, and notifies the devices.
async fn end_sessions(
    write: &mut Write,
    person: PersonId,
    context: &EnqueueContext<'_>,
) -> Result<(), DatabaseError> {
    let sql = "UPDATE refresh_tokens SET expires_at = $1 \
        WHERE expires_at > $1 AND session_id IN (SELECT id FROM sessions WHERE person_id = $2)";
    query(sql, params![context.now, person]).execute(&mut *write).await?;
    let sql = "UPDATE sessions SET ended_at = $1, end_reason = $2 \
        WHERE person_id = $3 AND ended_at = 0 RETURNING id, fcm";
    let ended: Vec<(SessionId, String)> =
        query(sql, params![context.now, EndReason::Dismissed, person]).all(&mut *write).await?;
    for (session, fcm) in ended {
        if !fcm.is_empty() {
            push_revoked(write, session, EndReason::Dismissed.as_str(), context).await?;
        }
    }
    Ok(())
}
