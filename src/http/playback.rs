//! Stored videos: facts and a new link for viewers, the bytes for requests with a link.

use std::io::SeekFrom;
use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio_util::io::ReaderStream;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::model::texts::text;
use crate::model::{Digest, Facts, Finding, Place, RefKey, SubmissionId, Verdict, VideoId};
use crate::playback::{self, Link, OpenedVideo, PlaybackError, VideoRow};

use super::answer::{Answer, success};
use super::base_url::BaseUrl;
use super::error_code::ErrorCode;
use super::path_param::PathParam;
use super::problem::{self, Problem};
use super::state::AppState;
use super::video_response::VideoResponse;

/// How much of a video is read at a time.
const CHUNK: usize = 128 * 1024;

pub(super) fn routes() -> OpenApiRouter<Arc<AppState>> {
    OpenApiRouter::new().routes(routes!(video)).routes(routes!(media))
}

/// Get the latest video of a report: facts, verdicts and a new link
#[utoipa::path(
    get,
    path = "/reports/{ref_key}/video",
    tag = "review",
    security(("access_token" = [])),
    params(("ref_key" = Uuid, Path, description = "The report")),
    responses((status = 200, description = "The video", body = Answer<LatestVideoResponse>))
)]
async fn video(
    State(state): State<Arc<AppState>>,
    PathParam(ref_key): PathParam<RefKey>,
    method: Method,
    base: BaseUrl,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let viewer = state.caller(&headers).await?;
    let nothing = || Problem::not_found("there is no video for this report");
    let ref_key = ref_key.ok_or_else(nothing)?;
    let latest = state.playback.latest_video(&viewer, ref_key, custody_of(&method)).await?;
    let (video, link) = latest.ok_or_else(nothing)?;
    Ok(success(StatusCode::OK, "success", &response(&base, video, &link)))
}

pub(super) fn custody_of(method: &Method) -> playback::Custody {
    if *method == Method::HEAD { playback::Custody::Skip } else { playback::Custody::Record }
}

#[derive(ToSchema)]
#[schema(value_type = String, format = Binary)]
#[expect(dead_code, reason = "only describes the answer")]
struct Bytes(Vec<u8>);

/// A video and its verdicts.
#[derive(Serialize, ToSchema)]
struct LatestVideoResponse {
    ref_key: RefKey,
    video_id: VideoId,
    submission_id: SubmissionId,
    /// SHA-256 of the file, hexadecimal.
    sha256: Digest,
    facts: Facts,
    /// The tests of plausibility. A driver sees an earlier use only of a report that the driver may see.
    verdicts: Vec<Verdict>,
    /// Deviations from the standard that were accepted.
    notes: Vec<Finding>,
    /// Where the video was sent, according to the phone; null if it did not state that.
    lat: Option<f64>,
    long: Option<f64>,
    time_sent: Timestamp,
    /// When the video was recorded, according to the file, else to the app.
    recorded_at: Option<Timestamp>,
    received_at: Timestamp,
    /// The state of the report: 2 submitted, 3 approved, 4 rejected.
    status_code: i64,
    /// Increases with each change of state. A decision must name it.
    version: i64,
    /// Why the report was last rejected.
    reject_reason: String,
    /// A URL that plays the video until `expires_at`.
    link: String,
    expires_at: Timestamp,
}

fn response(base: &BaseUrl, video: VideoRow, link: &Link) -> LatestVideoResponse {
    let VideoRow { stored, report_state } = video;
    LatestVideoResponse {
        ref_key: stored.ref_key,
        video_id: stored.video,
        submission_id: stored.id,
        sha256: stored.sha256,
        recorded_at: stored.recording_time(),
        facts: stored.facts,
        verdicts: stored.verdicts,
        notes: stored.notes,
        lat: stored.place.map(Place::lat),
        long: stored.place.map(Place::long),
        time_sent: stored.time_sent.at,
        received_at: stored.received_at,
        status_code: report_state.status.code(),
        version: report_state.version,
        reject_reason: report_state.reject_reason,
        link: absolute(base, &link.url),
        expires_at: link.expires_at,
    }
}

/// The URL of a link. Links of the disk back end are paths of this service.
pub(super) fn absolute(BaseUrl(base): &BaseUrl, link: &str) -> String {
    if link.starts_with('/') { format!("{base}{link}") } else { link.to_owned() }
}

/// Get the bytes behind a playback link
///
/// Only if the videos are stored on disk; with S3 a link leads to the bucket.
#[utoipa::path(
    get,
    path = "/media/{signed}",
    tag = "review",
    params(
        ("signed" = String, Path, description = "The last segment of a playback link"),
        ("Range" = Option<String>, Header, description = "One range", example = "bytes=0-1023"),
        ("If-None-Match" = Option<String>, Header, description = "The ETag of a cached copy"),
    ),
    responses(
        (status = 200, description = "The whole video", content_type = "video/mp4",
            body = inline(Bytes)),
        (status = 206, description = "A range of the video", content_type = "video/mp4",
            body = inline(Bytes), headers(("Content-Range" = String, description = "The range"))),
        (status = 304, description = "The cached copy is current"),
    ),
    extensions(("x-errors" = json!([
        [403, [ErrorCode::Forbidden], "The link is not valid or has expired."],
        [412, [ErrorCode::ValidationFailed], "The video has another ETag than those in If-Match."],
        [416, [ErrorCode::ValidationFailed], "The range is outside the video."],
    ])))
)]
async fn media(
    State(state): State<Arc<AppState>>,
    method: Method,
    PathParam(signed): PathParam<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let signed = signed.ok_or_else(|| Problem::not_found("this path does not exist"))?;
    let file = state.playback.open_link(&signed).await?;
    let response = VideoResponse::new(&method, &headers, &file.headers)?;
    let body = match response.range.clone() {
        Some(range) => bytes(file, range).await?,
        None => Body::empty(),
    };
    Ok(response.with_body(body))
}

async fn bytes(mut file: OpenedVideo, range: Range<u64>) -> Result<Body, Problem> {
    file.file.seek(SeekFrom::Start(range.start)).await.map_err(|_| problem::internal())?;
    let bytes = file.file.take(range.end - range.start);
    Ok(Body::from_stream(ReaderStream::with_capacity(bytes, CHUNK)))
}

impl From<PlaybackError> for Problem {
    fn from(error: PlaybackError) -> Self {
        match error {
            PlaybackError::LinkInvalid => Self::new(ErrorCode::Forbidden, error.to_string()),
            PlaybackError::LinkExpired => {
                Self::new(ErrorCode::Forbidden, "this link has expired; request a new one")
            }
            PlaybackError::Busy => Self::new(ErrorCode::Busy, text!("problem.busy")).retry_after(5),
            error @ PlaybackError::Unavailable(..) => problem::unavailable(&error),
            PlaybackError::Internal(cause) => {
                tracing::error!(error = %cause, "video request failed");
                problem::internal()
            }
        }
    }
}
