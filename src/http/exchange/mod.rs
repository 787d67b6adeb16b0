//! What 1C calls (E12): its accounts, submissions out, pictures in.

mod account;
mod pictures;
mod submissions;

use std::sync::Arc;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa_axum::router::OpenApiRouter;

use super::House;

pub(super) use account::ExchangeAccount;

/// The routes of 1C.
pub(super) fn routes() -> OpenApiRouter<Arc<House>> {
    submissions::routes().merge(pictures::routes())
}

/// 1C is answered without the mobile envelope: it reads the fields it asked for.
fn plain(answer: &impl Serialize) -> Response {
    let body = serde_json::json!(answer).to_string();
    ([(header::CONTENT_TYPE, "application/json; charset=utf-8")], body).into_response()
}
