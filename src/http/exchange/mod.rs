//! What 1C calls (E12): its accounts, submissions out.

mod account;
mod submissions;

use std::sync::Arc;

use utoipa_axum::router::OpenApiRouter;

use super::House;

pub(super) use account::ExchangeAccount;

/// The routes of 1C.
pub(super) fn routes() -> OpenApiRouter<Arc<House>> {
    submissions::routes()
}
