//! The pages: what they have in common, and the routes. They are no part of the API document.
//!
//! A page is a template of `templates/`, compiled with its values; askama escapes every value. Its
//! sentences are in `texts`, its style sheets and scripts below `web/`. Pages work without scripts, except
//! for filming. Problems of the handlers become pages in `errors`.

pub(in crate::http) mod assets;
mod deadline;
mod drive;
pub(in crate::http) mod errors;
mod home;
pub(in crate::http) mod language;
pub(in crate::http) mod response;
mod review;
pub(in crate::http) mod shell;
pub(in crate::http) mod texts;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{get, post};

use super::{AppState, browser_session};

pub(super) fn routes() -> Router<Arc<AppState>> {
    Router::new()
        .route("/", get(home::show))
        .route(language::PATH, post(language::choose))
        .route(assets::PATH, get(assets::send))
        .merge(review::routes())
        .merge(drive::routes())
        .merge(browser_session::routes())
        .layer(from_fn(errors::render))
}
