//! `POST /1c/v1/messages`.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::http::AppState;
use crate::http::error_code::ErrorCode;
use crate::http::problem::Problem;
use crate::onec::Reply;

use super::OnecAccount;
use super::body;
use super::response::json_text;
use super::schema::SentMessage;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(receive_message))
}

/// Receives a message from 1C: a list of objects
///
/// A message is stored whole, together with its reply. The same number with the same body gets the same
/// reply again, so a message can be sent until it is answered. Invalid items are reported in `results`;
/// the others are stored. An item with a `version` older than the stored one is ignored; an item without
/// a version is always stored. `null`, an empty text, an empty reference and `0001-01-01T00:00:00` mean
/// "none". Dates are local, `YYYY-MM-DDTHH:MM:SS`.
#[utoipa::path(
    post,
    path = "/1c/v1/messages",
    tag = "1c",
    security(("exchange" = [])),
    request_body(content = SentMessage, content_type = "application/json", example = json!({
        "node": "almaty",
        "message_no": 42,
        "received_no": 0,
        "items": [
            { "type": "company", "ref_key": "5a1c93a2-d1bd-11ec-8a4e-005056aaa4ae", "version": 7,
              "biin": "080540013184", "name": "ТОО «Пример»", "email": "office@example.kz",
              "kind": "company", "active": true },
            { "type": "vehicle_type", "ref_key": "6b1c93a2-d1bd-11ec-8a4e-005056aaa4ae",
              "version": 7, "title": "Самосвал",
              "instructions": [{ "no": 1, "text": "Снимите пробег" }] },
            { "type": "vehicle", "ref_key": "7c1c93a2-d1bd-11ec-8a4e-005056aaa4ae", "version": 7,
              "company_ref": "5a1c93a2-d1bd-11ec-8a4e-005056aaa4ae",
              "type_ref": "6b1c93a2-d1bd-11ec-8a4e-005056aaa4ae",
              "plate_number": "123ABC02", "vin_code": "JTMHU01J504012345" },
            { "type": "report", "ref_key": "8d1c93a2-d1bd-11ec-8a4e-005056aaa4ae", "version": 7,
              "company_ref": "5a1c93a2-d1bd-11ec-8a4e-005056aaa4ae",
              "vehicle_ref": "7c1c93a2-d1bd-11ec-8a4e-005056aaa4ae",
              "report_number": "000000001", "date_start": "2026-05-01T00:00:00",
              "date_finish": "2026-05-31T00:00:00", "status_code": 1 },
            { "type": "delete", "object": "vehicle", "version": 9,
              "ref_key": "9e1c93a2-d1bd-11ec-8a4e-005056aaa4ae" },
        ],
    })),
    responses((status = 200, description = "The result of each item", body = Reply)),
    extensions(("x-errors" = json!([
        [403, [ErrorCode::Forbidden], "`node` is not the login of the account"],
        [408, [ErrorCode::BodyTooSlow]],
        [409, [ErrorCode::MessageDiffers], "`details.received_no` is the highest number received from this node"],
        [413, [ErrorCode::MessageTooLarge], "Details name the limit"],
        [422, [ErrorCode::ValidationFailed, ErrorCode::TooManyItems], "Details name the fields, or the limit"],
        [423, [ErrorCode::MessageBusy]],
    ])))
)]
async fn receive_message(
    State(state): State<Arc<AppState>>,
    account: OnecAccount,
    request: Request,
) -> Result<Response, Problem> {
    let body = body::read(&state, request).await?;
    Ok(json_text(state.inbox.receive(&account.login, &body).await?))
}
