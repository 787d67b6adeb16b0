//! Signing out, and the list of the caller's devices. Additions to the owner's API document.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::SignInError;
use crate::http::path_param::PathParam;
use crate::http::problem::Problem;
use crate::http::{Answer, AppState, success};
use crate::model::SessionId;

/// No further fields.
#[derive(Serialize, ToSchema)]
pub(super) struct Empty {}

/// Signs out: the tokens of this session become invalid
#[utoipa::path(
    post,
    path = "/logout",
    operation_id = "sign_out",
    tag = "sign-in",
    security(("access_token" = [])),
    responses((status = 200, description = "Signed out", body = Answer<Empty>))
)]
pub(super) async fn sign_out(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let caller = state.caller_in_session(&headers).await?;
    state.auth.sign_out(&caller).await.map_err(SignInError::from)?;
    Ok(success(StatusCode::OK, "Successfully signed out.", &Empty {}))
}

#[derive(Serialize, ToSchema)]
pub(super) struct DeviceList {
    devices: Vec<Device>,
}

/// A device on which the caller is signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct Device {
    /// The session on this device.
    id: SessionId,
    /// The id that the device chose for itself.
    uuid: String,
    /// Whether it gets push messages.
    push: bool,
    signed_in_at: Timestamp,
    /// When it last got tokens.
    seen_at: Timestamp,
    /// Whether it is the device of this request.
    current: bool,
}

/// Lists the devices on which the caller is signed in, latest first
#[utoipa::path(
    get,
    path = "/devices",
    operation_id = "list_devices",
    tag = "sign-in",
    security(("access_token" = [])),
    responses((status = 200, description = "Up to 100 devices", body = Answer<DeviceList>))
)]
pub(super) async fn list(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let caller = state.caller_in_session(&headers).await?;
    let sessions = state.auth.devices(&caller).await.map_err(SignInError::from)?;
    let devices = sessions.into_iter().map(|session| Device {
        current: caller.session == session.id.to_string(),
        id: session.id,
        uuid: session.uuid,
        push: session.has_push_token,
        signed_in_at: session.created_at,
        seen_at: session.seen_at,
    });
    Ok(success(StatusCode::OK, "success", &DeviceList { devices: devices.collect() }))
}

/// Signs the caller out on another device, which gets a push message
#[utoipa::path(
    delete,
    path = "/devices/{id}",
    operation_id = "sign_out_device",
    tag = "sign-in",
    security(("access_token" = [])),
    params(("id" = Uuid, Path, description = "The `id` in the list of devices")),
    responses((status = 200, description = "Signed out there", body = Answer<Empty>))
)]
pub(super) async fn sign_out_device(
    State(state): State<Arc<AppState>>,
    PathParam(id): PathParam<SessionId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let caller = state.caller_in_session(&headers).await?;
    let unknown = || Problem::not_found("you are not signed in on this device");
    let id = id.ok_or_else(unknown)?;
    let ended = state.auth.sign_out_device(&caller, id).await.map_err(SignInError::from)?;
    if ended {
        Ok(success(StatusCode::OK, "Device successfully signed out.", &Empty {}))
    } else {
        Err(unknown())
    }
}
