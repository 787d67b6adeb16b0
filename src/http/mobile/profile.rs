//! The profile that a sign-in and every refresh answer with (E2, E3).

use axum::http::StatusCode;
use axum::response::Response;

use crate::http::problem::Problem;
use crate::http::{House, success};
use crate::leasing::TokenPair;
use crate::model::Person;

/// Both tokens, and all that the app shows first.
#[expect(clippy::unused_async, reason = "the lists will be read here")]
pub(in crate::http) async fn answer(
    _house: &House,
    _person: &Person,
    pair: &TokenPair,
) -> Result<Response, Problem> {
    Ok(success(StatusCode::OK, "success", pair))
}
