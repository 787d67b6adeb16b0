//! Refresh tokens: each is exchanged once (S16).

use jiff::{SignedDuration, Timestamp};
use sqlx::FromRow;

use crate::database::column::{Stored, params};
use crate::database::error::DatabaseError;
use crate::database::outbox::messages::EnqueueContext;
use crate::database::pool::{Database, Write};
use crate::database::statement::query;
use crate::model::{Person, SessionId};

use super::sessions::{EndReason, add_refresh_token, claim_push_token, end};

/// Stands for both columns of a token that has no row any more.
const NO_ROW: i64 = -1;

/// A refresh token to be exchanged.
#[derive(Debug, Clone)]
pub struct TokenRefresh {
    /// The id of the token.
    pub rti: i64,
    pub session: SessionId,
    /// The id of the next token, if this one is exchanged now.
    pub successor: i64,
    /// The device's new push token, if it has changed.
    pub fcm: Option<String>,
    /// How long after its use the token returns the same successor again, as long as that has not been used.
    pub grace: SignedDuration,
    /// The lifetime of the next token.
    pub ttl: SignedDuration,
    /// The longest life of the session.
    pub at_most: Option<SignedDuration>,
    pub now: Timestamp,
}

/// The outcome of an exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefreshOutcome {
    /// The next token: a new one, or the successor that the first use created.
    Issued(Successor),
    /// The token had been used before; the session has been ended.
    Reused,
    /// The session has reached its longest life.
    SessionExpired,
    /// The session has ended, or the person or the company is inactive.
    SessionEnded,
}

/// The next refresh token, and the claims of both tokens of its pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Successor {
    pub person: Person,
    /// BIN or IIN of the company.
    pub biin: String,
    /// The device.
    pub uuid: String,
    /// The id of the refresh token.
    pub rti: i64,
    /// When both tokens were issued.
    pub created_at: Timestamp,
    /// Of the refresh token.
    pub expires_at: Timestamp,
}

/// An open session of an active person, with the use of the token that was sent.
#[derive(FromRow)]
struct Found {
    #[sqlx(flatten)]
    person: Person,
    biin: String,
    uuid: String,
    #[sqlx(try_from = "Stored<Timestamp>")]
    created_at: Timestamp,
    #[sqlx(flatten)]
    usage: TokenUse,
}

/// When a token was used, and its successor; both 0 if it was not used.
#[derive(Clone, Copy, FromRow)]
struct TokenUse {
    #[sqlx(rename = "used_at")]
    at: i64,
    successor: i64,
}

impl Database {
    /// Exchanges a refresh token. Of two concurrent exchanges, one creates the next token, and both get
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
            handle_reuse(&mut write, refresh, &found, used, context).await?
        };
        if matches!(outcome, RefreshOutcome::Issued(_)) {
            update_last_use(&mut write, refresh).await?;
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

    /// Whether a token that was used at `used_at` gets its successor again. The distance counts in both
    /// directions, because the clock of the node that recorded the use may be ahead.
    fn is_within_grace(&self, used_at: i64) -> bool {
        let since = self.now.as_microsecond().abs_diff(used_at);
        i128::from(since) <= self.grace.as_micros()
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
    query(sql, params![refresh.rti, refresh.session]).optional(&mut *write).await
}

/// Marks an unused token as used and inserts its successor. Returns `false` if a concurrent request was
/// faster.
async fn use_up(
    write: &mut Write,
    refresh: &TokenRefresh,
    expires_at: Timestamp,
) -> Result<bool, DatabaseError> {
    let sql = "UPDATE refresh_tokens SET used_at = $1, successor = $2 \
        WHERE rti = $3 AND successor = 0";
    let used = query(sql, params![refresh.now, refresh.successor, refresh.rti])
        .changes_one(&mut *write)
        .await?;
    if !used {
        return Ok(false);
    }
    // The token before this one gets no successor any more.
    let sql = "DELETE FROM refresh_tokens WHERE session_id = $1 AND successor = $2";
    query(sql, params![refresh.session, refresh.rti]).run(&mut *write).await?;
    add_refresh_token(write, refresh.session, refresh.successor, refresh.now, expires_at).await?;
    Ok(true)
}

async fn use_of(write: &mut Write, rti: i64) -> Result<TokenUse, DatabaseError> {
    let sql = "SELECT used_at, successor FROM refresh_tokens WHERE rti = $1";
    let used = query(sql, params![rti]).optional(&mut *write).await?;
    Ok(used.unwrap_or(TokenUse { at: NO_ROW, successor: NO_ROW }))
}

/// Handles a token that was used before. Within the grace it gets the same successor again while that is
/// unused, because the phone may have lost the response. Otherwise the session ends, because the token may
/// have been copied. A token without a row was used long ago, and its row was purged.
async fn handle_reuse(
    write: &mut Write,
    refresh: &TokenRefresh,
    found: &Found,
    used: TokenUse,
    context: &EnqueueContext<'_>,
) -> Result<RefreshOutcome, DatabaseError> {
    let sql = "SELECT created_at, expires_at FROM refresh_tokens WHERE rti = $1 AND successor = 0";
    let times: Option<(Stored<Timestamp>, Stored<Timestamp>)> =
        query(sql, params![used.successor]).optional(&mut *write).await?;
    match times {
        Some((Stored(created_at), Stored(expires_at))) if refresh.is_within_grace(used.at) => {
            Ok(RefreshOutcome::Issued(found.successor(used.successor, created_at, expires_at)))
        }
        _ => {
            let (person, session) = (found.person.id, refresh.session);
            end(write, person, session, EndReason::TokenReused, true, context).await?;
            Ok(RefreshOutcome::Reused)
        }
    }
}

/// Updates the time of the session's last use, and its push token if a new one was sent.
async fn update_last_use(write: &mut Write, refresh: &TokenRefresh) -> Result<(), DatabaseError> {
    if let Some(fcm) = &refresh.fcm {
        claim_push_token(write, fcm, refresh.session).await?;
    }
    let sql = "UPDATE sessions SET seen_at = $1, fcm = CASE WHEN $2 = 1 THEN $3 ELSE fcm END \
        WHERE id = $4";
    let fcm = refresh.fcm.as_deref();
    let values = params![refresh.now, fcm.is_some(), fcm.unwrap_or_default(), refresh.session];
    query(sql, values).run(&mut *write).await
}
