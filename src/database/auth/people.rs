//! People whose account, and whose company, is active.

use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::{BrowserKind, ObjectKey, Person, PersonId};

/// The person of an access token, and the kind of its session.
#[derive(Debug, Clone, Copy, FromRow)]
pub struct ActiveCaller {
    #[sqlx(flatten)]
    pub person: Person,
    /// `None`: an app.
    #[sqlx(rename = "kind", try_from = "Stored<Option<BrowserKind>>")]
    pub browser: Option<BrowserKind>,
}

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
    ) -> Result<Option<ActiveCaller>, DatabaseError> {
        let sql = "SELECT p.id AS person_id, p.company_id, p.role, COALESCE(s.kind, '') AS kind \
            FROM people p JOIN companies c ON c.id = p.company_id \
            LEFT JOIN sessions s ON s.id = $2 WHERE p.id = $1 AND p.active = 1 AND c.active = 1 \
            AND COALESCE(s.ended_at, 0) = 0";
        query(sql, params![id, session]).optional(&self.pool).await
    }
}
