//! The reviewer of a request, and the common parts of the console's pages.

use axum::http::{HeaderMap, Uri};
use jiff::Timestamp;

use super::rows::ViewContext;
use super::void::VoidView;
use crate::auth::BrowserSession;
use crate::http::AppState;
use crate::http::pages::language::language_of;
use crate::http::pages::shell::Shell;
use crate::http::pages::texts::Texts;
use crate::http::problem::Problem;
use crate::leasing::review::{Reviewer, UndoFor};

/// The reviewer of a request, with their language.
pub(super) struct Console {
    pub(super) session: BrowserSession,
    pub(super) reviewer: Reviewer,
    pub(super) texts: Texts,
    pub(super) now: Timestamp,
}

/// The current page in the navigation.
#[derive(Clone, Copy)]
pub(super) enum Tab {
    Queue,
    Day,
    Sessions,
}

impl Tab {
    pub(super) fn is(self, name: &str) -> bool {
        let own = match self {
            Self::Queue => "queue",
            Self::Day => "day",
            Self::Sessions => "sessions",
        };
        own == name
    }
}

/// The header of the pages: `templates/review/frame.html` reads it as `nav`.
pub(super) struct Nav {
    pub(super) name: String,
    pub(super) csrf: String,
    pub(super) tab: Tab,
    /// Whether keys without a modifier are commands.
    pub(super) single_keys: bool,
    pub(super) undo_options: Vec<UndoOption>,
    /// Decisions that did not take effect.
    pub(super) void: Vec<VoidView>,
}

/// An option for the time in which a decision can be undone.
pub(super) struct UndoOption {
    pub(super) seconds: i64,
    pub(super) text: String,
    pub(super) is_chosen: bool,
}

impl Console {
    pub(super) async fn open(
        state: &AppState,
        headers: &HeaderMap,
        session: BrowserSession,
    ) -> Result<Self, Problem> {
        let reviewer = state.review.reviewer(session.person).await?;
        let texts = Texts::new(language_of(headers, session.language));
        Ok(Self { session, reviewer, texts, now: state.review.now() })
    }

    pub(super) fn shell(&self, uri: &Uri) -> Shell {
        Shell::new(self.texts.language, uri)
    }

    /// The reviewer's decisions that did not take effect.
    pub(super) async fn void(&self, state: &AppState) -> Result<Vec<VoidView>, Problem> {
        let void = state.review.unseen_void(&self.reviewer).await?;
        Ok(void.iter().map(|decision| VoidView::new(self.texts, decision)).collect())
    }

    pub(super) fn nav(&self, tab: Tab, void: Vec<VoidView>) -> Nav {
        let preferences = self.reviewer.preferences;
        let option = |undo_for: UndoFor| UndoOption {
            seconds: undo_for.seconds(),
            text: self.texts.with("unit.s", "n", undo_for.seconds()),
            is_chosen: undo_for == preferences.undo_for,
        };
        Nav {
            name: self.reviewer.name.clone(),
            csrf: self.session.csrf.clone(),
            tab,
            single_keys: preferences.single_keys,
            undo_options: UndoFor::ALL.map(option).into(),
            void,
        }
    }

    pub(super) fn view_context<'a>(&'a self, state: &'a AppState) -> ViewContext<'a> {
        ViewContext {
            texts: self.texts,
            zone: &state.zone,
            now: self.now,
            reviewer: &self.reviewer,
        }
    }
}
