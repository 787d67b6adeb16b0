//! Where somebody is signed in, and signing out. Not in the owner's document.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::problem::Problem;
use crate::http::{Answer, AppState, success};
use crate::leasing::SignInError;
use crate::model::SessionId;

/// Nothing more than the message.
#[derive(Serialize, ToSchema)]
pub(super) struct Nothing {}

/// Signs out: the tokens of this session open nothing any more
#[utoipa::path(
    post,
    path = "/logout",
    operation_id = "sign_out",
    tag = "sign-in",
    security(("access_token" = [])),
    responses(
        (status = 200, description = "Signed out", body = Answer<Nothing>),
    )
)]
pub(super) async fn logout(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let caller = state.caller_in_session(&headers).await?;
    state.leasing.sign_out(&caller).await.map_err(SignInError::from)?;
    Ok(success(StatusCode::OK, "Successfully signed out.", &Nothing {}))
}

/// The caller's devices.
#[derive(Serialize, ToSchema)]
pub(super) struct Devices {
    devices: Vec<Device>,
}

/// A device on which the caller is signed in.
#[derive(Serialize, ToSchema)]
pub(super) struct Device {
    /// Names the sign-in.
    id: SessionId,
    /// The device, as it calls itself.
    uuid: String,
    /// Whether it is told of things.
    push: bool,
    signed_in_at: Timestamp,
    /// When it last got tokens.
    seen_at: Timestamp,
    /// Whether it is the one that asks.
    current: bool,
}

/// The devices on which the caller is signed in, latest first
#[utoipa::path(
    get,
    path = "/devices",
    operation_id = "devices",
    tag = "sign-in",
    security(("access_token" = [])),
    responses(
        (status = 200, description = "Up to 100 devices", body = Answer<Devices>),
    )
)]
pub(super) async fn list(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let caller = state.caller_in_session(&headers).await?;
    let sessions = state.leasing.devices(&caller).await.map_err(SignInError::from)?;
    let devices = sessions.into_iter().map(|session| Device {
        current: caller.session == session.id.to_string(),
        id: session.id,
        uuid: session.uuid,
        push: session.has_push_token,
        signed_in_at: session.made_at,
        seen_at: session.seen_at,
    });
    Ok(success(StatusCode::OK, "success", &Devices { devices: devices.collect() }))
}

/// Signs the caller out on one of their devices, which is told
#[utoipa::path(
    delete,
    path = "/devices/{id}",
    operation_id = "end_device",
    tag = "sign-in",
    security(("access_token" = [])),
    params(("id" = Uuid, Path, description = "The id of the device in the list")),
    responses(
        (status = 200, description = "Signed out there", body = Answer<Nothing>),
    )
)]
pub(super) async fn end(
    State(state): State<Arc<AppState>>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let caller = state.caller_in_session(&headers).await?;
    let nothing = || Problem::not_found("you are not signed in on such a device");
    let id = id.ok().and_then(|Path(text)| text.parse::<SessionId>().ok()).ok_or_else(nothing)?;
    let ended = state.leasing.end_device(&caller, id).await.map_err(SignInError::from)?;
    if ended {
        Ok(success(StatusCode::OK, "Device successfully signed out.", &Nothing {}))
    } else {
        Err(nothing())
    }
}
