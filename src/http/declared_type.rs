//! The media type that a client declares for a video. The bytes decide in any case; a client that
//! declares something else has picked the wrong file, and learns that before it sends it.

use serde_json::json;

use super::error_code::ErrorCode;
use super::header_params::ParameterizedValue;
use super::problem::Problem;
use super::state::AppState;

/// What pickers declare when they do not know the type.
const UNKNOWN: &str = "application/octet-stream";
const MP4: &str = "video/mp4";
/// What browsers and pickers declare for a .MOV of an iPhone.
const QUICKTIME: &str = "video/quicktime";

/// How much of a declared type is repeated in an answer, in characters.
const MAX_ECHO: usize = 100;

/// Fails with 415 if the declared type, which may have parameters, is not that of an accepted video. A
/// blank one counts as absent.
pub(super) fn check_declared_type(state: &AppState, declared: Option<&str>) -> Result<(), Problem> {
    let Some(declared) = declared.map(str::trim).filter(|text| !text.is_empty()) else {
        return Ok(());
    };
    let value = ParameterizedValue::parse(declared).unwrap_or_default().value;
    let expected: &[&str] =
        if state.uploads.accepts_quicktime() { &[MP4, QUICKTIME] } else { &[MP4] };
    if value == UNKNOWN || expected.contains(&value.as_str()) {
        return Ok(());
    }
    let echo: String = declared.chars().filter(|c| !c.is_control()).take(MAX_ECHO).collect();
    let message =
        format!("the video is declared as `{echo}`; expected is {}", expected.join(" or "));
    let details = json!({ "declared": echo, "expected": expected });
    Err(Problem::new(ErrorCode::UnsupportedMediaType, message).with_details(details))
}
