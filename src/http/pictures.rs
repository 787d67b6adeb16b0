//! Pictures of vehicle types (E11) and QR codes of vehicles (E10).

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::leasing::{ImageError, PictureError, QrFormat};
use crate::model::{TypeCode, VehicleGuid};

use super::AppState;
use super::auth_errors::seconds;
use super::client::Client;
use super::error_code::ErrorCode;
use super::path_param::PathParam;
use super::problem::{self, Problem};
use super::query;
use super::range::{fails_if_match, is_not_modified};
use super::video_response::precondition_failed;

/// `Cache-Control` of an address with a version.
const CACHE_IMMUTABLE: HeaderValue =
    HeaderValue::from_static("public, max-age=31536000, immutable");
const CACHE_BRIEFLY: HeaderValue = HeaderValue::from_static("public, max-age=300");
/// For responses that depend on the caller.
const CACHE_PRIVATELY: HeaderValue = HeaderValue::from_static("private, max-age=300");

/// For browsers. Contains nothing of the request.
const NO_VEHICLE_PAGE: &str = "<!doctype html>\n<html lang=\"ru\"><meta charset=\"utf-8\">\
    <title>Vehicle not found.</title>\n<h1>Vehicle not found.</h1>\n<p>Транспорт не найден.</p>\n";
const NO_VEHICLE: &str = "Vehicle not found.";

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(vehicle_type_picture)).routes(routes!(vehicle_qr_code))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct PictureQuery {
    /// The version in `image_path`; the response may then be cached for a year
    #[param(example = "1f0e3dad99908345")]
    v: Option<String>,
}

/// The picture of a vehicle type, or a placeholder until 1C sends one (E11); public
#[utoipa::path(
    get,
    path = "/images/{vehicle_type_code}/image.png",
    tag = "lists",
    params(
        ("vehicle_type_code" = Uuid, Path, description = "The vehicle type"),
        PictureQuery,
    ),
    responses(
        (status = 200, description = "The picture", content_type = "image/png"),
        (status = 304, description = "Unchanged since the version in If-None-Match"),
    ),
    extensions(("x-errors" = json!([
        [404, [ErrorCode::NotFound], "The type does not exist"],
        [503, [ErrorCode::StorageUnavailable]],
    ])))
)]
async fn vehicle_type_picture(
    State(state): State<Arc<AppState>>,
    PathParam(code): PathParam<TypeCode>,
    query: Result<Query<PictureQuery>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let unknown = || Problem::not_found("this vehicle type does not exist");
    let picture = state.pictures.picture(code.ok_or_else(unknown)?).await?;
    let picture = picture.ok_or_else(unknown)?;
    let is_current = query.is_ok_and(|Query(query)| query.v.as_ref() == Some(&picture.tag));
    let cache = if is_current { CACHE_IMMUTABLE } else { CACHE_BRIEFLY };
    image(&headers, "image/png", &picture.tag, cache, picture.bytes)
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct QrQuery {
    /// `png` by default
    #[param(inline)]
    #[serde(default, deserialize_with = "query::word")]
    format: Option<Format>,
}

#[derive(Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
enum Format {
    Png,
    Svg,
}

/// The QR code of a vehicle, for printing (E10); public unless `leasing.qr_requires_login` is set
#[utoipa::path(
    get,
    path = "/vehicle/qr/{vehicle_guid}",
    tag = "lists",
    security((), ("access_token" = [])),
    params(
        ("vehicle_guid" = Uuid, Path, description = "The vehicle"),
        QrQuery,
    ),
    responses(
        (status = 200, description = "The code", content(("image/png"), ("image/svg+xml"))),
        (status = 304, description = "Unchanged since the version in If-None-Match"),
    ),
    extensions(("x-errors" = json!([
        [400, [ErrorCode::ValidationFailed], "Unknown format"],
        [404, [ErrorCode::NotFound], "Vehicle not found. An HTML page if the browser prefers one"],
        [429, [ErrorCode::RateLimited]],
    ])))
)]
async fn vehicle_qr_code(
    State(state): State<Arc<AppState>>,
    PathParam(guid): PathParam<VehicleGuid>,
    query: Result<Query<QrQuery>, QueryRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let (head, _) = request.into_parts();
    // Counted first, so that guessing vehicle keys is limited too.
    state
        .pictures
        .count_qr_request(Client::of(&state.proxies, &head.extensions, &head.headers).address)?;
    let headers = &head.headers;
    let requires_login = state.pictures.qr_requires_login();
    let person = if requires_login { Some(state.caller(headers).await?) } else { None };
    let Query(query) = query?;
    let (format, content_type) = match query.format {
        Some(Format::Svg) => (QrFormat::Svg, "image/svg+xml"),
        Some(Format::Png) | None => (QrFormat::Png, "image/png"),
    };
    let Some(guid) = guid else { return Ok(no_vehicle(headers)) };
    let code = state.pictures.qr_code(guid, person.as_ref(), format).await?;
    let Some(code) = code else { return Ok(no_vehicle(headers)) };
    let cache = if requires_login { CACHE_PRIVATELY } else { CACHE_BRIEFLY };
    image(headers, content_type, &code.tag, cache, code.bytes)
}

/// 200 with an `ETag`, or 304.
fn image(
    request: &HeaderMap,
    content_type: &'static str,
    tag: &str,
    cache: HeaderValue,
    bytes: Bytes,
) -> Result<Response, Problem> {
    let etag = format!("\"{tag}\"");
    let headers = [
        (header::ETAG, HeaderValue::from_str(&etag).map_err(|_| problem::internal())?),
        (header::CACHE_CONTROL, cache),
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
    ];
    if fails_if_match(request, &etag) {
        return Err(precondition_failed());
    }
    if is_not_modified(request, &etag) {
        return Ok((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    Ok((headers, Body::from(bytes)).into_response())
}

/// 404 with the document's sentence, as JSON or as a page (Q36).
fn no_vehicle(headers: &HeaderMap) -> Response {
    if !prefers_html(headers) {
        return Problem::not_found(NO_VEHICLE).into_response();
    }
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'"),
    ];
    (StatusCode::NOT_FOUND, headers, NO_VEHICLE_PAGE).into_response()
}

/// Whether `Accept` names HTML before JSON, as browsers do.
fn prefers_html(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let accept = accept.unwrap_or_default().to_ascii_lowercase();
    let position = |media_type: &str| {
        accept.split(',').position(|accepted| accepted.trim().starts_with(media_type))
    };
    match (position("text/html"), position("application/json")) {
        (Some(html), Some(json)) => html < json,
        (html, _) => html.is_some(),
    }
}

impl From<PictureError> for Problem {
    fn from(error: PictureError) -> Self {
        let message = error.to_string();
        match error {
            PictureError::Image(ImageError::UnknownFormat) => {
                Self::new(ErrorCode::UnsupportedMediaType, message)
            }
            PictureError::Image(_) => Self::new(ErrorCode::ValidationFailed, message),
            PictureError::UnknownType => Self::not_found(message),
            PictureError::Busy => Self::new(ErrorCode::Busy, message).retry_after(1),
            PictureError::RateLimited { wait } => {
                Self::new(ErrorCode::RateLimited, message).retry_after(seconds(wait))
            }
            PictureError::Database(error) => problem::database_failure(&error),
            PictureError::Internal(error) => {
                tracing::error!(%error, "a picture could not be processed");
                problem::internal()
            }
        }
    }
}
