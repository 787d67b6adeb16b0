//! The profile that a sign-in and every refresh answer with (E2, E3).

use axum::response::Response;
use serde::Serialize;

use super::lists::{Said, Sheet};
use crate::auth::TokenPair;
use crate::http::AppState;
use crate::http::problem::Problem;
use crate::leasing::lists::{Filters, Ways, user_type};
use crate::model::{Person, Role};

pub(in crate::http) use super::lists::describe::Profile;

/// What stands before the lists, in the document's order.
#[derive(Serialize)]
struct Opening<'a> {
    access_token: &'a str,
    refresh_token: &'a str,
    mobile: String,
    /// Only directors have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    email: Option<String>,
    first_name: String,
    last_name: String,
    patronic_name: String,
    biin: String,
    company_name: String,
    user_type: &'static str,
}

/// Both tokens, and all that the app shows first.
pub(in crate::http) async fn answer(
    state: &AppState,
    person: &Person,
    pair: &TokenPair,
) -> Result<Response, Problem> {
    let lists = &state.lists;
    let row = lists.profile(person).await?;
    let is_director = person.role == Role::Admin;
    let opening = Opening {
        access_token: &pair.access_token,
        refresh_token: &pair.refresh_token,
        mobile: row.mobile,
        email: is_director.then_some(row.email),
        first_name: row.first_name,
        last_name: row.last_name,
        patronic_name: row.patronic_name,
        biin: row.biin,
        company_name: row.company_name,
        user_type: user_type(person.role),
    };
    let viewer = lists.viewer(*person).await?;
    let reading = lists.read(&viewer, &Filters::default(), Ways::default());
    let mut sheet = Sheet::new(lists, viewer).with_reports(reading);
    if is_director && lists.employees_in_profile() {
        sheet = sheet.with_employees();
    }
    sheet.answer(&Said::fields(&opening)?).await
}
