//! Browser sessions, found by the hash of their cookie's secret.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::{BrowserKind, Digest, Person, PersonId, SessionId};

use super::sessions::EndReason;

/// Limit of a list of sessions. Nobody uses this many browsers.
const MOST_LISTED: i64 = 100;

/// The session of a cookie with its person. It may have ended.
#[derive(Debug, Clone, FromRow)]
pub struct BrowserSessionRow {
    pub id: SessionId,
    pub kind: BrowserKind,
    #[sqlx(flatten)]
    pub person: Person,
    /// First and last name.
    pub name: String,
    /// BIN or IIN of the company.
    pub biin: String,
    /// The device of the session.
    pub uuid: String,
    /// Whether person and company are active.
    #[sqlx(try_from = "Stored<bool>")]
    pub active: bool,
    /// The login of a reviewer; empty for drivers.
    pub login: String,
    /// The networks that the reviewer's account may be used from; empty: all.
    #[sqlx(try_from = "Stored<Vec<String>>")]
    pub networks: Vec<String>,
    /// The preferred language; empty: none.
    pub language: String,
    #[sqlx(try_from = "Stored<bool>")]
    pub single_keys: bool,
    pub undo_seconds: i64,
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub created_at: Timestamp,
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub seen_at: Timestamp,
    #[sqlx(try_from = "Stored<Option<Timestamp>>")]
    pub ended_at: Option<Timestamp>,
}

/// A browser session in the list that its owner sees.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct BrowserRow {
    pub id: SessionId,
    pub browser: String,
    pub address: String,
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub created_at: Timestamp,
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub seen_at: Timestamp,
}

impl Database {
    /// The session with this secret and its person, whether or not it has ended.
    pub async fn browser_session(
        &self,
        kind: BrowserKind,
        secret_hash: &Digest,
    ) -> Result<Option<BrowserSessionRow>, DatabaseError> {
        let sql = "SELECT s.id, s.kind, s.person_id, p.company_id, p.role, c.biin, s.uuid, \
            p.first_name || ' ' || p.last_name AS name, COALESCE(a.login, '') AS login, \
            COALESCE(a.networks, '') AS networks, \
            COALESCE(a.language, '') AS language, \
            CAST(COALESCE(a.single_keys, 1) AS BIGINT) AS single_keys, \
            CAST(COALESCE(a.undo_seconds, 0) AS BIGINT) AS undo_seconds, \
            CAST(CASE WHEN p.active = 1 AND c.active = 1 THEN 1 ELSE 0 END AS BIGINT) AS active, \
            s.created_at, s.seen_at, s.ended_at FROM sessions s \
            JOIN people p ON p.id = s.person_id JOIN companies c ON c.id = p.company_id \
            LEFT JOIN accounts a ON a.person_id = p.id AND a.person_id > 0 \
            WHERE s.secret_hash = $1 AND s.secret_hash <> '' AND s.kind = $2";
        query(sql, params![secret_hash, kind]).optional(&self.pool).await
    }

    /// Updates the last use of a session, unless it was updated after `recently`.
    pub async fn touch_browser_session(
        &self,
        id: SessionId,
        address: &str,
        now: Timestamp,
        recently: Timestamp,
    ) -> Result<(), DatabaseError> {
        let sql = "UPDATE sessions SET seen_at = $1, address = $2 \
            WHERE id = $3 AND seen_at < $4 AND ended_at = 0";
        query(sql, params![now, address, id, recently]).run(&self.unflushed).await
    }

    /// The open browser sessions of a person that were opened after `opened` and used after `used`, the last used
    /// first.
    pub async fn browser_sessions(
        &self,
        person: PersonId,
        kind: BrowserKind,
        opened: Timestamp,
        used: Timestamp,
    ) -> Result<Vec<BrowserRow>, DatabaseError> {
        let sql = "SELECT id, browser, address, created_at, seen_at FROM sessions \
            WHERE person_id = $1 AND kind = $2 AND ended_at = 0 AND created_at > $3 \
            AND seen_at > $4 ORDER BY seen_at DESC, id LIMIT $5";
        query(sql, params![person, kind, opened, used, MOST_LISTED]).all(&self.pool).await
    }

    /// Ends a browser session of a person. Returns whether it was open.
    pub async fn end_browser_session(
        &self,
        person: PersonId,
        id: SessionId,
        why: EndReason,
        now: Timestamp,
    ) -> Result<bool, DatabaseError> {
        let sql = "UPDATE sessions SET ended_at = $1, end_reason = $2 \
            WHERE id = $3 AND person_id = $4 AND kind <> '' AND ended_at = 0";
        query(sql, params![now, why, id, person]).changes_one(&self.pool).await
    }

    /// Ends the session with this secret because a new one replaces it.
    pub async fn end_browser_session_by_secret(
        &self,
        secret_hash: &Digest,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        let sql = "UPDATE sessions SET ended_at = $1, end_reason = $2 \
            WHERE secret_hash = $3 AND secret_hash <> '' AND ended_at = 0";
        query(sql, params![now, EndReason::Replaced, secret_hash]).run(&self.pool).await
    }

    /// Ends a person's other browser sessions of this kind. Returns their number.
    pub async fn end_other_browser_sessions(
        &self,
        person: PersonId,
        kind: BrowserKind,
        kept: SessionId,
        now: Timestamp,
    ) -> Result<u64, DatabaseError> {
        let sql = "UPDATE sessions SET ended_at = $1, end_reason = $2 \
            WHERE person_id = $3 AND kind = $4 AND id <> $5 AND ended_at = 0";
        query(sql, params![now, EndReason::Revoked, person, kind, kept]).execute(&self.pool).await
    }

    /// Deletes up to `limit` browser sessions of reviewers and film links that were last used before `unused`.
    /// Sessions of drivers are purged with those of apps, because they record which devices are known.
    pub async fn purge_browser_sessions(
        &self,
        unused: Timestamp,
        limit: u32,
    ) -> Result<u64, DatabaseError> {
        let sql = "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions \
            WHERE seen_at < $1 AND kind IN ('review', 'film') LIMIT $2)";
        query(sql, params![unused, limit]).execute(&self.pool).await
    }
}
