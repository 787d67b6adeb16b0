//! What 1C calls (E12): its accounts, objects in, submissions out, pictures in. JSON comes with or
//! without a byte order mark.

mod account;
mod body;
mod messages;
mod objects;
mod pictures;
mod refusals;
mod submissions;
mod words;

use std::sync::Arc;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;

use super::AppState;

pub(super) use account::{API_KEY, OnecAccount};

/// The routes of 1C.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    submissions::routes()
        .merge(pictures::routes())
        .merge(messages::routes())
        .merge(objects::routes())
}

/// 1C is answered without the mobile envelope: it reads the fields it asked for.
fn plain(answer: &impl Serialize) -> Response {
    written(serde_json::json!(answer).to_string())
}

/// The same, where it is written already.
fn written(body: String) -> Response {
    ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response()
}
