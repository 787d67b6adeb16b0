//! People whose account, and whose company, is active.

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::{ObjectKey, Person, PersonId};

impl Database {
    /// A person, if they and their company are active. The role comes from the database, not from the
    /// token (S18).
    pub async fn active_person(&self, id: PersonId) -> Result<Option<Person>, DatabaseError> {
        let sql = "SELECT p.id AS person_id, p.company_id, p.role FROM people p JOIN companies c \
            ON c.id = p.company_id WHERE p.id = $1 AND p.active = 1 AND c.active = 1";
        query(sql, params![id]).optional(&self.pool).await
    }

    /// The active person with this key in 1C.
    pub async fn person_with_key(&self, key: ObjectKey) -> Result<Option<Person>, DatabaseError> {
        let sql = "SELECT id FROM people WHERE ref_key = $1";
        match query(sql, params![key]).value(&self.pool).await? {
            Some(id) => self.active_person(id).await,
            None => Ok(None),
        }
    }

    /// As [`Database::active_person`], but `None` if the session of the token has ended. A session
    /// without a row does not count as ended: a row is purged only after the session's access tokens
    /// have expired.
    pub async fn active_person_in_session(
        &self,
        id: PersonId,
        session: &str,
    ) -> Result<Option<Person>, DatabaseError> {
        let sql = "SELECT p.id AS person_id, p.company_id, p.role FROM people p JOIN companies c \
            ON c.id = p.company_id WHERE p.id = $1 AND p.active = 1 AND c.active = 1 \
            AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.id = $2 AND s.ended_at > 0)";
        query(sql, params![id, session]).optional(&self.pool).await
    }
}
