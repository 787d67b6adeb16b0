//! The review console: its pages, and the routes for their forms and scripts.
//!
//! Every page works without scripts. A GET never claims or decides anything, so pages can be prefetched. The same
//! handlers redirect forms and answer scripts with JSON.

mod checks;
mod claims;
mod console;
mod country;
mod day;
mod decide;
mod facets;
mod facts;
mod filters;
mod notice;
mod plot;
mod queue;
mod reject;
mod report;
mod rows;
mod script;
mod sessions;
mod settled;
mod sign_in;
mod undo;
mod video;
mod void;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::http::AppState;
use crate::http::problem::Problem;

pub(super) fn routes() -> Router<Arc<AppState>> {
    Router::new()
        .route("/review", get(queue::show))
        .route("/review/next", get(queue::next))
        .route("/review/counts", get(queue::counts))
        .route("/review/sign-in", get(sign_in::show))
        .route("/review/report/{ref_key}", get(report::show))
        .route("/review/report/{ref_key}/link", post(video::link))
        .route("/review/report/{ref_key}/bytes", get(video::bytes))
        .route("/review/claim", post(claims::claim))
        .route("/review/keep", post(claims::keep))
        .route("/review/release", post(claims::release))
        .route("/review/take-over", post(claims::take_over))
        .route("/review/decide", post(decide::decide))
        .route("/review/undo", post(decide::undo))
        .route("/review/decision", get(settled::state_of))
        .route("/review/seen", post(settled::seen))
        .route("/review/day", get(day::show))
        .route("/review/sessions", get(sessions::show))
        .route("/review/{*path}", get(async || Problem::not_found("this path does not exist")))
}
