//! The header fields of tus, and how they are read.

use axum::http::{HeaderMap, HeaderName};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::http::problem::Problem;
use crate::upload::{Algorithm, Checksum};

/// The version this door speaks.
pub(super) const VERSION: &str = "1.0.0";

pub(super) const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
pub(super) const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
pub(super) const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
pub(super) const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
pub(super) const TUS_CHECKSUM_ALGORITHM: HeaderName =
    HeaderName::from_static("tus-checksum-algorithm");
pub(super) const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
/// Of an extension that is not offered (T-28).
pub(super) const UPLOAD_DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");
pub(super) const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
pub(super) const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
pub(super) const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
pub(super) const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
/// 2 when the report is submitted.
pub(super) const REPORT_STATUS: HeaderName = HeaderName::from_static("x-report-status");

/// The media type of a piece (T-16).
const PIECE: &str = "application/offset+octet-stream";

/// The one value of a field; `None` when it is not there, an error when it is there twice (T-8).
pub(super) fn one<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::unreadable(format!("{name} is there more than once")));
    }
    let text = value.to_str();
    text.map(Some).map_err(|_| Problem::unreadable(format!("{name} is not plain text")))
}

/// A count of bytes that must be there (T-8, T-18, T-28).
pub(super) fn count<T: std::str::FromStr<Err: std::fmt::Display>>(
    headers: &HeaderMap,
    name: &HeaderName,
) -> Result<T, Problem> {
    let text = one(headers, name)?;
    let text = text.ok_or_else(|| Problem::unreadable(format!("{name} is required")))?;
    text.parse().map_err(|why| Problem::unreadable(format!("{name}: {why}")))
}

/// Whether the body is a piece of an upload. Parameters after the type are fine (T-16).
pub(super) fn is_piece(headers: &HeaderMap) -> bool {
    let kind = headers.get(axum::http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case(PIECE)
}

/// `Upload-Checksum: <algorithm> <base64>` (T-61, T-62).
pub(super) fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, Problem> {
    let Some(text) = one(headers, &UPLOAD_CHECKSUM)? else { return Ok(None) };
    let read = || {
        let (name, value) = text.trim().split_once(' ')?;
        let expected = STANDARD.decode(value.trim()).ok()?;
        Some(Checksum { algorithm: Algorithm::from_name(name)?, expected })
    };
    let why = "Upload-Checksum: one of Tus-Checksum-Algorithm, a blank, and the hash in base64";
    read().map(Some).ok_or_else(|| Problem::unreadable(why))
}
