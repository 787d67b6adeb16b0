//! Pictures of vehicle types from 1C.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::AppState;
use crate::http::base_url::BaseUrl;
use crate::http::body::read_small;
use crate::http::error_code::ErrorCode;
use crate::http::path_param::PathParam;
use crate::http::problem::Problem;
use crate::model::TypeCode;

use super::OnecAccount;
use super::response::json_response;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(put))
}

/// A stored picture.
#[derive(Serialize, ToSchema)]
struct StoredPicture {
    /// The vehicle type.
    #[schema(value_type = Uuid)]
    ref_key: TypeCode,
    ok: bool,
    /// The URL of the picture, which changes with it.
    #[schema(
        example = "https://api.example.kz/images/b71e9ff8-1664-11ea-8dad-1831bf7dd029/image.png?v=1f0e"
    )]
    image_path: String,
}

/// Stores the picture of a vehicle type (E11): a PNG or JPEG, which is encoded again
#[utoipa::path(
    put,
    path = "/1c/v1/vehicle-types/{ref_key}/image",
    tag = "1c",
    security(("exchange" = [])),
    params(("ref_key" = Uuid, Path, description = "The vehicle type")),
    request_body(content(("image/png"), ("image/jpeg")), description = "At most `onec.max_picture` bytes"),
    responses((status = 200, description = "Stored", body = StoredPicture)),
    extensions(("x-errors" = json!([
        [408, [ErrorCode::BodyTooSlow]],
        [413, [ErrorCode::BodyTooLarge], "Longer than `onec.max_picture`"],
        [415, [ErrorCode::UnsupportedMediaType, ErrorCode::UnsupportedEncoding], "Neither PNG nor JPEG, by its first bytes"],
        [422, [ErrorCode::ValidationFailed], "Damaged, incomplete, or too many pixels"],
    ])))
)]
async fn put(
    State(state): State<Arc<AppState>>,
    _account: OnecAccount,
    PathParam(code): PathParam<TypeCode>,
    BaseUrl(base): BaseUrl,
    request: Request,
) -> Result<Response, Problem> {
    let unknown = || Problem::not_found("this vehicle type does not exist; send it first");
    let code = code.ok_or_else(unknown)?;
    // Checked before the body is read.
    if !state.pictures.has_type(code).await? {
        return Err(unknown());
    }
    let time_limit = state.uploads.idle_timeout();
    let body = read_small(request.into_body(), state.max_picture, time_limit).await?;
    let tag = state.pictures.store(code, body).await?;
    let image_path = format!("{base}/images/{code}/image.png?v={tag}");
    Ok(json_response(&StoredPicture { ref_key: code, ok: true, image_path }))
}
