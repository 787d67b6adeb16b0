//! Stored videos: facts and a fresh link for those who may see them, bytes for who holds a link.

use std::io::SeekFrom;
use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::model::{Digest, Facts, Finding, RefKey, SubmissionId, Verdict, VideoId};
use crate::playback::{OpenedVideo, PlaybackError, Viewing};

use super::error_code::ErrorCode;
use super::problem::{self, Problem};
use super::stored::plan;
use super::{Answer, AppState, success};

/// How much of a video is read at a time.
const PIECE: usize = 128 * 1024;

/// The routes of viewers.
pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(video)).routes(routes!(media))
}

/// The latest video of a report: facts, verdicts, a fresh link
#[utoipa::path(
    get,
    path = "/reports/{ref_key}/video",
    tag = "review",
    security(("access_token" = [])),
    params(("ref_key" = Uuid, Path, description = "The report")),
    responses(
        (status = 200, description = "The video", body = Answer<VideoTold>),
    )
)]
async fn video(
    State(state): State<Arc<AppState>>,
    ref_key: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let viewer = state.caller(&headers).await?;
    let nothing = || Problem::not_found("there is no video for this report");
    // A key that is not UTF-8 is none of ours either.
    let ref_key = ref_key.ok().and_then(|Path(text)| text.parse::<RefKey>().ok());
    let ref_key = ref_key.ok_or_else(nothing)?;
    let viewing = state.playback.video(&viewer, ref_key).await?.ok_or_else(nothing)?;
    Ok(success(StatusCode::OK, "success", &told(&state, ref_key, viewing)))
}

/// Bytes that are no text.
#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "only describes the answer")]
struct Bytes(Vec<u8>);

/// A video, as viewers are told of it.
#[derive(Serialize, ToSchema)]
struct VideoTold {
    ref_key: RefKey,
    video_id: VideoId,
    submission_id: SubmissionId,
    /// Hexadecimal.
    sha256: Digest,
    facts: Facts,
    /// How plausible it is, one test after another. Drivers read of reuse only where they see both
    /// reports.
    verdicts: Vec<Verdict>,
    /// What the inspection noticed.
    notes: Vec<Finding>,
    lat: f64,
    long: f64,
    time_sent: Timestamp,
    received_at: Timestamp,
    /// The report's state: 2 sent, 3 approved, 4 rejected.
    status_code: i64,
    /// Grows with each change of state; a decision names it.
    version: i64,
    /// Why the report was rejected last.
    reject_reason: String,
    /// Plays the video until `expires_at`.
    link: String,
    expires_at: Timestamp,
}

fn told(state: &AppState, ref_key: RefKey, viewing: Viewing) -> VideoTold {
    VideoTold {
        ref_key,
        video_id: viewing.video,
        submission_id: viewing.submission,
        sha256: viewing.sha256,
        facts: viewing.facts,
        verdicts: viewing.verdicts,
        notes: viewing.notes,
        lat: viewing.place.lat(),
        long: viewing.place.long(),
        time_sent: viewing.time_sent.at,
        received_at: viewing.received_at,
        status_code: viewing.standing.status.code(),
        version: viewing.standing.version,
        reject_reason: viewing.standing.reject_reason,
        link: absolute(state, &viewing.link),
        expires_at: viewing.expires_at,
    }
}

/// Links of the disk back end are paths of ours; those of S3 name their host.
pub(super) fn absolute(state: &AppState, link: &str) -> String {
    if link.starts_with('/') { format!("{}{link}", state.public_url) } else { link.to_owned() }
}

/// The bytes behind a viewing link, when videos are on disk
#[utoipa::path(
    get,
    path = "/media/{signed}",
    tag = "review",
    params(
        ("signed" = String, Path, description = "The last part of a viewing link"),
        ("Range" = Option<String>, Header, description = "One range", example = "bytes=0-1023"),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of bytes held already"),
    ),
    responses(
        (status = 200, description = "The whole video", content_type = "video/mp4",
            body = inline(Bytes)),
        (status = 206, description = "A range of it", content_type = "video/mp4",
            body = inline(Bytes), headers(("Content-Range" = String, description = "Which"))),
        (status = 304, description = "The same as If-None-Match says"),
    ),
    extensions(("x-errors" = json!([
        [403, [ErrorCode::Forbidden], "Not our link, or expired"],
        [416, [ErrorCode::ValidationFailed], "No such range"],
    ])))
)]
async fn media(
    State(state): State<Arc<AppState>>,
    method: Method,
    signed: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Path(signed) = signed.map_err(|_| Problem::not_found("there is nothing here"))?;
    let file = state.playback.open_signed(&signed).await?;
    let plan = plan(&method, &headers, &file.headers)?;
    let body = match plan.part.clone() {
        Some(part) => bytes(file, part).await?,
        None => Body::empty(),
    };
    Ok(plan.respond(body))
}

async fn bytes(mut file: OpenedVideo, part: Range<u64>) -> Result<Body, Problem> {
    file.file.seek(SeekFrom::Start(part.start)).await.map_err(|_| problem::internal())?;
    let bytes = file.file.take(part.end - part.start);
    Ok(Body::from_stream(ReaderStream::with_capacity(bytes, PIECE)))
}

impl From<PlaybackError> for Problem {
    fn from(error: PlaybackError) -> Self {
        match error {
            PlaybackError::LinkInvalid => Self::new(ErrorCode::Forbidden, "this link is not valid"),
            PlaybackError::LinkExpired => {
                Self::new(ErrorCode::Forbidden, "this link has expired; ask for a new one")
            }
            PlaybackError::Busy => {
                let message = "as many videos are being sent as may be; ask again";
                Self::new(ErrorCode::Busy, message).retry_after(5)
            }
            error @ PlaybackError::Away(..) => problem::unavailable(&error),
            PlaybackError::Internal(cause) => {
                tracing::error!(error = %cause, "a video could not be shown");
                problem::internal()
            }
        }
    }
}
