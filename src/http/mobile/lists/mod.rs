//! Lists of reports and vehicles (E6–E8).

mod handlers;
mod json;
mod paths;
mod query;
mod response;
pub(super) mod schema;

pub(super) use handlers::routes;
pub(super) use response::{ListResponse, Rows, Section};
