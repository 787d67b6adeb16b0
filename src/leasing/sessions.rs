//! Sessions while they last: new tokens (E3), devices, their end.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::tokens::Lineage;
use super::{Bearer, Caller, Leasing, SignInError, SignedIn};
use crate::database::{
    DatabaseError, EndReason, RefreshOutcome, RetentionCutoffs, SessionRow, Successor, TokenRefresh,
};
use crate::model::{EventId, SessionId};

/// The daily budgets look back this far, so what they count is kept at least so long.
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What comes with a refresh token.
#[derive(Debug, Clone, Default)]
pub struct Renewal {
    /// Where the device is told from now on.
    pub fcm: Option<String>,
    /// Who the device says it is, when it says so.
    pub device: Option<String>,
}

/// How long messages are kept after they were settled.
#[derive(Debug, Clone, Copy)]
pub struct KeepMessages {
    /// Those that were delivered, or that nobody was left to be told.
    pub settled: SignedDuration,
    /// Those that were given up.
    pub dead: SignedDuration,
}

impl Leasing {
    /// Rings when there is something to be told.
    #[must_use]
    pub fn with_wakeup(self, wakeup: Arc<Notify>) -> Self {
        Self { wakeup, ..self }
    }

    /// A new pair of tokens for a refresh token (S16).
    ///
    /// # Errors
    /// When the token is not taken, was used before, or its session has ended.
    pub async fn refresh(&self, token: &str, renewal: Renewal) -> Result<SignedIn, SignInError> {
        let (claims, rti) = self.tokens.verify_refresh(token)?;
        let session: SessionId = claims.sid.parse().map_err(|_| SignInError::Ended)?;
        let same_device = renewal.device.is_none_or(|device| device == claims.uuid);
        let auth = &self.tokens.auth;
        let refresh = TokenRefresh {
            rti,
            session,
            successor: self.tokens.new_rti(),
            fcm: renewal.fcm,
            grace: same_device.then_some(auth.refresh_grace),
            ttl: auth.refresh_ttl,
            at_most: auth.refresh_at_most,
            note: self.new_note(),
            now: self.tokens.clock.now(),
        };
        match self.database.refresh_token(&refresh).await? {
            RefreshOutcome::Issued(successor) => self.renewed(session, successor),
            RefreshOutcome::Reused => {
                tracing::warn!(%session, "a refresh token came twice; its session has been ended");
                self.wakeup.notify_one();
                Err(SignInError::Reused)
            }
            RefreshOutcome::SessionExpired => Err(SignInError::Token(super::TokenError::Expired)),
            RefreshOutcome::SessionEnded => Err(SignInError::Ended),
        }
    }

    fn renewed(&self, session: SessionId, next: Successor) -> Result<SignedIn, SignInError> {
        let Successor { person, biin, uuid, rti, made_at, expires_at } = next;
        let bearer = Bearer { person, biin, uuid, session: session.to_string() };
        let lineage = Lineage { rti, made_at, expires_at };
        let pair = self.tokens.pair(&bearer, &lineage, self.tokens.auth.access_ttl)?;
        Ok(SignedIn { person, pair })
    }

    fn new_note(&self) -> EventId {
        EventId::mint(&self.tokens.clock, &self.tokens.random)
    }

    /// The devices on which the caller is signed in, latest first.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn devices(&self, caller: &Caller) -> Result<Vec<SessionRow>, DatabaseError> {
        let since = self.tokens.clock.now() - self.tokens.auth.refresh_ttl;
        self.database.active_sessions(caller.person.id, since).await
    }

    /// Ends the caller's own session.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sign_out(&self, caller: &Caller) -> Result<(), DatabaseError> {
        let Ok(session) = caller.session.parse() else { return Ok(()) };
        let now = self.tokens.clock.now();
        let person = caller.person.id;
        self.database.end_session(person, session, EndReason::Logout, None, now).await?;
        Ok(())
    }

    /// Ends another session of the caller: `false` when there is none such. Its device is told.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn end_device(
        &self,
        caller: &Caller,
        session: SessionId,
    ) -> Result<bool, DatabaseError> {
        let now = self.tokens.clock.now();
        let is_own = caller.session == session.to_string();
        let note = (!is_own).then(|| self.new_note());
        let why = if is_own { EndReason::Logout } else { EndReason::Revoked };
        let ended = self.database.end_session(caller.person.id, session, why, note, now).await?;
        self.wakeup.notify_one();
        Ok(ended)
    }

    /// Forgets old sign-ins and old messages now and then, until told to stop.
    pub async fn keep_forgetting(self, keep: KeepMessages, stop: CancellationToken) {
        let every = self.tokens.auth.purge_every.unsigned_abs();
        loop {
            match self.forget_old().await {
                Ok(0) => {}
                Ok(forgotten) => tracing::info!(forgotten, "old sign-ins are forgotten"),
                Err(error) => tracing::warn!(%error, "old sign-ins are forgotten later"),
            }
            match self.forget_messages(keep).await {
                Ok(0) => {}
                Ok(forgotten) => tracing::info!(forgotten, "old messages are forgotten"),
                Err(error) => tracing::warn!(%error, "old messages are forgotten later"),
            }
            if stop.run_until_cancelled(tokio::time::sleep(every)).await.is_none() {
                return;
            }
        }
    }

    /// Forgets, up to a number of rows at a time, requests for codes, used refresh tokens and ended
    /// sessions that nobody asks for any more. Gives how many rows went.
    ///
    /// # Errors
    /// When the database fails; what was done stays done.
    pub async fn forget_old(&self) -> Result<u64, DatabaseError> {
        let auth = &self.tokens.auth;
        let batch = auth.purge_batch;
        let before = self.forgotten_before();
        let mut rows = self.database.purge_challenges(before, batch).await?;
        rows += self.database.purge_refresh_tokens(before, batch).await?;
        // A session nobody came back to has no refresh token that is still good.
        let unused = before - auth.refresh_ttl;
        rows += self.database.purge_sessions(before, unused, batch).await?;
        Ok(rows)
    }

    /// Forgets, up to a number of rows at a time, messages that were settled long ago; those that bring
    /// codes as soon as requests for codes. Gives how many rows went.
    ///
    /// # Errors
    /// When the database fails; what was done stays done.
    pub async fn forget_messages(&self, keep: KeepMessages) -> Result<u64, DatabaseError> {
        let codes = self.forgotten_before();
        let now = self.tokens.clock.now();
        // Within a day a warning is not repeated, which its message tells.
        let before =
            |kept: SignedDuration| now.checked_sub(kept.max(DAY)).unwrap_or(Timestamp::MIN);
        let old =
            RetentionCutoffs { delivered: before(keep.settled), dead: before(keep.dead), codes };
        self.database.purge_messages(&old, self.tokens.auth.purge_batch).await
    }

    /// What is older is not needed: budgets have forgotten it, access tokens of that time have
    /// expired.
    fn forgotten_before(&self) -> Timestamp {
        let auth = &self.tokens.auth;
        let least = DAY.max(auth.access_ttl * 2);
        self.tokens.clock.now() - auth.purge_after.max(least)
    }
}
