//! What a code and a refresh token open (E2, E3).

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use utoipa::ToSchema;

use crate::http::error_code::ErrorCode;
use crate::http::fields::Fields;
use crate::http::problem::Problem;
use crate::http::{Answer, AppState, bearer};
use crate::leasing::Renewal;

use super::code::readable_fcm;
use super::credentials::{self, Unreadable};
use super::{profile, trouble};

/// Signs in with a one-time code
///
/// Basic: the login is BIN or IIN, `||` or `-`, and the device; the password is the code. Either may be
/// base64 itself. The headers `Login` and `Password` of the owner's example do as well.
#[utoipa::path(
    post,
    path = "/auth",
    operation_id = "sign_in",
    tag = "sign-in",
    security(("one_time_code" = [])),
    responses(
        (status = 200, description = "Both tokens and the profile", body = Answer<profile::Profile>),
    ),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed], "The credentials cannot be read"],
        [401, [ErrorCode::OtpInvalid, ErrorCode::OtpExpired]],
    ])))
)]
pub(super) async fn sign_in(
    State(state): State<Arc<AppState>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let login = credentials::read(&headers).map_err(unreadable)?;
    let signed_in = state.leasing.sign_in(&login).await?;
    profile::answer(&state, &signed_in.person, &signed_in.pair).await
}

fn unreadable(why: Unreadable) -> Problem {
    match why {
        Unreadable::Missing => trouble::wrong_code(
            ErrorCode::OtpInvalid,
            "sign in with Basic: BIN||device as the login, the code as the password",
        ),
        Unreadable::Malformed => Problem::unreadable(
            "the login must be 12 digits, || and the device; the password the code",
        ),
    }
}

/// What may come with a refresh token. All of it may be left out.
#[derive(ToSchema)]
#[expect(dead_code, reason = "it only describes the body; names are read in any case")]
pub(super) struct Renewing {
    /// The refresh token, when it is not in the header.
    refresh_token: Option<String>,
    /// Where the device is told from now on; empty: nowhere.
    #[schema(rename = "FCM", max_length = 4096, pattern = "^[!-~]*$")]
    fcm: Option<String>,
    /// The device: when it is another one than signed in, nothing is given.
    uuid: Option<String>,
}

/// Gets a new pair of tokens for a refresh token
///
/// Each refresh token is good once. The same device may send it again for a minute and gets the same
/// pair; later, or from another device, the session is ended.
#[utoipa::path(
    post,
    path = "/refresh_token",
    operation_id = "refresh_token",
    tag = "sign-in",
    security(("refresh_token" = []), ()),
    request_body(
        content(
            (Option<Renewing> = "application/json"),
            (Option<Renewing> = "application/x-www-form-urlencoded"),
            (Option<Renewing> = "multipart/form-data"),
        )
    ),
    responses(
        (status = 200, description = "Both tokens and the profile", body = Answer<profile::Profile>),
    ),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed], "A body that cannot be read"],
        [401, [ErrorCode::TokenInvalid, ErrorCode::TokenExpired, ErrorCode::TokenReused]],
        [413, [ErrorCode::BodyTooLarge]],
        [422, [ErrorCode::ValidationFailed], "FCM"],
    ])))
)]
pub(super) async fn refresh(
    State(state): State<Arc<AppState>>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let fields = Fields::read(&state, &head.headers, body).await?;
    let token = bearer::token(&head.headers).or_else(|| fields.get("refresh_token"));
    let token = token.filter(|token| !token.is_empty()).ok_or_else(|| {
        bearer::unauthorized(
            ErrorCode::TokenInvalid,
            "a refresh token is required: Authorization: Bearer …",
        )
    })?;
    let signed_in = state.leasing.refresh(token, renewal(&fields)?).await?;
    profile::answer(&state, &signed_in.person, &signed_in.pair).await
}

fn renewal(fields: &Fields) -> Result<Renewal, Problem> {
    let unfit = || {
        let why = "must be up to 4096 visible ASCII characters".to_owned();
        Problem::fields(&[("FCM", why)])
    };
    let fcm = fields.get("fcm").map(|text| readable_fcm(text).ok_or_else(unfit)).transpose()?;
    let device = fields.get("uuid").filter(|text| !text.is_empty()).map(str::to_owned);
    Ok(Renewal { fcm, device })
}
