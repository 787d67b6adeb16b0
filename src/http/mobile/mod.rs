//! The routes of the owner's API document: sign-in, lists, employees.

mod credentials;
mod devices;
mod employees;
mod lists;
pub(in crate::http) mod profile;
mod request_code;
mod sign_in;
mod waiting;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(request_code::request_code))
        .routes(routes!(sign_in::sign_in))
        .routes(routes!(sign_in::refresh))
        .routes(routes!(devices::sign_out))
        .routes(routes!(devices::list))
        .routes(routes!(devices::sign_out_device))
        .routes(routes!(waiting::list))
        .routes(routes!(waiting::confirm))
        .merge(employees::routes())
        .merge(lists::routes())
}
