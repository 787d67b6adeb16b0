//! Bodies of 1C, read whole within their limits.

use axum::body::Body;
use axum::extract::Request;
use axum::http::header;
use futures_util::StreamExt as _;
use serde_json::json;
use tokio::time::timeout;

use crate::http::AppState;
use crate::http::body::announced;
use crate::http::error_code::ErrorCode;
use crate::http::problem::Problem;
use crate::http::refusals::closing;

/// The whole body, if it is short enough and comes in time.
pub(super) async fn whole(state: &AppState, request: Request) -> Result<Vec<u8>, Problem> {
    let config = state.inbox.config();
    let too_long = || closing(too_long(config.max_body));
    let announced = announced(request.headers());
    if announced.is_some_and(|length| length > u64::try_from(config.max_body).unwrap_or(u64::MAX)) {
        return Err(too_long());
    }
    if request.headers().get(header::CONTENT_ENCODING).is_some_and(|how| how != "identity") {
        let message = "Content-Encoding: send the body as it is";
        return Err(closing(Problem::new(ErrorCode::UnsupportedMediaType, message)));
    }
    let reading = read(request.into_body(), config.max_body);
    match timeout(config.body_within.unsigned_abs(), reading).await {
        Ok(Ok(Some(body))) => Ok(body),
        Ok(Ok(None)) => Err(too_long()),
        Ok(Err(_)) => Err(Problem::unreadable("the body ended too early")),
        Err(_) => {
            let message = "the body did not come in time";
            Err(closing(Problem::new(ErrorCode::BodyTooSlow, message)))
        }
    }
}

/// `None` when there is more than `most`.
async fn read(body: Body, most: usize) -> Result<Option<Vec<u8>>, axum::Error> {
    let mut pieces = body.into_data_stream();
    let mut whole = Vec::new();
    while let Some(piece) = pieces.next().await {
        let piece = piece?;
        if piece.len() > most.saturating_sub(whole.len()) {
            return Ok(None);
        }
        whole.extend_from_slice(&piece);
    }
    Ok(Some(whole))
}

fn too_long(most: usize) -> Problem {
    let message = format!("a body has at most {most} bytes; nothing of it was taken");
    Problem::new(ErrorCode::MessageTooLarge, message).with_details(json!({ "max_body": most }))
}
