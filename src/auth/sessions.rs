//! Sessions: refreshed, listed, ended.

use super::service::{Auth, Caller};
use super::sign_in::{SignInError, SignedIn};
use super::tokens::{RefreshToken, TokenError, TokenSubject};
use crate::database::{
    DatabaseError, EndReason, RefreshOutcome, SessionRow, Successor, TokenRefresh,
};
use crate::model::SessionId;

/// The optional fields of a refresh.
#[derive(Debug, Clone, Default)]
pub struct RefreshRequest {
    /// The new push token of the device.
    pub fcm: Option<String>,
    /// The id of the device that sends the request.
    pub device: Option<String>,
}

impl Auth {
    /// Exchanges a refresh token for a new pair. A used token returns the same pair again within the grace, as
    /// long as the refresh token of that pair has not been used; later use ends the session. A request that
    /// names another device than the token's is refused and changes nothing.
    pub async fn refresh(
        &self,
        token: &str,
        request: RefreshRequest,
    ) -> Result<SignedIn, SignInError> {
        let (claims, rti) = self.tokens.verify_refresh(token)?;
        let session: SessionId = claims.sid.parse().map_err(|_| SignInError::SessionEnded)?;
        if request.device.is_some_and(|device| device != claims.uuid) {
            return Err(SignInError::OtherDevice);
        }
        let context = self.enqueue_context();
        let refresh = TokenRefresh {
            rti,
            session,
            successor: self.tokens.new_rti(),
            fcm: request.fcm,
            grace: self.config.refresh_grace,
            ttl: self.config.refresh_ttl,
            at_most: self.config.refresh_at_most,
            now: context.now,
        };
        match self.database.refresh_token(&refresh, &context).await? {
            RefreshOutcome::Issued(successor) => self.next_pair(session, successor),
            RefreshOutcome::Reused => {
                tracing::warn!(%session, "refresh token reused, session ended");
                self.wakeup.notify_one();
                Err(SignInError::TokenReused)
            }
            RefreshOutcome::SessionExpired => Err(TokenError::Expired.into()),
            RefreshOutcome::SessionEnded => Err(SignInError::SessionEnded),
        }
    }

    fn next_pair(&self, session: SessionId, next: Successor) -> Result<SignedIn, SignInError> {
        let Successor { person, biin, uuid, rti, created_at: issued_at, expires_at } = next;
        let subject = TokenSubject { person, biin, uuid, session: session.to_string() };
        let refresh = RefreshToken { rti, issued_at, expires_at };
        let pair = self.tokens.mint_pair(&subject, &refresh, self.access_ttl())?;
        Ok(SignedIn { person, pair })
    }

    /// The caller's open sessions, latest first.
    pub async fn devices(&self, caller: &Caller) -> Result<Vec<SessionRow>, DatabaseError> {
        let since = self.clock.now() - self.config.refresh_ttl;
        self.database.active_sessions(caller.person.id, since).await
    }

    /// Ends the caller's own session.
    pub async fn sign_out(&self, caller: &Caller) -> Result<(), DatabaseError> {
        let Ok(session) = caller.session.parse() else { return Ok(()) };
        self.sign_out_device(caller, session).await.map(drop)
    }

    /// Ends a session of the caller, and notifies its device if it is another one. Returns `false` if the
    /// caller has no such session.
    pub async fn sign_out_device(
        &self,
        caller: &Caller,
        session: SessionId,
    ) -> Result<bool, DatabaseError> {
        let is_own = caller.session == session.to_string();
        let reason = if is_own { EndReason::Logout } else { EndReason::Revoked };
        let (person, context) = (caller.person.id, self.enqueue_context());
        let ended = self.database.end_session(person, session, reason, !is_own, &context).await?;
        self.wakeup.notify_one();
        Ok(ended)
    }
}
