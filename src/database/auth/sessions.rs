//! Sessions of people on devices.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::{Stored, params, written_only};
use crate::database::error::DatabaseError;
use crate::database::outbox::messages::EnqueueContext;
use crate::database::outbox::pushes::push_revoked;
use crate::database::pool::{Database, Write};
use crate::database::statement::query;
use crate::model::{BrowserKind, DeviceId, Digest, Person, PersonId, SessionId, word_enum};

/// Limit of a list of sessions: more than anybody has phones.
const MOST_LISTED: i64 = 100;

/// A session to be opened.
#[derive(Debug, Clone)]
pub struct NewSession {
    pub id: SessionId,
    /// The device.
    pub device: DeviceId,
    /// Push token of the device; empty: no push.
    pub fcm: String,
    pub credential: SessionCredential,
    pub now: Timestamp,
}

/// The credential that authenticates later requests of a session.
#[derive(Debug, Clone)]
pub enum SessionCredential {
    /// The first refresh token of an app.
    RefreshToken { rti: i64, expires_at: Timestamp },
    /// The cookie of a browser.
    Cookie(BrowserCookie),
}

/// The cookie of a session, and the description of its browser in the list of sessions.
#[derive(Debug, Clone)]
pub struct BrowserCookie {
    pub kind: BrowserKind,
    pub secret_hash: Digest,
    /// Such as `Chrome, Windows`.
    pub browser: String,
    pub address: String,
}

word_enum! {
    /// Why a session has ended. The device gets this word in a push message.
    EndReason {
        /// The person has signed in again on the same device.
        Replaced = "replaced",
        /// The person has signed out.
        Logout = "logout",
        /// The person has ended it from another device.
        Revoked = "revoked",
        /// A refresh token was used twice, so it may have been copied (S16).
        TokenReused = "token_reused",
        /// The person or the company was deactivated (S17).
        Dismissed = "dismissed",
    }
}

written_only!(EndReason);

/// A session as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq, FromRow)]
pub struct SessionRow {
    pub id: SessionId,
    /// The device.
    pub uuid: String,
    #[sqlx(try_from = "Stored<bool>")]
    pub has_push_token: bool,
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub created_at: Timestamp,
    /// The last sign-in or refresh.
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub seen_at: Timestamp,
}

impl Database {
    /// Opens a session for an existing person. Returns the BIN or IIN of the company, or `None` if the
    /// person or the company is inactive.
    pub async fn open_session(
        &self,
        person: &Person,
        new: &NewSession,
    ) -> Result<Option<String>, DatabaseError> {
        let mut write = self.write().await?;
        let sql = "SELECT c.biin FROM people p JOIN companies c ON c.id = p.company_id \
            WHERE p.id = $1 AND p.active = 1 AND c.active = 1";
        let biin = query(sql, params![person.id]).value(&mut write).await?;
        if biin.is_none() {
            return Ok(None);
        }
        open(&mut write, person.id, new).await?;
        write.commit().await?;
        Ok(biin)
    }

    /// The open sessions of a person that were used since `since`, latest first.
    pub async fn active_sessions(
        &self,
        person: PersonId,
        since: Timestamp,
    ) -> Result<Vec<SessionRow>, DatabaseError> {
        let sql = "SELECT id, uuid, CAST(CASE fcm WHEN '' THEN 0 ELSE 1 END AS BIGINT) AS \
            has_push_token, created_at, seen_at FROM sessions WHERE person_id = $1 \
            AND ended_at = 0 AND seen_at > $2 ORDER BY seen_at DESC, id LIMIT $3";
        query(sql, params![person, since, MOST_LISTED]).all(&self.pool).await
    }

    /// Ends a session of this person. Returns whether it was open. With `notify`, its device gets a push
    /// notification.
    pub async fn end_session(
        &self,
        person: PersonId,
        id: SessionId,
        why: EndReason,
        notify: bool,
        context: &EnqueueContext<'_>,
    ) -> Result<bool, DatabaseError> {
        let mut write = self.write().await?;
        let ended = end(&mut write, person, id, why, notify, context).await?;
        write.commit().await?;
        Ok(ended)
    }
}

/// Opens a session. An older one of the same person on the same device ends.
pub(super) async fn open(
    write: &mut Write,
    person: PersonId,
    new: &NewSession,
) -> Result<(), DatabaseError> {
    let now = new.now.as_microsecond();
    let sql = "UPDATE sessions SET ended_at = $1, end_reason = $2 \
        WHERE person_id = $3 AND uuid = $4 AND ended_at = 0";
    query(sql, params![now, EndReason::Replaced, person, new.device]).execute(&mut *write).await?;
    claim_push_token(write, &new.fcm, new.id).await?;
    insert(write, person, new).await?;
    match new.credential {
        SessionCredential::Cookie(_) => Ok(()),
        SessionCredential::RefreshToken { rti, expires_at } => {
            add_refresh_token(write, new.id, rti, new.now, expires_at).await
        }
    }
}

async fn insert(
    write: &mut Write,
    person: PersonId,
    new: &NewSession,
) -> Result<(), DatabaseError> {
    let sql = "INSERT INTO sessions (id, person_id, uuid, fcm, kind, secret_hash, browser, address, \
        created_at, seen_at, ended_at, end_reason) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9, 0, '')";
    let (kind, hash, browser, address) = match &new.credential {
        SessionCredential::RefreshToken { .. } => ("", String::new(), "", ""),
        SessionCredential::Cookie(cookie) => {
            let BrowserCookie { kind, secret_hash, browser, address } = cookie;
            (kind.as_str(), secret_hash.to_string(), browser.as_str(), address.as_str())
        }
    };
    let NewSession { id, device, fcm, now, .. } = new;
    query(sql, params![id, person, device, fcm, kind, hash, browser, address, now])
        .run(&mut *write)
        .await
}

/// Inserts an unused refresh token.
pub(super) async fn add_refresh_token(
    write: &mut Write,
    session: SessionId,
    rti: i64,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), DatabaseError> {
    let sql = "INSERT INTO refresh_tokens (rti, session_id, created_at, expires_at, used_at, \
        successor) VALUES ($1, $2, $3, $4, 0, 0)";
    query(sql, params![rti, session, now, expires_at]).run(&mut *write).await
}

/// Removes a push token from all other sessions, so that a device that has changed hands gets no
/// notifications for its former owner.
pub(super) async fn claim_push_token(
    write: &mut Write,
    fcm: &str,
    session: SessionId,
) -> Result<(), DatabaseError> {
    let sql = "UPDATE sessions SET fcm = '' WHERE fcm = $1 AND fcm <> '' AND id <> $2";
    query(sql, params![fcm, session]).run(&mut *write).await
}

/// As [`Database::end_session`], within a transaction.
pub(super) async fn end(
    write: &mut Write,
    person: PersonId,
    id: SessionId,
    why: EndReason,
    notify: bool,
    context: &EnqueueContext<'_>,
) -> Result<bool, DatabaseError> {
    let sql = "UPDATE sessions SET ended_at = $1, end_reason = $2 \
        WHERE id = $3 AND person_id = $4 AND ended_at = 0 RETURNING fcm";
    let fcm: Option<String> =
        query(sql, params![context.now, why, id, person]).value(&mut *write).await?;
    let Some(fcm) = fcm else { return Ok(false) };
    if notify && !fcm.is_empty() {
        push_revoked(write, id, why.as_str(), context).await?;
    }
    Ok(true)
}

/// Ends every session of a person (S17).
pub(super) async fn end_all(
    write: &mut Write,
    person: PersonId,
    why: EndReason,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let sql = "UPDATE sessions SET ended_at = $1, end_reason = $2 \
        WHERE person_id = $3 AND ended_at = 0";
    query(sql, params![now, why, person]).run(&mut *write).await
}
