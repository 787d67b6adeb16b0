//! The header fields of tus, and how they are parsed.

use axum::http::{HeaderMap, HeaderName};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::http::details::UploadFields;
use crate::http::problem::Problem;
use crate::upload::{Algorithm, Checksum};

/// The supported version of the protocol.
pub(super) const VERSION: &str = "1.0.0";

pub(super) const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
pub(super) const TUS_VERSION: HeaderName = HeaderName::from_static("tus-version");
pub(super) const TUS_EXTENSION: HeaderName = HeaderName::from_static("tus-extension");
pub(super) const TUS_MAX_SIZE: HeaderName = HeaderName::from_static("tus-max-size");
pub(super) const TUS_CHECKSUM_ALGORITHM: HeaderName =
    HeaderName::from_static("tus-checksum-algorithm");
pub(super) const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
/// The headers of extensions that are not offered.
pub(super) const UNSUPPORTED: [&str; 2] = ["Upload-Defer-Length", "Upload-Concat"];
pub(super) const UPLOAD_METADATA: HeaderName = HeaderName::from_static("upload-metadata");
pub(super) const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");
pub(super) const UPLOAD_CHECKSUM: HeaderName = HeaderName::from_static("upload-checksum");
pub(super) const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
/// 2 when the report is submitted.
pub(super) const REPORT_STATUS: HeaderName = HeaderName::from_static("x-report-status");

const CONTENT_TYPE: &str = "application/offset+octet-stream";

/// The value of a header; an error when it occurs more than once.
pub(super) fn single<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a str>, Problem> {
    let mut values = headers.get_all(name).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Problem::unreadable(format!("{name} occurs more than once")));
    }
    let text = value.to_str();
    text.map(Some).map_err(|_| Problem::unreadable(format!("{name} is not plain ASCII")))
}

/// The number of bytes in a required header.
pub(super) fn byte_count<T: std::str::FromStr<Err: std::fmt::Display>>(
    headers: &HeaderMap,
    name: &HeaderName,
) -> Result<T, Problem> {
    let text = single(headers, name)?;
    let text = text.ok_or_else(|| Problem::unreadable(format!("{name} is required")))?;
    text.parse().map_err(|error| Problem::unreadable(format!("{name}: {error}")))
}

/// Whether the content type is that of tus. Parameters are ignored.
pub(super) fn has_tus_content_type(headers: &HeaderMap) -> bool {
    let kind = headers.get(axum::http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    let kind = kind.and_then(|kind| kind.split(';').next()).unwrap_or_default();
    kind.trim().eq_ignore_ascii_case(CONTENT_TYPE)
}

/// `Upload-Checksum: <algorithm> <base64>`
pub(super) fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, Problem> {
    let Some(text) = single(headers, &UPLOAD_CHECKSUM)? else { return Ok(None) };
    let parse = || {
        let (name, value) = text.trim().split_once(' ')?;
        let expected = STANDARD.decode(value.trim()).ok()?;
        Some(Checksum { algorithm: Algorithm::from_word(name)?, expected })
    };
    let message = "Upload-Checksum must be an algorithm of Tus-Checksum-Algorithm, a space, and the \
                   checksum in base64";
    parse().map(Some).ok_or_else(|| Problem::unreadable(message))
}

/// `Upload-Metadata: <key> <base64>, …`. Keys are unique; a value may be missing. Anything that cannot
/// be parsed is an error.
pub(super) fn parse_metadata(text: &str) -> Result<UploadFields, Problem> {
    let error = |message: String| Problem::unreadable(format!("Upload-Metadata: {message}"));
    let mut fields = UploadFields::default();
    if text.trim().is_empty() {
        return Ok(fields);
    }
    for pair in text.split(',') {
        let (key, value) = pair.trim().split_once(' ').unwrap_or((pair.trim(), ""));
        if key.is_empty() {
            return Err(error("a key is empty".to_owned()));
        }
        let value = STANDARD.decode(value.trim());
        let value = value.map_err(|_| error(format!("the value of {key} is not base64")))?;
        let value = String::from_utf8(value);
        let value = value.map_err(|_| error(format!("the value of {key} is not UTF-8")))?;
        if !fields.add(key, value) {
            return Err(error(format!("the key {key} occurs twice")));
        }
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::parse_metadata;

    #[test]
    fn a_metadata_value_may_be_missing_with_or_without_its_space() {
        let report = "ref_key NjQ2YmE3MTMtZDFkNy0xMWVjLTk0MDUtMDA1MDU2YWFhNGFl";
        for rest in ["empty ", "alone", "empty ,alone"] {
            let fields = parse_metadata(&format!("{report},{rest}")).unwrap();
            assert!(fields.ref_key().is_some(), "{rest:?}");
        }
    }

    #[test]
    fn malformed_metadata_is_an_error() {
        for malformed in ["a !!!!", "a YQ==,a YQ==", ",", "a YQ==,", " YQ==,b YQ==,", "a /w=="] {
            assert!(parse_metadata(malformed).is_err(), "{malformed:?} was accepted");
        }
    }
}
