//! The driver's page: the reports to film, filming, sending. Its scripts and style sheet are below `web/drive`.
//!
//! The list and the instructions work without scripts; filming and sending need them. A video is sent to the
//! routes of the API, with an access token that the page gets in exchange for its cookie.

mod link;
mod list;
mod pwa;
mod report;
mod shell;
mod sign_in;
mod views;

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::http::AppState;
use crate::http::problem::Problem;

pub(super) fn routes() -> Router<Arc<AppState>> {
    Router::new()
        .route("/drive", get(list::show))
        .route("/drive/sign-in", get(sign_in::show))
        .route("/drive/report/{ref_key}", get(report::show))
        .route("/drive/film", get(link::show))
        .route(pwa::MANIFEST, get(pwa::manifest))
        .route(pwa::WORKER, get(pwa::worker))
        .route("/drive/{*path}", get(async || Problem::not_found("this path does not exist")))
}
