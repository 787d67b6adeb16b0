//! The pages: their common parts and their routes. They are not in the API document.
//!
//! A page is an askama template in `templates/`; askama escapes every value. Sentences are in `texts`, style sheets
//! and scripts below `web/`. Pages work without scripts, except for filming. `errors` renders the problems of the
//! handlers as pages.

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
