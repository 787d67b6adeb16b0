//! The service handle: finds, lists and ends browser sessions.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::config::ReviewConfig;
use super::error::{BrowserError, PreferenceError};
use super::session::{BrowserSession, FilmLinkScope};
use super::{csrf, secret};
use crate::auth::accounts::allows;
use crate::auth::keys::derive_key;
use crate::auth::service::Auth;
use crate::auth::tokens::{MintError, TokenSubject};
use crate::database::{
    BrowserRow, BrowserSessionRow, DatabaseError, EndReason, FilmSessionRow, PreferenceChange,
};
use crate::model::texts::Language;
use crate::model::{BrowserKind, CompanyId, Digest, SessionId};

/// Shortest interval between two updates of a session's last use.
const STORED_EVERY: SignedDuration = SignedDuration::from_secs(60);

/// The choices for the time in which a decision can be undone.
const UNDO_SECONDS: [u32; 3] = [10, 20, 60];

/// The browser sessions. Cheap to clone.
#[derive(Clone)]
pub struct BrowserSessions {
    pub(super) auth: Auth,
    review: Arc<ReviewConfig>,
    csrf_key: [u8; 32],
}

impl BrowserSessions {
    pub fn new(auth: Auth, review: &ReviewConfig, secret: &SecretString) -> Self {
        let csrf_key = derive_key(secret, csrf::LABEL);
        Self { auth, review: Arc::new(review.clone()), csrf_key }
    }

    /// The session of a cookie. `is_activity`: whether the request was caused by the person, and not by a timer
    /// of the page.
    pub async fn find(
        &self,
        kind: BrowserKind,
        secret: &str,
        address: IpAddr,
        is_activity: bool,
    ) -> Result<BrowserSession, BrowserError> {
        let now = self.auth.clock.now();
        let (row, film_link) = self.row(kind, &secret::hash(secret), now).await?;
        self.check(&row, now)?;
        if !allows(&row.networks, address.to_canonical()) {
            return Err(BrowserError::Network);
        }
        if is_activity && row.seen_at < now - STORED_EVERY {
            self.touch(row.id, address, now).await;
        }
        Ok(self.session(row, film_link))
    }

    /// The row of a session, and the scope of its film link if it has one.
    pub(super) async fn row(
        &self,
        kind: BrowserKind,
        secret_hash: &Digest,
        now: Timestamp,
    ) -> Result<(BrowserSessionRow, Option<FilmLinkScope>), BrowserError> {
        let database = &self.auth.database;
        if kind == BrowserKind::Film {
            let found = database.film_session(secret_hash, now).await?;
            let FilmSessionRow { session, ref_key, expires_at } =
                found.ok_or(BrowserError::Missing)?;
            return Ok((session, Some(FilmLinkScope { report: ref_key, expires_at })));
        }
        let found = database.browser_session(kind, secret_hash).await?;
        Ok((found.ok_or(BrowserError::Missing)?, None))
    }

    /// Fails if the session has ended or expired.
    fn check(&self, row: &BrowserSessionRow, now: Timestamp) -> Result<(), BrowserError> {
        if row.ended_at.is_some() || !row.active {
            return Err(BrowserError::Ended);
        }
        let idle = self.idle_limit(row.kind);
        if row.seen_at + idle <= now {
            return Err(BrowserError::Idle(idle));
        }
        if row.created_at <= self.opened_since(row.kind, now) {
            return Err(BrowserError::Ended);
        }
        Ok(())
    }

    /// Stores the last use of a session. A failure is only logged: the page is served without it.
    async fn touch(&self, id: SessionId, address: IpAddr, now: Timestamp) {
        let recently = now - STORED_EVERY;
        let address = address.to_canonical().to_string();
        if let Err(error) =
            self.auth.database.touch_browser_session(id, &address, now, recently).await
        {
            tracing::debug!(%error, "the last use of a browser session was not stored");
        }
    }

    pub(super) fn session(
        &self,
        row: BrowserSessionRow,
        film_link: Option<FilmLinkScope>,
    ) -> BrowserSession {
        let company = row.person.company;
        BrowserSession {
            id: row.id,
            kind: row.kind,
            person: row.person,
            name: row.name.trim().to_owned(),
            login: row.login,
            company: (company != CompanyId::LESSOR).then_some(company),
            language: Language::from_word(&row.language),
            single_keys: row.single_keys,
            undo_seconds: row.undo_seconds.try_into().unwrap_or_default(),
            csrf: csrf::token(&self.csrf_key, row.id),
            film_link,
            biin: row.biin,
            device: row.uuid,
        }
    }

    /// Timeout of a session without activity.
    pub fn idle_limit(&self, kind: BrowserKind) -> SignedDuration {
        match kind {
            BrowserKind::Review => self.review.idle,
            BrowserKind::Drive | BrowserKind::Film => self.auth.config.refresh_ttl,
        }
    }

    /// Sessions opened before this time have reached their longest lifetime.
    fn opened_since(&self, kind: BrowserKind, now: Timestamp) -> Timestamp {
        let at_most = match kind {
            BrowserKind::Review => Some(self.review.at_most),
            BrowserKind::Drive | BrowserKind::Film => self.auth.config.refresh_at_most,
        };
        at_most.map_or(Timestamp::UNIX_EPOCH, |at_most| now - at_most)
    }

    /// The person's open browser sessions, the last used first.
    pub async fn list(&self, session: &BrowserSession) -> Result<Vec<BrowserRow>, DatabaseError> {
        let now = self.auth.clock.now();
        let opened = self.opened_since(session.kind, now);
        let used = now - self.idle_limit(session.kind);
        self.auth.database.browser_sessions(session.person.id, session.kind, opened, used).await
    }

    /// Ends one browser session of the person. Returns `false` if it is not open.
    pub async fn end(
        &self,
        session: &BrowserSession,
        id: SessionId,
    ) -> Result<bool, DatabaseError> {
        let reason = if id == session.id { EndReason::Logout } else { EndReason::Revoked };
        let now = self.auth.clock.now();
        self.auth.database.end_browser_session(session.person.id, id, reason, now).await
    }

    /// Ends the person's other browser sessions of the same kind. Returns their number.
    pub async fn end_others(&self, session: &BrowserSession) -> Result<u64, DatabaseError> {
        let (person, now) = (session.person.id, self.auth.clock.now());
        self.auth.database.end_other_browser_sessions(person, session.kind, session.id, now).await
    }

    /// Changes the reviewer's preferences.
    pub async fn set_preferences(
        &self,
        session: &BrowserSession,
        change: &PreferenceChange,
    ) -> Result<(), PreferenceError> {
        if change.undo_seconds.is_some_and(|seconds| !UNDO_SECONDS.contains(&seconds)) {
            return Err(PreferenceError::UndoSeconds);
        }
        Ok(self.auth.database.set_preferences(session.person.id, change).await?)
    }

    /// An access token for the scripts of a page, which cannot read the cookie.
    pub fn access_token(&self, session: &BrowserSession) -> Result<String, MintError> {
        let subject = TokenSubject {
            person: session.person,
            biin: session.biin.clone(),
            uuid: session.device.clone(),
            session: session.id.to_string(),
        };
        self.auth.tokens.mint_access(&subject, self.auth.config.access_ttl)
    }
}
