//! `PUT /1c/v1/{type}/{ref_key}`: one object.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::AppState;
use crate::http::error_code::ErrorCode;
use crate::http::path_param::PathParam;
use crate::http::problem::Problem;
use crate::onec::{ItemResult, ObjectKind};

use super::OnecAccount;
use super::body;
use super::response::json_response;
use super::schema::{
    SentAssignment, SentCompany, SentContract, SentReport, SentType, SentUser, SentVehicle,
};

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new()
        .routes(routes!(company))
        .routes(routes!(user))
        .routes(routes!(vehicle_type))
        .routes(routes!(vehicle))
        .routes(routes!(contract))
        .routes(routes!(report))
        .routes(routes!(assignment))
}

/// Defines the handler for objects of one kind; the kinds differ only in their descriptions.
macro_rules! put_handler {
    ($(#[doc = $doc:literal])* $name:ident, $path:tt, $sent:ident, $object:ident) => {
        $(#[doc = $doc])*
        #[utoipa::path(
            put,
            path = $path,
            tag = "1c",
            security(("exchange" = [])),
            params(("ref_key" = Uuid, Path, description = "The key of the object in 1C")),
            request_body(content = $sent, description = "May begin with a byte order mark"),
            responses((status = 200, description = "Stored, or a later version is stored already", body = Put)),
            extensions(("x-errors" = json!([
                [408, [ErrorCode::BodyTooSlow]],
                [409, [ErrorCode::BiinTaken], "Another company has this BIN or IIN"],
                [413, [ErrorCode::MessageTooLarge], "Details name the limit"],
                [422, [ErrorCode::ValidationFailed], "Details name the fields"],
                [423, [ErrorCode::MessageBusy]],
            ])))
        )]
        async fn $name(
            State(state): State<Arc<AppState>>,
            account: OnecAccount,
            PathParam(ref_key): PathParam<String>,
            request: Request,
        ) -> Result<Response, Problem> {
            put(&state, &account, ObjectKind::$object, ref_key, request).await
        }
    };
}

put_handler! {
    /// Stores a company
    company, "/1c/v1/companies/{ref_key}", SentCompany, Company
}
put_handler! {
    /// Stores a person of a company
    user, "/1c/v1/users/{ref_key}", SentUser, User
}
put_handler! {
    /// Stores a vehicle type, without its picture
    vehicle_type, "/1c/v1/vehicle-types/{ref_key}", SentType, VehicleType
}
put_handler! {
    /// Stores a vehicle
    vehicle, "/1c/v1/vehicles/{ref_key}", SentVehicle, Vehicle
}
put_handler! {
    /// Stores a contract
    contract, "/1c/v1/contracts/{ref_key}", SentContract, Contract
}
put_handler! {
    /// Stores a report
    report, "/1c/v1/reports/{ref_key}", SentReport, Report
}
put_handler! {
    /// Stores an assignment: who films which vehicle
    assignment, "/1c/v1/assignments/{ref_key}", SentAssignment, Assignment
}

async fn put(
    state: &AppState,
    account: &OnecAccount,
    kind: ObjectKind,
    ref_key: Option<String>,
    request: Request,
) -> Result<Response, Problem> {
    let ref_key = ref_key.ok_or_else(|| Problem::not_found("this path does not exist"))?;
    let body = body::read(state, request).await?;
    let result = state.inbox.put(&account.login, kind, &ref_key, &body).await?;
    let ItemResult { ref_key, message, film_link, .. } = result;
    Ok(json_response(&Put { ref_key, ok: true, message, film_link }))
}

/// The result of storing an object.
#[derive(Serialize, ToSchema)]
struct Put {
    /// The key as it was sent.
    #[schema(example = "0a6c3bbe-d2c5-11ec-8a4e-005056aaa4ae")]
    ref_key: String,
    /// Always `true`.
    #[schema(example = true)]
    ok: bool,
    /// A remark, for example that the object was ignored because its version is older; else empty.
    #[schema(example = "")]
    message: String,
    /// The film link, by which a driver films for this report without signing in, if the report was sent with
    /// `"film_link": true`. Absent if the report does not wait for a video, or if `http.public_url` is not set.
    #[serde(skip_serializing_if = "Option::is_none")]
    film_link: Option<String>,
}
