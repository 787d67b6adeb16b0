//! Pictures out: of types of vehicles (E11), and the QR code of a vehicle (E10).

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::leasing::{CodeFormat, PictureError};
use crate::model::{TypeCode, VehicleGuid};

use super::AppState;
use super::accounts::seconds;
use super::client::Client;
use super::error_code::ErrorCode;
use super::problem::{self, Problem};
use super::range::is_not_modified;

/// Under an address with its version a picture never changes.
const FOR_GOOD: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Under the plain address it may be another one tomorrow.
const FOR_NOW: HeaderValue = HeaderValue::from_static("public, max-age=300");
/// Who was asked who they are gets an answer of their own.
const FOR_ONE: HeaderValue = HeaderValue::from_static("private, max-age=300");

/// What a browser shows when there is no such vehicle. Nothing in it comes from the request.
const NO_VEHICLE_PAGE: &str = "<!doctype html>\n<html lang=\"ru\"><meta charset=\"utf-8\">\
    <title>Vehicle not found.</title>\n<h1>Vehicle not found.</h1>\n<p>Транспорт не найден.</p>\n";
const NO_VEHICLE: &str = "Vehicle not found.";

/// The routes of pictures.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(picture)).routes(routes!(code))
}

/// Which picture is meant.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Version {
    /// The version in `image_path`; with it the picture may be kept for a year
    #[param(example = "1f0e3dad99908345")]
    v: Option<String>,
}

/// The picture of a type of vehicles (E11); for everybody
#[utoipa::path(
    get,
    path = "/images/{vehicle_type_code}/image.png",
    tag = "lists",
    params(
        ("vehicle_type_code" = Uuid, Path, description = "The type of vehicles"),
        Version,
    ),
    responses(
        (status = 200, description = "The picture", content_type = "image/png"),
        (status = 304, description = "The same as If-None-Match says"),
    ),
    extensions(("x-errors" = json!([
        [404, [ErrorCode::NotFound], "No such type, or it has no picture"],
        [503, [ErrorCode::StorageUnavailable]],
    ])))
)]
async fn picture(
    State(state): State<Arc<AppState>>,
    code: Result<Path<String>, PathRejection>,
    version: Result<Query<Version>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let nothing = || Problem::not_found("there is no such picture");
    let code = code.ok().and_then(|Path(text)| text.parse::<TypeCode>().ok());
    let found = state.pictures.picture(code.ok_or_else(nothing)?).await?;
    let found = found.ok_or_else(nothing)?;
    let is_this = version.is_ok_and(|Query(asked)| asked.v.as_ref() == Some(&found.tag));
    let keep = if is_this { FOR_GOOD } else { FOR_NOW };
    shown(&headers, "image/png", &found.tag, keep, found.png)
}

/// How the code is wanted.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Wanted {
    /// `svg` for lines instead of pixels
    #[param(inline)]
    format: Option<Format>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    Png,
    Svg,
}

/// The QR code of a vehicle, to be printed (E10); for everybody, unless `leasing.qr_requires_login`
#[utoipa::path(
    get,
    path = "/vehicle/qr/{vehicle_guid}",
    tag = "lists",
    security((), ("access_token" = [])),
    params(
        ("vehicle_guid" = Uuid, Path, description = "The vehicle"),
        Wanted,
    ),
    responses(
        (status = 200, description = "The code", content(("image/png"), ("image/svg+xml"))),
        (status = 304, description = "The same as If-None-Match says"),
    ),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed], "No such format"],
        [404, [ErrorCode::NotFound], "Vehicle not found. A page, when the browser prefers one"],
        [429, [ErrorCode::RateLimited]],
    ])))
)]
async fn code(
    State(state): State<Arc<AppState>>,
    guid: Result<Path<String>, PathRejection>,
    wanted: Result<Query<Wanted>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let (asking, _) = request.into_parts();
    // Who tries one key after the other is stopped, whether they are right or wrong (S62).
    state.pictures.count(Client::of(&state.proxies, &asking.extensions, &asking.headers).0)?;
    let headers = &asking.headers;
    let needs_person = state.pictures.codes_need_a_person();
    let person = if needs_person { Some(state.caller(headers).await?) } else { None };
    let Query(wanted) = wanted.map_err(|wrong| Problem::unreadable(wrong.body_text()))?;
    let (format, kind) = match wanted.format {
        Some(Format::Svg) => (CodeFormat::Svg, "image/svg+xml"),
        Some(Format::Png) | None => (CodeFormat::Png, "image/png"),
    };
    let Some(guid) = guid.ok().and_then(|Path(text)| text.parse::<VehicleGuid>().ok()) else {
        return Ok(no_vehicle(headers));
    };
    let drawn = state.pictures.code(guid, person.as_ref(), format).await?;
    let Some(drawn) = drawn else { return Ok(no_vehicle(headers)) };
    let tag = tag_of(&drawn);
    let keep = if needs_person { FOR_ONE } else { FOR_NOW };
    shown(headers, kind, &tag, keep, drawn.into())
}

/// A picture with its tag, or the word that the client has it.
fn shown(
    asking: &HeaderMap,
    kind: &'static str,
    tag: &str,
    keep: HeaderValue,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let etag = format!("\"{tag}\"");
    let tag = HeaderValue::from_str(&etag).map_err(|_| problem::internal())?;
    let kind = HeaderValue::from_static(kind);
    let headers =
        [(header::ETAG, tag), (header::CACHE_CONTROL, keep), (header::CONTENT_TYPE, kind)];
    if is_not_modified(asking, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok((headers, Body::from(bytes)).into_response())
}

/// What names these very bytes.
fn tag_of(bytes: &[u8]) -> String {
    use sha2::Digest as _;

    let mut tag = hex::encode(sha2::Sha256::digest(bytes));
    tag.truncate(16);
    tag
}

/// The document's sentence, which it breaks off before; a page when that is what is preferred (Q36).
fn no_vehicle(headers: &HeaderMap) -> Response {
    if !prefers_page(headers) {
        return Problem::not_found(NO_VEHICLE).into_response();
    }
    let kind = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
    ];
    (StatusCode::NOT_FOUND, kind, NO_VEHICLE_PAGE).into_response()
}

/// Whether a page stands before JSON, as browsers ask.
fn prefers_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let accept = accept.unwrap_or_default().to_ascii_lowercase();
    let place = |kind: &str| accept.split(',').position(|one| one.trim().starts_with(kind));
    match (place("text/html"), place("application/json")) {
        (Some(page), Some(json)) => page < json,
        (page, _) => page.is_some(),
    }
}

impl From<PictureError> for Problem {
    fn from(error: PictureError) -> Self {
        use crate::leasing::DrawingError;

        let message = error.to_string();
        match error {
            PictureError::Drawing(DrawingError::Kind) => {
                Self::new(ErrorCode::UnsupportedMediaType, message)
            }
            PictureError::Drawing(_) => Self::new(ErrorCode::ValidationFailed, message),
            PictureError::NoType => Self::not_found(message),
            PictureError::Busy => Self::new(ErrorCode::Busy, message).retry_after(1),
            PictureError::TooMany { wait } => {
                Self::new(ErrorCode::RateLimited, message).retry_after(seconds(wait))
            }
            PictureError::Away(cause) => problem::unavailable(&cause),
            PictureError::Internal(cause) => {
                tracing::error!(error = %cause, "a picture could not be shown");
                problem::internal()
            }
        }
    }
}
