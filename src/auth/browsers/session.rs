//! The session of a browser.

use jiff::Timestamp;

use super::csrf;
use crate::model::texts::Language;
use crate::model::{BrowserKind, CompanyId, Person, RefKey, SessionId};

/// The limits of a film link's session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilmLinkScope {
    pub report: RefKey,
    /// When the link expires.
    pub expires_at: Timestamp,
}

/// The browser session of a request.
#[derive(Debug, Clone)]
pub struct BrowserSession {
    pub id: SessionId,
    pub kind: BrowserKind,
    /// In a session of kind `Film`, its id stands for the link.
    pub person: Person,
    /// In a session of kind `Film`, the name that the driver has entered.
    pub name: String,
    /// The login of a reviewer; empty for drivers.
    pub login: String,
    /// The company whose reports the person may see; `None`: all.
    pub company: Option<CompanyId>,
    /// The language that the person has chosen; `None`: the browser's language.
    pub language: Option<Language>,
    /// Whether keys without a modifier are commands.
    pub single_keys: bool,
    /// How long a decision can be undone; 0: not chosen.
    pub undo_seconds: u32,
    /// The CSRF token. State-changing requests send it as the field `csrf` or the header `X-CSRF-Token`.
    pub csrf: String,
    /// Set in sessions of kind `Film` only.
    pub film_link: Option<FilmLinkScope>,
    /// BIN or IIN of the company, for access tokens.
    pub(super) biin: String,
    /// The device id, for access tokens.
    pub(super) device: String,
}

impl BrowserSession {
    /// Whether this is the session's CSRF token; compared in constant time.
    pub fn accepts_csrf(&self, given: &str) -> bool {
        csrf::is_equal(&self.csrf, given)
    }
}
