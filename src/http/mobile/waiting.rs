//! Devices that wait for a code, for the director who confirms one of them. Additions to the owner's API
//! document.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::devices::Empty;
use crate::http::error_code::ErrorCode;
use crate::http::fields::Fields;
use crate::http::problem::Problem;
use crate::http::{Answer, AppState, success};
use crate::model::{DeviceId, Role, shown_device, shown_name, shown_value};

#[derive(Serialize, ToSchema)]
pub(super) struct WaitingList {
    devices: Vec<WaitingDevice>,
}

/// A device without a session that has requested a code.
#[derive(Serialize, ToSchema)]
struct WaitingDevice {
    /// The id that the device chose for itself.
    uuid: String,
    /// The same, or empty if it looks like an address or a sentence.
    shown_as: String,
    /// 1: the director. 2: a driver.
    role_id: u8,
    /// As typed; empty for a director.
    mobile: String,
    /// As typed; empty for a director, and for what is no name.
    first_name: String,
    requested_at: Timestamp,
}

/// Lists the devices that wait for a code of the company, latest first
///
/// For directors. A device is in the list while its code is valid.
#[utoipa::path(
    get,
    path = "/devices/waiting",
    operation_id = "list_waiting_devices",
    tag = "sign-in",
    security(("access_token" = [])),
    responses((status = 200, description = "Up to 100 devices", body = Answer<WaitingList>)),
    extensions(("x-errors" = json!([
        [403, [ErrorCode::Forbidden], "The caller is not a director"],
    ])))
)]
pub(super) async fn list(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let caller = state.caller_in_session(&headers).await?;
    let devices = state.auth.waiting_devices(&caller).await?;
    let devices = devices.into_iter().map(|device| WaitingDevice {
        shown_as: shown_device(&device.uuid),
        uuid: device.uuid,
        role_id: if device.role == Role::Employee { 2 } else { 1 },
        mobile: shown_value(&device.mobile),
        first_name: shown_name(&device.first_name),
        requested_at: device.requested_at,
    });
    Ok(success(StatusCode::OK, "success", &WaitingList { devices: devices.collect() }))
}

#[derive(ToSchema)]
#[schema(example = json!({"uuid": "123456789012349"}))]
#[expect(dead_code, reason = "describes the body; its names are read in any case")]
pub(super) struct ConfirmationFields {
    /// The device, as it names itself.
    #[schema(min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9._:-]+$")]
    uuid: String,
}

/// Confirms a device: it may sign in with a code although too many wrong codes were entered
///
/// For directors. The confirmation lasts 15 minutes.
#[utoipa::path(
    post,
    path = "/devices/confirm",
    operation_id = "confirm_device",
    tag = "sign-in",
    security(("access_token" = [])),
    request_body(content((ConfirmationFields = "application/json"))),
    responses((status = 200, description = "Confirmed", body = Answer<Empty>)),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed], "The body cannot be read"],
        [403, [ErrorCode::Forbidden], "The caller is not a director"],
        [422, [ErrorCode::ValidationFailed], "uuid"],
    ])))
)]
pub(super) async fn confirm(
    State(state): State<Arc<AppState>>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let caller = state.caller_in_session(&head.headers).await?;
    let fields = Fields::read(&state, &head.headers, body, &["uuid"]).await?;
    let device = fields.get("uuid").unwrap_or_default().parse::<DeviceId>();
    let device = device.map_err(|error| Problem::field("uuid", error.to_string()))?;
    state.auth.confirm_device(&caller, &device).await?;
    Ok(success(StatusCode::OK, "Device successfully confirmed.", &Empty {}))
}
