//! The owner's document: signing in, lists, employees, pictures.

mod code;
mod credentials;
mod devices;
mod employees;
mod lists;
pub(in crate::http) mod profile;
mod sign_in;
mod trouble;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;

/// The routes of phones, as the document has them, and those beside it.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(code::ask))
        .routes(routes!(sign_in::sign_in))
        .routes(routes!(sign_in::refresh))
        .routes(routes!(devices::logout))
        .routes(routes!(devices::list))
        .routes(routes!(devices::end))
        .merge(employees::routes())
        .merge(lists::routes())
}
