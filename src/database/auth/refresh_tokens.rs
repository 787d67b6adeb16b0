//! Refresh tokens: each is exchanged once (S16).

use jiff::{SignedDuration, Timestamp};
use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::error::DatabaseError;
use crate::database::outbox::messages::EnqueueContext;
use crate::database::pool::{Database, Write};
use crate::database::statement::query;
use crate::model::{Person, SessionId};

use super::sessions::{EndReason, add_refresh_token, end, take_over};

/// Stands for a row that is not there.
const GONE: i64 = -1;

/// A refresh token to be exchanged.
#[derive(Debug, Clone)]
pub struct TokenRefresh {
    /// Its number.
    pub rti: i64,
    /// Its session.
    pub session: SessionId,
    /// The number of the token that follows it.
    pub successor: i64,
    /// Where the device is told from now on, if that has changed.
    pub fcm: Option<String>,
    /// How long it may come again and get the same answer; none: it comes from another device.
    pub grace: Option<SignedDuration>,
    /// How long the next one lives.
    pub ttl: SignedDuration,
    /// How long a session lives at most.
    pub at_most: Option<SignedDuration>,
    /// The present moment.
    pub now: Timestamp,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefreshOutcome {
    /// This token follows it: a new one, or the one its first use gave.
    Issued(Successor),
    /// It was used before; the session has been ended.
    Reused,
    /// The session has lived as long as sessions may.
    SessionExpired,
    /// The session has ended, or the person may no longer act.
    SessionEnded,
}

/// The refresh token that follows, and whom both tokens are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Successor {
    /// The person.
    pub person: Person,
    /// BIN or IIN of their company.
    pub biin: String,
    /// Their device.
    pub uuid: String,
    /// The number of the refresh token.
    pub rti: i64,
    /// When both were made.
    pub created_at: Timestamp,
    /// Until when the refresh token is good.
    pub expires_at: Timestamp,
}

/// A session that is open, of a person who may act, with the token that came.
#[derive(FromRow)]
struct Found {
    #[sqlx(flatten)]
    person: Person,
    biin: String,
    uuid: String,
    #[sqlx(try_from = "Stored<Timestamp>")]
    created_at: Timestamp,
    #[sqlx(flatten)]
    usage: Use,
}

/// What was done with a token.
#[derive(Clone, Copy, FromRow)]
struct Use {
    #[sqlx(rename = "used_at")]
    at: i64,
    successor: i64,
}

impl Database {
    /// Exchanges a refresh token. Of two exchanges at the same time one makes a token, and both get
    /// it.
    pub async fn refresh_token(
        &self,
        refresh: &TokenRefresh,
        context: &EnqueueContext<'_>,
    ) -> Result<RefreshOutcome, DatabaseError> {
        let mut write = self.write().await?;
        let Some(found) = find(&mut write, refresh).await? else {
            return Ok(RefreshOutcome::SessionEnded);
        };
        let expires_at = refresh.expires_at(found.created_at);
        if expires_at <= refresh.now {
            return Ok(RefreshOutcome::SessionExpired);
        }
        let mut used = found.usage;
        if used.successor == 0 && !use_up(&mut write, refresh, expires_at).await? {
            used = use_of(&mut write, refresh.rti).await?;
        }
        let outcome = if used.successor == 0 {
            let (rti, created_at) = (refresh.successor, refresh.now);
            RefreshOutcome::Issued(found.successor(rti, created_at, expires_at))
        } else {
            again(&mut write, refresh, &found, used, context).await?
        };
        if matches!(outcome, RefreshOutcome::Issued(_)) {
            seen(&mut write, refresh).await?;
        }
        write.commit().await?;
        Ok(outcome)
    }
}

impl TokenRefresh {
    fn expires_at(&self, session_made_at: Timestamp) -> Timestamp {
        let sliding = self.now + self.ttl;
        self.at_most.map_or(sliding, |at_most| sliding.min(session_made_at + at_most))
    }

    /// Whether a token that was used then may come again. Clocks of two nodes may differ a little, in
    /// either direction; a use that lies far ahead is no repetition.
    fn is_graced(&self, used_at: i64) -> bool {
        let since = self.now.as_microsecond().abs_diff(used_at);
        self.grace.is_some_and(|grace| i128::from(since) <= grace.as_micros())
    }
}

impl Found {
    fn successor(&self, rti: i64, created_at: Timestamp, expires_at: Timestamp) -> Successor {
        Successor {
            person: self.person,
            biin: self.biin.clone(),
            uuid: self.uuid.clone(),
            rti,
            created_at,
            expires_at,
        }
    }
}

async fn find(write: &mut Write, refresh: &TokenRefresh) -> Result<Option<Found>, DatabaseError> {
    let sql = "SELECT s.person_id, s.uuid, s.created_at, p.company_id, p.role, c.biin, \
        COALESCE(r.used_at, -1) AS used_at, COALESCE(r.successor, -1) AS successor FROM sessions s \
        JOIN people p ON p.id = s.person_id JOIN companies c ON c.id = p.company_id \
        LEFT JOIN refresh_tokens r ON r.rti = $1 AND r.session_id = s.id \
        WHERE s.id = $2 AND s.ended_at = 0 AND p.active = 1 AND c.active = 1";
    query(sql, params![refresh.rti, refresh.session]).optional(&mut **write).await
}

/// Uses a good token up and records the one that follows; `false` when somebody was faster.
async fn use_up(
    write: &mut Write,
    refresh: &TokenRefresh,
    expires_at: Timestamp,
) -> Result<bool, DatabaseError> {
    let sql = "UPDATE refresh_tokens SET used_at = $1, successor = $2 \
        WHERE rti = $3 AND successor = 0";
    let used = query(sql, params![refresh.now, refresh.successor, refresh.rti])
        .changes_one(&mut **write)
        .await?;
    if !used {
        return Ok(false);
    }
    add_refresh_token(write, refresh.session, refresh.successor, refresh.now, expires_at).await?;
    Ok(true)
}

async fn use_of(write: &mut Write, rti: i64) -> Result<Use, DatabaseError> {
    let sql = "SELECT used_at, successor FROM refresh_tokens WHERE rti = $1";
    let used = query(sql, params![rti]).optional(&mut **write).await?;
    Ok(used.unwrap_or(Use { at: GONE, successor: GONE }))
}

/// A token that was used before: the same answer to a phone that may have lost it, or the end of the
/// session, because somebody else may have the token. A token whose row is deleted was used long ago.
async fn again(
    write: &mut Write,
    refresh: &TokenRefresh,
    found: &Found,
    used: Use,
    context: &EnqueueContext<'_>,
) -> Result<RefreshOutcome, DatabaseError> {
    let sql = "SELECT created_at, expires_at FROM refresh_tokens WHERE rti = $1";
    let times: Option<(Stored<Timestamp>, Stored<Timestamp>)> =
        query(sql, params![used.successor]).optional(&mut **write).await?;
    match times {
        Some((Stored(created_at), Stored(expires_at))) if refresh.is_graced(used.at) => {
            Ok(RefreshOutcome::Issued(found.successor(used.successor, created_at, expires_at)))
        }
        _ => {
            let (person, session) = (found.person.id, refresh.session);
            end(write, person, session, EndReason::TokenReused, true, context).await?;
            Ok(RefreshOutcome::Reused)
        }
    }
}

/// The device is there, and says where it is told.
async fn seen(write: &mut Write, refresh: &TokenRefresh) -> Result<(), DatabaseError> {
    if let Some(fcm) = &refresh.fcm {
        take_over(write, fcm, refresh.session).await?;
    }
    let sql = "UPDATE sessions SET seen_at = $1, fcm = CASE WHEN $2 = 1 THEN $3 ELSE fcm END \
        WHERE id = $4";
    let fcm = refresh.fcm.as_deref();
    let values = params![refresh.now, fcm.is_some(), fcm.unwrap_or_default(), refresh.session];
    query(sql, values).run(&mut **write).await
}
