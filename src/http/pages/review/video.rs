//! The video of a report: a playback link for the player, a new link before that expires, and the bytes from the
//! origin of the page, because a script may draw frames only of a same-origin video.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Method, header};
use axum::response::{IntoResponse as _, Response};
use jiff::Timestamp;
use serde_json::json;
use url::Url;

use super::console::Console;
use super::filters::report_path;
use crate::http::AppState;
use crate::http::browser_session::{ReviewChange, ReviewPage};
use crate::http::path_param::PathParam;
use crate::http::problem::Problem;
use crate::http::video_response::VideoResponse;
use crate::leasing::review::{ReviewError, ReviewedReport};
use crate::model::{Person, RefKey, VideoCodec, error_chain};
use crate::playback::{Custody, Reader, StoredVideo};

/// Sent by scripts that prefetch a page.
const BACKGROUND: &str = "x-background";

/// The purpose of a request for a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// The reviewer opens the page: a view.
    Show,
    /// The page may be shown later. Its link is recorded too (S55), but not as a view.
    Prefetch,
}

impl Purpose {
    pub(super) fn of(headers: &HeaderMap) -> Self {
        let is_prefetch = headers.contains_key(BACKGROUND) || headers.contains_key("sec-purpose");
        if is_prefetch { Self::Prefetch } else { Self::Show }
    }

    const fn custody(self) -> Custody {
        match self {
            Self::Show => Custody::Record,
            Self::Prefetch => Custody::Prefetch,
        }
    }
}

/// The player of one video.
pub(super) struct VideoView {
    /// The playback link; empty if none could be created.
    pub(super) url: String,
    /// In milliseconds since 1970.
    pub(super) expires_at: i64,
    pub(super) bytes_url: String,
    pub(super) link_url: String,
    pub(super) is_portrait: bool,
    pub(super) duration_ms: u64,
    pub(super) length: String,
    pub(super) download: String,
    /// `video/mp4; codecs="…"`, for asking the browser whether it can play the video.
    pub(super) kind: String,
    /// Many browsers cannot play H.265.
    pub(super) is_h265: bool,
    pub(super) id: String,
}

pub(super) async fn video(
    state: &AppState,
    console: &Console,
    report: &ReviewedReport,
    purpose: Purpose,
) -> VideoView {
    let ref_key = report.row.ref_key;
    let link = fresh_link(state, console.session.person, ref_key, purpose.custody()).await;
    let (url, expires_at) = link.unwrap_or_default();
    let texts = console.texts;
    let facts = report.submission.as_ref().map(|sent| sent.stored.facts.clone());
    let facts = facts.unwrap_or_default();
    let size = report.submission.as_ref().map_or(0, |sent| sent.stored.length.get());
    let path = report_path(ref_key);
    let codec = facts.video_codec_string.clone().unwrap_or_default();
    let id = report.submission.as_ref().map(|sent| sent.stored.video.to_string());
    VideoView {
        url,
        expires_at,
        bytes_url: format!("{path}/bytes"),
        link_url: format!("{path}/link"),
        is_portrait: facts.display_height > facts.display_width,
        duration_ms: facts.duration_ms.unwrap_or(0),
        length: texts.clock(facts.duration_ms.unwrap_or(0)),
        download: texts.with("player.download", "size", texts.size(size)),
        kind: if codec.is_empty() {
            String::new()
        } else {
            format!("video/mp4; codecs=\"{codec}\"")
        },
        is_h265: report.row.codec == Some(VideoCodec::H265),
        id: id.unwrap_or_default(),
    }
}

/// A new link and its expiry; `None` if there is no video, or the store cannot create a link.
async fn fresh_link(
    state: &AppState,
    viewer: Person,
    ref_key: RefKey,
    custody: Custody,
) -> Option<(String, i64)> {
    match state.playback.latest_video(&viewer, ref_key, custody).await {
        Ok(found) => found.map(|(_, link)| (link.url, milliseconds(link.expires_at))),
        Err(error) => {
            // The page is still useful without the video.
            tracing::warn!(error = %error_chain(&error), "cannot create a playback link");
            None
        }
    }
}

fn milliseconds(at: Timestamp) -> i64 {
    at.as_millisecond()
}

/// The origin of a link; `None` for a relative one, which leads to this service.
pub(super) fn origin(link: &str) -> Option<String> {
    let origin = Url::parse(link).ok()?.origin();
    origin.is_tuple().then(|| origin.ascii_serialization())
}

/// Creates a new playback link.
pub(super) async fn link(
    State(state): State<Arc<AppState>>,
    PathParam(ref_key): PathParam<RefKey>,
    change: ReviewChange,
) -> Result<Response, Problem> {
    let ref_key = ref_key.ok_or(ReviewError::NotFound)?;
    let viewer = change.session.person;
    let found = state.playback.latest_video(&viewer, ref_key, Custody::Record).await?;
    let (_, link) = found.ok_or(ReviewError::NotFound)?;
    let link = json!({ "url": link.url, "expiresAt": milliseconds(link.expires_at) });
    Ok(Json(link).into_response())
}

/// The bytes of the video, or a range of them.
pub(super) async fn bytes(
    State(state): State<Arc<AppState>>,
    ReviewPage(session): ReviewPage,
    PathParam(ref_key): PathParam<RefKey>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let ref_key = ref_key.ok_or(ReviewError::NotFound)?;
    let video = latest(&state, session.person, ref_key).await?;
    let response = VideoResponse::new(&method, &headers, &video.headers)?;
    let actor = format!("person:{}", session.person.id.0);
    let body = match response.range.clone() {
        Some(range) => {
            Body::from_stream(state.playback.read(&video, range, (Reader::Page, &actor)).await?)
        }
        None => Body::empty(),
    };
    let mut response = response.with_body(body);
    // The URL stays the same when the report gets another video, or the reviewer signs out.
    let policy = HeaderValue::from_static("private, no-cache");
    response.headers_mut().insert(header::CACHE_CONTROL, policy);
    Ok(response)
}

async fn latest(state: &AppState, viewer: Person, ref_key: RefKey) -> Result<StoredVideo, Problem> {
    let found = state.playback.latest_video(&viewer, ref_key, Custody::Skip).await?;
    let (row, _) = found.ok_or(ReviewError::NotFound)?;
    let video = state.playback.submitted_video(row.stored.id).await?;
    Ok(video.ok_or(ReviewError::NotFound)?)
}

#[cfg(test)]
mod tests {
    use super::origin;

    #[test]
    fn only_an_absolute_url_has_an_origin() {
        let signed = "https://s3.example:9000/bucket/videos/a?X-Amz-Signature=b";
        assert_eq!(origin(signed).as_deref(), Some("https://s3.example:9000"));
        assert_eq!(origin("/media/abc"), None);
        assert_eq!(origin(""), None);
    }
}
