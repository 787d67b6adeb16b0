//! Routes of reviewers.

mod queue;
mod sign_in;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AppState;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(sign_in::sign_in)).routes(routes!(queue::list))
}
