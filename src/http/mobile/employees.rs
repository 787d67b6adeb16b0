//! A director's employees: shown (E4), deleted (E5).

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use tower_http::compression::CompressionLayer;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::lists::describe::EmployeeList;
use super::lists::{Said, Sheet};
use crate::http::error_code::ErrorCode;
use crate::http::problem::Problem;
use crate::http::{Answer, AppState, success};
use crate::model::texts::text;
use crate::model::{Person, PersonId, Role};

/// The header by which old phones say DELETE (Q21).
const METHOD_OVERRIDE: &str = "x-http-method-override";

/// The routes of directors.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(employees))
        .layer(CompressionLayer::new())
        .routes(routes!(delete, delete_by_post))
}

/// The active employees of the caller's company (E4)
///
/// For directors. The newest comes first.
#[utoipa::path(
    get,
    path = "/employee/list",
    tag = "lists",
    security(("access_token" = [])),
    responses(
        (status = 200, description = "The employees", body = Answer<EmployeeList>),
    ),
    extensions(("x-errors" = json!([
        [403, [ErrorCode::Forbidden], "The caller is no director"],
    ])))
)]
async fn employees(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let director = director(&state, &headers).await?;
    let viewer = state.lists.viewer(director).await?;
    Sheet::new(&state.lists, viewer).with_employees().answer(&Said::default()).await
}

/// Ends an employee's rights (E5)
///
/// For directors. The employee's devices are signed out; what they have sent stays.
#[utoipa::path(
    delete,
    path = "/employee/delete/{id}",
    tag = "lists",
    security(("access_token" = [])),
    params(("id" = i64, Path, description = "The `id` in the list of employees", example = 153)),
    responses(
        (status = 200, description = "Deleted", body = Answer<Done>),
    ),
    extensions(("x-errors" = json!([
        [403, [ErrorCode::Forbidden], "The caller is no director"],
        [404, [ErrorCode::NotFound], "Nobody, or deleted before"],
        [409, [ErrorCode::DeleteOneself]],
    ])))
)]
async fn delete(
    State(state): State<Arc<AppState>>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let director = director(&state, &headers).await?;
    let nobody = || Problem::not_found(text!("problem.employee_not_found"));
    let id = id.ok().and_then(|Path(id)| person(&id)).ok_or_else(nobody)?;
    state.lists.delete_employee(&director, id).await?;
    Ok(success(StatusCode::OK, "User successfully deleted.", &Done {}))
}

/// A number as the list shows it: digits alone, though Rust would read a sign too.
fn person(id: &str) -> Option<PersonId> {
    let digits = id.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| id.parse().ok().map(PersonId))?
}

/// The same for clients that cannot say DELETE
///
/// With the header `X-HTTP-Method-Override: DELETE`; without it, 405.
#[utoipa::path(
    post,
    path = "/employee/delete/{id}",
    tag = "lists",
    security(("access_token" = [])),
    params(
        ("id" = i64, Path, description = "The `id` in the list of employees", example = 153),
        ("X-HTTP-Method-Override" = String, Header, description = "`DELETE`", example = "DELETE"),
    ),
    responses(
        (status = 200, description = "Deleted", body = Answer<Done>),
    ),
    extensions(("x-errors" = json!([
        [403, [ErrorCode::Forbidden], "The caller is no director"],
        [404, [ErrorCode::NotFound], "Nobody, or deleted before"],
        [405, [ErrorCode::MethodNotAllowed], "No override"],
        [409, [ErrorCode::DeleteOneself]],
    ])))
)]
async fn delete_by_post(
    state: State<Arc<AppState>>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let meant = headers.get(METHOD_OVERRIDE);
    if !meant.is_some_and(|method| method.as_bytes().eq_ignore_ascii_case(b"DELETE")) {
        let message = "say DELETE, or X-HTTP-Method-Override: DELETE";
        return Err(Problem::new(ErrorCode::MethodNotAllowed, message).with_header(
            axum::http::header::ALLOW,
            axum::http::HeaderValue::from_static("DELETE"),
        ));
    }
    delete(state, id, headers).await
}

/// Nothing more to say.
#[derive(serde::Serialize, utoipa::ToSchema)]
struct Done {}

/// The caller, who is a director (S21).
async fn director(state: &AppState, headers: &HeaderMap) -> Result<Person, Problem> {
    let person = state.caller(headers).await?;
    if person.role == Role::Admin { Ok(person) } else { Err(super::lists::for_directors()) }
}
