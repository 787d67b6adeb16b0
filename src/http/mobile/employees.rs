//! The employees of a director's company: listed (E4), deleted (E5).

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::devices::Empty;
use super::lists::ListResponse;
use super::lists::schema::EmployeeList;
use crate::http::error_code::ErrorCode;
use crate::http::path_param::PathParam;
use crate::http::problem::Problem;
use crate::http::{Answer, AppState, success};
use crate::leasing::lists::ListError;
use crate::model::{Person, PersonId, Role};

const METHOD_OVERRIDE: &str = "x-http-method-override";

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(list_employees))
        .layer(CompressionLayer::new())
        .routes(routes!(delete_employee, delete_employee_by_post))
}

/// Lists the active employees of the caller's company, newest first (E4)
///
/// For directors.
#[utoipa::path(
    get,
    path = "/employee/list",
    tag = "lists",
    security(("access_token" = [])),
    responses((status = 200, description = "The employees", body = Answer<EmployeeList>)),
    extensions(("x-errors" = json!([
        [403, [ErrorCode::Forbidden], "The caller is not a director"],
    ])))
)]
async fn list_employees(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let director = director(&state, &headers).await?;
    let lists = state.lists.clone();
    let viewer = lists.viewer(director).await?;
    let response = ListResponse { lists, viewer, employees: true, reports: None };
    response.send(&serde_json::json!({})).await
}

/// Deletes an employee (E5)
///
/// For directors. The employee is signed out on every device; submitted videos stay.
#[utoipa::path(
    delete,
    path = "/employee/delete/{id}",
    tag = "lists",
    security(("access_token" = [])),
    params(("id" = i64, Path, description = "The `id` in the list of employees", example = 153)),
    responses((status = 200, description = "Deleted", body = Answer<Empty>)),
    extensions(("x-errors" = json!([
        [403, [ErrorCode::Forbidden], "The caller is not a director"],
        [404, [ErrorCode::NotFound], "The employee does not exist or has been deleted already"],
        [409, [ErrorCode::DeleteOneself]],
    ])))
)]
async fn delete_employee(
    State(state): State<Arc<AppState>>,
    id: PathParam<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let director = director(&state, &headers).await?;
    let id = id.0.and_then(|id| parse_id(&id)).ok_or(ListError::NotFound)?;
    state.lists.delete_employee(&director, id).await?;
    Ok(success(StatusCode::OK, "User successfully deleted.", &Empty {}))
}

/// Digits only: `parse` alone would accept a sign.
fn parse_id(id: &str) -> Option<PersonId> {
    let is_number = id.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| id.parse().ok().map(PersonId))?
}

/// Deletes an employee, for clients that cannot send DELETE
///
/// Requires the header `X-HTTP-Method-Override: DELETE`.
#[utoipa::path(
    post,
    path = "/employee/delete/{id}",
    tag = "lists",
    security(("access_token" = [])),
    params(
        ("id" = i64, Path, description = "The `id` in the list of employees", example = 153),
        ("X-HTTP-Method-Override" = String, Header, description = "`DELETE`", example = "DELETE"),
    ),
    responses((status = 200, description = "Deleted", body = Answer<Empty>)),
    extensions(("x-errors" = json!([
        [403, [ErrorCode::Forbidden], "The caller is not a director"],
        [404, [ErrorCode::NotFound], "The employee does not exist or has been deleted already"],
        [405, [ErrorCode::MethodNotAllowed], "The header is missing"],
        [409, [ErrorCode::DeleteOneself]],
    ])))
)]
async fn delete_employee_by_post(
    state: State<Arc<AppState>>,
    id: PathParam<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let method = headers.get(METHOD_OVERRIDE);
    if !method.is_some_and(|method| method.as_bytes().eq_ignore_ascii_case(b"DELETE")) {
        let message = "send DELETE, or POST with X-HTTP-Method-Override: DELETE";
        return Err(Problem::new(ErrorCode::MethodNotAllowed, message)
            .with_header(header::ALLOW, HeaderValue::from_static("DELETE")));
    }
    delete_employee(state, id, headers).await
}

async fn director(state: &AppState, headers: &HeaderMap) -> Result<Person, Problem> {
    let person = state.caller(headers).await?;
    if person.role == Role::Admin { Ok(person) } else { Err(ListError::DirectorsOnly.into()) }
}
