//! Pictures of types of vehicles, in.

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::AppState;
use crate::http::body::read_small;
use crate::http::error_code::ErrorCode;
use crate::http::problem::Problem;
use crate::model::TypeCode;

use super::{OnecAccount, plain};

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(put))
}

/// Where the picture is now.
#[derive(Serialize, ToSchema)]
struct Kept {
    /// The type of vehicles.
    #[schema(value_type = Uuid)]
    ref_key: TypeCode,
    ok: bool,
    /// Its address, which changes with the picture.
    #[schema(
        example = "https://api.example.kz/images/b71e9ff8-1664-11ea-8dad-1831bf7dd029/image.png?v=1f0e"
    )]
    image_path: String,
}

/// The picture of a type of vehicles: a PNG or JPEG, which is written anew and shown by E11
#[utoipa::path(
    put,
    path = "/1c/v1/vehicle-types/{ref_key}/image",
    tag = "1c",
    security(("exchange" = [])),
    params(("ref_key" = Uuid, Path, description = "The type of vehicles")),
    request_body(content(("image/png"), ("image/jpeg")), description = "At most `onec.max_picture` bytes"),
    responses(
        (status = 200, description = "Kept", body = Kept),
    ),
    extensions(("x-errors" = json!([
        [408, [ErrorCode::BodyTooSlow]],
        [413, [ErrorCode::BodyTooLarge], "More than `onec.max_picture`"],
        [415, [ErrorCode::UnsupportedMediaType], "No PNG and no JPEG, by its bytes"],
        [422, [ErrorCode::ValidationFailed], "Damaged, cut, or too many pixels"],
        [503, [ErrorCode::StorageUnavailable, ErrorCode::Busy]],
    ])))
)]
async fn put(
    State(state): State<Arc<AppState>>,
    _account: OnecAccount,
    ref_key: Result<Path<String>, PathRejection>,
    request: Request,
) -> Result<Response, Problem> {
    let nothing = || Problem::not_found("there is no such type of vehicles; send it before");
    let code = ref_key.ok().and_then(|Path(text)| text.parse::<TypeCode>().ok());
    let code = code.ok_or_else(nothing)?;
    // Before the bytes are paid for.
    if !state.pictures.has_type(code).await? {
        return Err(nothing());
    }
    let time_limit = state.uploads.idle_timeout();
    let body = read_small(request.into_body(), state.max_picture, time_limit).await?;
    let tag = state.pictures.store(code, body).await?;
    let image_path = format!("{}/images/{code}/image.png?v={tag}", state.public_url);
    Ok(plain(&Kept { ref_key: code, ok: true, image_path }))
}
