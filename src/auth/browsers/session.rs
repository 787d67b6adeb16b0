//! The session of a signed-in browser.

use jiff::Timestamp;

use super::csrf;
use crate::model::texts::Language;
use crate::model::{BrowserKind, CompanyId, Person, RefKey, SessionId};

/// What the session of a film link is limited to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilmLinkScope {
    pub report: RefKey,
    /// When the link expires.
    pub expires_at: Timestamp,
}

/// The signed-in browser of a request.
#[derive(Debug, Clone)]
pub struct BrowserSession {
    pub id: SessionId,
    pub kind: BrowserKind,
    /// Of kind `Film`, its id is that of the link.
    pub person: Person,
    /// The person's name; of a film link, the one that the driver has stated.
    pub name: String,
    /// Of a reviewer; else empty.
    pub login: String,
    /// The company whose reports the person may see; `None`: all.
    pub company: Option<CompanyId>,
    /// The language that the person has chosen; `None`: that of the browser.
    pub language: Option<Language>,
    /// Whether single keys are commands.
    pub single_keys: bool,
    /// How long a decision can be undone; 0: not chosen.
    pub undo_seconds: u32,
    /// What changes must carry, as the field `csrf` or the header `X-CSRF-Token`.
    pub csrf: String,
    /// Of kind `Film` only.
    pub film_link: Option<FilmLinkScope>,
    /// BIN or IIN of the company, for tokens.
    pub(super) biin: String,
    /// The device, for tokens.
    pub(super) device: String,
}

impl BrowserSession {
    /// Whether a change carries the right token.
    pub fn accepts_csrf(&self, given: &str) -> bool {
        csrf::is_equal(&self.csrf, given)
    }
}
