//! Sessions of film links: the driver's page for one report, without signing in.

use super::error::BrowserError;
use super::secret;
use super::service::BrowserSessions;
use super::session::BrowserSession;
use super::sign_in::BrowserInfo;
use crate::database::DatabaseError;
use crate::model::{BrowserKind, ReportStatus, shown_line};

/// Longest name or telephone number, in characters.
const LONGEST_STATED: usize = 100;

/// The name and telephone number that the driver enters. They are not verified and may be empty.
#[derive(Debug, Clone, Copy)]
pub struct StatedDriver<'a> {
    pub name: &'a str,
    pub mobile: &'a str,
}

/// A film link was not exchanged for a session.
#[derive(Debug, thiserror::Error)]
pub enum FilmSessionError {
    /// The secret is unknown, or its link is revoked or has expired.
    #[error("the link is not valid")]
    NotFound,
    /// The report has a video, or is approved.
    #[error("the report does not wait for a video")]
    NotOpen(ReportStatus),
    #[error("must have at most {LONGEST_STATED} characters")]
    TooLong(&'static str),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl BrowserSessions {
    /// Exchanges the secret of a film link for a session. Returns the session and the secret for its cookie.
    pub async fn open_film(
        &self,
        link_secret: &str,
        driver: StatedDriver<'_>,
        browser: BrowserInfo<'_>,
    ) -> Result<(BrowserSession, String), FilmSessionError> {
        let name = stated("name", driver.name)?;
        let mobile = stated("mobile", driver.mobile)?;
        let database = &self.auth.database;
        let now = self.auth.clock.now();
        // Looked up by its hash, so the duration of the lookup reveals nothing about the secret.
        let link = database.film_link(&secret::hash(link_secret), now).await?;
        let link = link.ok_or(FilmSessionError::NotFound)?;
        if !link.status.is_open() {
            return Err(FilmSessionError::NotOpen(link.status));
        }
        let (session, cookie) = self.new_session(BrowserKind::Film, None, browser);
        database.open_film_session(link.number, (&name, &mobile), &session).await?;
        let opened = self.opened(BrowserKind::Film, cookie, browser).await;
        opened.map_err(|error| match error {
            BrowserError::Database(error) => error.into(),
            _ => FilmSessionError::NotFound,
        })
    }
}

fn stated(field: &'static str, text: &str) -> Result<String, FilmSessionError> {
    let line = shown_line(text);
    let is_longer = line.chars().nth(LONGEST_STATED).is_some();
    if is_longer { Err(FilmSessionError::TooLong(field)) } else { Ok(line) }
}
