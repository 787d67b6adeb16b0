//! Opens browser sessions.

use std::net::IpAddr;

use super::error::BrowserError;
use super::secret::{self, Secret};
use super::service::BrowserSessions;
use super::session::BrowserSession;
use crate::auth::sign_in::{SignInError, SignInRequest};
use crate::database::{BrowserCookie, DatabaseError, NewSession, SessionCredential};
use crate::model::{BrowserKind, DeviceId, Person, SessionId, browser_summary};

/// The browser that signs in.
#[derive(Debug, Clone, Copy)]
pub struct BrowserInfo<'a> {
    /// The `User-Agent` header.
    pub user_agent: &'a str,
    pub address: IpAddr,
    /// The secret of the cookie that the browser already has. Its session is ended.
    pub replaces: Option<&'a str>,
}

impl BrowserSessions {
    /// Opens a session for a reviewer whose password was correct. Returns the session and the secret for its
    /// cookie.
    pub async fn open_review(
        &self,
        reviewer: &Person,
        browser: BrowserInfo<'_>,
    ) -> Result<(BrowserSession, String), BrowserError> {
        let (session, secret) = self.new_session(BrowserKind::Review, None, browser);
        let opened = self.auth.database.open_session(reviewer, &session).await?;
        opened.ok_or(BrowserError::Ended)?;
        self.opened(BrowserKind::Review, secret, browser).await
    }

    /// Opens a session for a driver or director with a one-time code. Returns the session and the secret for its
    /// cookie.
    pub async fn open_drive(
        &self,
        request: &SignInRequest,
        browser: BrowserInfo<'_>,
    ) -> Result<(BrowserSession, String), SignInError> {
        let device = Some(request.device.clone());
        let (session, secret) = self.new_session(BrowserKind::Drive, device, browser);
        self.auth.redeem_code(request, &session).await?;
        let opened = self.opened(BrowserKind::Drive, secret, browser).await;
        opened.map_err(|error| match error {
            BrowserError::Database(error) => error.into(),
            _ => SignInError::SessionEnded,
        })
    }

    /// `device`: the device of the one-time code. Without one the session gets an id of its own: a new session
    /// replaces older ones of the same device.
    pub(super) fn new_session(
        &self,
        kind: BrowserKind,
        device: Option<DeviceId>,
        browser: BrowserInfo<'_>,
    ) -> (NewSession, Secret) {
        let (clock, random) = (&self.auth.clock, &self.auth.random);
        let (id, secret) = (SessionId::mint(clock, random), Secret::new(random));
        let cookie = BrowserCookie {
            kind,
            secret_hash: secret.hash(),
            browser: browser_summary(browser.user_agent),
            address: browser.address.to_canonical().to_string(),
        };
        let session = NewSession {
            id,
            device: device.unwrap_or_else(|| DeviceId::of_session(id)),
            fcm: String::new(),
            credential: SessionCredential::Cookie(cookie),
            now: clock.now(),
        };
        (session, secret)
    }

    /// Reads the session that was just inserted, and ends the one that the browser had before.
    pub(super) async fn opened(
        &self,
        kind: BrowserKind,
        secret: Secret,
        browser: BrowserInfo<'_>,
    ) -> Result<(BrowserSession, String), BrowserError> {
        if let Some(former) = browser.replaces {
            self.end_replaced(former).await?;
        }
        let (row, film_link) = self.row(kind, &secret.hash(), self.auth.clock.now()).await?;
        Ok((self.session(row, film_link), secret.into_text()))
    }

    async fn end_replaced(&self, former: &str) -> Result<(), DatabaseError> {
        let now = self.auth.clock.now();
        self.auth.database.end_browser_session_by_secret(&secret::hash(former), now).await
    }
}
