//! `PUT /1c/v1/{type}/{ref_key}`: one object.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::AppState;
use crate::http::error_code::ErrorCode;
use crate::http::problem::Problem;
use crate::onec::ObjectKind;

use super::body::whole;
use super::words::{
    SentAssignment, SentCompany, SentContract, SentReport, SentType, SentUser, SentVehicle,
};
use super::{OnecAccount, plain};

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

/// A handler for objects of one kind. They differ in their words only.
macro_rules! door {
    ($(#[doc = $doc:literal])* $name:ident, $path:tt, $sent:ident, $object:ident) => {
        $(#[doc = $doc])*
        #[utoipa::path(
            put,
            path = $path,
            tag = "1c",
            security(("exchange" = [])),
            params(("ref_key" = Uuid, Path, description = "Its key in 1C")),
            request_body(content = $sent, description = "A byte order mark is fine"),
            responses(
                (status = 200, description = "Taken, or known already", body = Put),
            ),
            extensions(("x-errors" = json!([
                [408, [ErrorCode::BodyTooSlow]],
                [409, [ErrorCode::BiinTaken], "Another company has it"],
                [413, [ErrorCode::MessageTooLarge], "Details name the limit"],
                [415, [ErrorCode::UnsupportedMediaType], "A Content-Encoding"],
                [422, [ErrorCode::ValidationFailed], "Details name the fields"],
                [423, [ErrorCode::MessageBusy]],
            ])))
        )]
        async fn $name(
            State(state): State<Arc<AppState>>,
            account: OnecAccount,
            ref_key: Result<Path<String>, PathRejection>,
            request: Request,
        ) -> Result<Response, Problem> {
            put(&state, &account, ObjectKind::$object, ref_key, request).await
        }
    };
}

door! {
    /// A leasing customer, whole
    company, "/1c/v1/companies/{ref_key}", SentCompany, Company
}
door! {
    /// A person of a customer, whole
    user, "/1c/v1/users/{ref_key}", SentUser, User
}
door! {
    /// A type of vehicles, whole but for its picture
    vehicle_type, "/1c/v1/vehicle-types/{ref_key}", SentType, VehicleType
}
door! {
    /// A vehicle, whole
    vehicle, "/1c/v1/vehicles/{ref_key}", SentVehicle, Vehicle
}
door! {
    /// A contract, whole
    contract, "/1c/v1/contracts/{ref_key}", SentContract, Contract
}
door! {
    /// A report, whole
    report, "/1c/v1/reports/{ref_key}", SentReport, Report
}
door! {
    /// Who films what, whole
    assignment, "/1c/v1/assignments/{ref_key}", SentAssignment, Assignment
}

async fn put(
    state: &AppState,
    account: &OnecAccount,
    what: ObjectKind,
    ref_key: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let Path(ref_key) = ref_key.map_err(|_| Problem::not_found("there is nothing here"))?;
    let body = whole(state, request).await?;
    let result = state.inbox.put(&account.login, what, &ref_key, &body).await?;
    let put = Put { ref_key: result.ref_key, ok: true, message: result.message };
    Ok(plain(&put))
}

/// What became of an object.
#[derive(Serialize, ToSchema)]
struct Put {
    /// Its key as it was sent.
    #[schema(example = "0a6c3bbe-d2c5-11ec-8a4e-005056aaa4ae")]
    ref_key: String,
    /// Always `true`.
    #[schema(example = true)]
    ok: bool,
    /// A sentence, when there is something to say.
    #[schema(example = "")]
    message: String,
}
