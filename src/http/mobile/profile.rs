//! The profile: the response to a sign-in and to a refresh (E2, E3).

use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

use super::lists::schema::{Blocks, Info, ReportFilter};
use super::lists::{ListResponse, Rows, Section};
use crate::auth::SignedIn;
use crate::http::AppState;
use crate::http::problem::Problem;
use crate::leasing::lists::{EmployeeItem, Filters, ListOptions, ReportItem, TypeItem, user_type};
use crate::model::Role;

/// Both tokens, and everything that the app shows first (E2, E3).
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the JSON")]
pub(in crate::http) struct Profile {
    #[serde(flatten)]
    fields: ProfileFields,
    /// For directors only.
    #[schema(nullable = false)]
    employees: Option<Vec<EmployeeItem>>,
    reports: Blocks<ReportItem>,
    info: Info<TypeItem>,
    filter: ReportFilter,
}

/// The profile without its lists.
#[derive(Serialize, ToSchema)]
struct ProfileFields {
    access_token: String,
    refresh_token: String,
    #[schema(example = "+77021234567")]
    mobile: String,
    /// For directors only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "email@mail.ru", nullable = false)]
    email: Option<String>,
    #[schema(example = "Руслан")]
    first_name: String,
    #[schema(example = "Нурмуханов")]
    last_name: String,
    #[schema(example = "Серикович")]
    patronic_name: String,
    /// BIN or IIN of the company.
    #[schema(example = "200940026146")]
    biin: String,
    #[schema(example = "Alpha AJI Gruppe ТОО")]
    company_name: String,
    #[schema(example = "Директор")]
    user_type: &'static str,
}

pub(super) async fn answer(state: &AppState, signed_in: SignedIn) -> Result<Response, Problem> {
    let SignedIn { person, pair } = signed_in;
    let row = state.lists.profile(&person).await?;
    let is_director = person.role == Role::Admin;
    let fields = ProfileFields {
        access_token: pair.access_token,
        refresh_token: pair.refresh_token,
        mobile: row.mobile,
        email: is_director.then_some(row.email),
        first_name: row.first_name,
        last_name: row.last_name,
        patronic_name: row.patronic_name,
        biin: row.biin,
        company_name: row.company_name,
        user_type: user_type(person.role),
    };
    let lists = state.lists.clone();
    let viewer = lists.viewer(person).await?;
    let reader = lists.read(&viewer, &Filters::default(), ListOptions::default());
    let employees = is_director && lists.employees_in_profile();
    let reports = Some(Section { reader, rows: Rows::Reports });
    ListResponse { lists, viewer, employees, reports }.send(&fields).await
}
