//! Sign-ins of people on devices.

use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::database::error::DatabaseError;
use crate::database::outbox::messages::EnqueueContext;
use crate::database::outbox::pushes::push_revoked;
use crate::database::pool::{Database, Write};
use crate::database::rows::{parsed, text, time};
use crate::model::{DeviceId, Person, PersonId, SessionId};

/// Most sessions that are listed: nobody has that many phones.
const MOST_LISTED: i64 = 100;

/// A session to be opened, with its first refresh token.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its id.
    pub id: SessionId,
    /// The device.
    pub device: DeviceId,
    /// Where the device is told; empty: nowhere.
    pub fcm: String,
    /// The number of its first refresh token.
    pub rti: i64,
    /// Until when that one is good.
    pub expires_at: Timestamp,
    /// The present moment.
    pub now: Timestamp,
}

/// Why a session has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EndReason {
    /// The person has signed in again on the same device.
    Replaced,
    /// The person has signed out.
    Logout,
    /// The person has ended it from another device.
    Revoked,
    /// A refresh token of it came twice: somebody may have a copy (S16).
    TokenReused,
    /// The person may no longer act (S17).
    Dismissed,
}

impl EndReason {
    /// The word in the database and in what the device is told.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Replaced => "replaced",
            Self::Logout => "logout",
            Self::Revoked => "revoked",
            Self::TokenReused => "token_reused",
            Self::Dismissed => "dismissed",
        }
    }
}

/// A session as its owner sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    /// Its id.
    pub id: SessionId,
    /// The device.
    pub uuid: String,
    /// Whether the device is told of things.
    pub has_push_token: bool,
    /// When the person signed in.
    pub created_at: Timestamp,
    /// When a token was last got.
    pub seen_at: Timestamp,
}

impl Database {
    /// Opens a session for a person, who is known already: the BIN or IIN of their company, if both
    /// may act.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn open_session(
        &self,
        person: &Person,
        new: &NewSession,
    ) -> Result<Option<String>, DatabaseError> {
        let mut write = self.write().await?;
        let row = sqlx::query(
            "SELECT c.biin FROM people p JOIN companies c ON c.id = p.company_id \
             WHERE p.id = $1 AND p.active = 1 AND c.active = 1",
        )
        .bind(person.id.0)
        .fetch_optional(&mut *write)
        .await?;
        let Some(row) = row else { return Ok(None) };
        open(&mut write, person.id, new).await?;
        write.commit().await?;
        text(&row, "biin").map(Some)
    }

    /// The open sessions of a person that were used since, latest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn active_sessions(
        &self,
        person: PersonId,
        since: Timestamp,
    ) -> Result<Vec<SessionRow>, DatabaseError> {
        let rows = sqlx::query(
            "SELECT id, uuid, fcm, created_at, seen_at FROM sessions \
             WHERE person_id = $1 AND ended_at = 0 AND seen_at > $2 \
             ORDER BY seen_at DESC, id LIMIT $3",
        )
        .bind(person.0)
        .bind(since.as_microsecond())
        .bind(MOST_LISTED)
        .fetch_all(&self.pool)
        .await?;
        rows.iter().map(session).collect()
    }

    /// Ends a session of this person: `true` when it was open. With `notify`, its device gets a message.
    ///
    /// # Errors
    /// When the database fails.
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
    sqlx::query(
        "UPDATE sessions SET ended_at = $1, end_reason = $2 \
         WHERE person_id = $3 AND uuid = $4 AND ended_at = 0",
    )
    .bind(now)
    .bind(EndReason::Replaced.as_str())
    .bind(person.0)
    .bind(new.device.as_str())
    .execute(&mut **write)
    .await?;
    take_over(write, &new.fcm, new.id).await?;
    sqlx::query(
        "INSERT INTO sessions (id, person_id, uuid, fcm, created_at, seen_at, ended_at, end_reason) \
         VALUES ($1, $2, $3, $4, $5, $5, 0, '')",
    )
    .bind(new.id.to_string())
    .bind(person.0)
    .bind(new.device.as_str())
    .bind(new.fcm.as_str())
    .bind(now)
    .execute(&mut **write)
    .await?;
    add_refresh_token(write, new.id, new.rti, new.now, new.expires_at).await
}

/// Records a refresh token that has not been used.
pub(super) async fn add_refresh_token(
    write: &mut Write,
    session: SessionId,
    rti: i64,
    now: Timestamp,
    expires_at: Timestamp,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "INSERT INTO refresh_tokens (rti, session_id, created_at, expires_at, used_at, successor) \
         VALUES ($1, $2, $3, $4, 0, 0)",
    )
    .bind(rti)
    .bind(session.to_string())
    .bind(now.as_microsecond())
    .bind(expires_at.as_microsecond())
    .execute(&mut **write)
    .await?;
    Ok(())
}

/// What is told there is for this session alone: a device that has changed hands hears nothing that
/// is for its former owner.
pub(super) async fn take_over(
    write: &mut Write,
    fcm: &str,
    session: SessionId,
) -> Result<(), DatabaseError> {
    sqlx::query("UPDATE sessions SET fcm = '' WHERE fcm = $1 AND fcm <> '' AND id <> $2")
        .bind(fcm)
        .bind(session.to_string())
        .execute(&mut **write)
        .await?;
    Ok(())
}

/// Ends a session of this person: `true` when it was open.
pub(super) async fn end(
    write: &mut Write,
    person: PersonId,
    id: SessionId,
    why: EndReason,
    notify: bool,
    context: &EnqueueContext<'_>,
) -> Result<bool, DatabaseError> {
    let ended = sqlx::query(
        "UPDATE sessions SET ended_at = $1, end_reason = $2 \
         WHERE id = $3 AND person_id = $4 AND ended_at = 0 RETURNING fcm",
    )
    .bind(context.now.as_microsecond())
    .bind(why.as_str())
    .bind(id.to_string())
    .bind(person.0)
    .fetch_optional(&mut **write)
    .await?;
    let Some(row) = ended else { return Ok(false) };
    if notify && !text(&row, "fcm")?.is_empty() {
        push_revoked(write, id, why.as_str(), context).await?;
    }
    Ok(true)
}

/// Ends every session of a person, who may no longer act (S17).
pub(super) async fn end_all(
    write: &mut Write,
    person: PersonId,
    why: EndReason,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    sqlx::query(
        "UPDATE sessions SET ended_at = $1, end_reason = $2 WHERE person_id = $3 AND ended_at = 0",
    )
    .bind(now.as_microsecond())
    .bind(why.as_str())
    .bind(person.0)
    .execute(&mut **write)
    .await?;
    Ok(())
}

fn session(row: &AnyRow) -> Result<SessionRow, DatabaseError> {
    Ok(SessionRow {
        id: parsed(row, "id")?,
        uuid: text(row, "uuid")?,
        has_push_token: !text(row, "fcm")?.is_empty(),
        created_at: time(row, "created_at")?,
        seen_at: time(row, "seen_at")?,
    })
}
