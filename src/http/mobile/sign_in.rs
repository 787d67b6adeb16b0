//! Exchanging a one-time code or a refresh token for tokens (E2, E3).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use utoipa::ToSchema;

use crate::auth::RefreshRequest;
use crate::http::auth_errors::{code_required, unauthorized};
use crate::http::error_code::ErrorCode;
use crate::http::fields::Fields;
use crate::http::problem::Problem;
use crate::http::{Answer, AppState, bearer};

use super::credentials::{self, CredentialsError};
use super::profile;
use super::request_code::{FCM_RULE, parse_fcm};

/// Signs in with a one-time code
///
/// `Authorization: Basic`: the login is the BIN or IIN, `||` or `-`, and the device id; the password is
/// the code. Login and password may be base64 themselves. The headers `Login` and `Password` work as well.
#[utoipa::path(
    post,
    path = "/auth",
    operation_id = "sign_in",
    tag = "sign-in",
    security(("one_time_code" = [])),
    responses((status = 200, description = "Both tokens and the profile", body = Answer<profile::Profile>)),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed], "The credentials cannot be read"],
        [401, [ErrorCode::OtpInvalid, ErrorCode::OtpExpired, ErrorCode::DeviceUnconfirmed]],
    ])))
)]
pub(super) async fn sign_in(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let request = credentials::read(&headers).map_err(unreadable)?;
    let signed_in = state.auth.sign_in(&request).await?;
    profile::answer(&state, signed_in).await
}

fn unreadable(error: CredentialsError) -> Problem {
    match error {
        CredentialsError::Missing => code_required(
            ErrorCode::OtpInvalid,
            "a one-time code is required: Authorization: Basic, with BIN||device as the login and \
             the code as the password",
        ),
        CredentialsError::Malformed => Problem::unreadable(
            "the login must be 12 digits, || and the device id; the password must be the code",
        ),
    }
}

/// The optional fields of a refresh.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the body; its names are read in any case")]
pub(super) struct RefreshFields {
    /// The refresh token, if it is not in the header.
    refresh_token: Option<String>,
    /// The new push token of the device; empty: no push.
    #[schema(rename = "FCM", max_length = 4096, pattern = "^[!-~]*$")]
    fcm: Option<String>,
    /// The id of the device. Another device than the one that signed in is refused.
    uuid: Option<String>,
}

/// Exchanges a refresh token for a new pair of tokens
///
/// A used refresh token returns the same pair again for ten minutes, as long as the refresh token of that pair
/// has not been used. Later use ends the session.
#[utoipa::path(
    post,
    path = "/refresh_token",
    operation_id = "refresh_token",
    tag = "sign-in",
    security(("refresh_token" = []), ()),
    request_body(
        content(
            (Option<RefreshFields> = "application/json"),
            (Option<RefreshFields> = "application/x-www-form-urlencoded"),
            (Option<RefreshFields> = "multipart/form-data"),
        )
    ),
    responses((status = 200, description = "Both tokens and the profile", body = Answer<profile::Profile>)),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed], "The body cannot be read"],
        [401, [ErrorCode::TokenInvalid, ErrorCode::TokenExpired, ErrorCode::TokenReused]],
        [422, [ErrorCode::ValidationFailed], "FCM"],
    ])))
)]
pub(super) async fn refresh(
    State(state): State<Arc<AppState>>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let fields =
        Fields::read(&state, &head.headers, body, &["refresh_token", "fcm", "uuid"]).await?;
    let token = bearer::token(&head.headers).or_else(|| fields.get("refresh_token"));
    let token = token.filter(|token| !token.is_empty()).ok_or_else(|| {
        let message = "a refresh token is required: Authorization: Bearer …";
        unauthorized(ErrorCode::TokenInvalid, message)
    })?;
    let signed_in = state.auth.refresh(token, refresh_request(&fields)?).await?;
    profile::answer(&state, signed_in).await
}

fn refresh_request(fields: &Fields) -> Result<RefreshRequest, Problem> {
    let invalid = || Problem::field("FCM", FCM_RULE);
    let fcm = fields.get("fcm").map(|text| parse_fcm(text).ok_or_else(invalid)).transpose()?;
    let device = fields.get("uuid").filter(|text| !text.is_empty()).map(str::to_owned);
    Ok(RefreshRequest { fcm, device })
}
