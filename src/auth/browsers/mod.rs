//! Browser sessions, authenticated by a cookie: reviewers in the console, drivers on their page with a code or
//! with a film link.

mod config;
mod csrf;
mod error;
mod film;
mod secret;
mod service;
mod session;
mod sign_in;

pub use config::ReviewConfig;
pub use error::{BrowserError, PreferenceError};
pub use film::{FilmSessionError, StatedDriver};
pub use service::BrowserSessions;
pub use session::{BrowserSession, FilmLinkScope};
pub use sign_in::BrowserInfo;
