//! The routes of 1C (E12): objects and pictures in, submissions out. JSON may begin with a byte order
//! mark.

mod account;
mod body;
mod errors;
mod messages;
mod objects;
mod pictures;
mod response;
mod schema;
mod submissions;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use super::AppState;

pub(super) use account::{API_KEY, OnecAccount};

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    submissions::routes()
        .merge(pictures::routes())
        .merge(messages::routes())
        .merge(objects::routes())
}
