//! Interpretation of FCM's responses.

use jiff::{SignedDuration, Timestamp};
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::notify::delivery::Delivery;
use crate::notify::response::{read_prefix, retry_after};

/// Enough for an error with all its details, in bytes.
const MAX_ERROR_BODY: usize = 8 * 1024;
/// The wait after 429 without `Retry-After` that FCM's documentation asks for.
const QUOTA_PAUSE: SignedDuration = SignedDuration::from_mins(1);

/// Interprets a response of `messages:send`. Of an error only FCM's codes are kept, which are a closed
/// list: the rest may contain the device's token (S65).
pub(super) async fn classify(response: Response, now: Timestamp) -> Delivery {
    let status = response.status();
    if status.is_success() {
        return Delivery::Delivered { status: status.as_u16() };
    }
    let after = retry_after(response.headers(), now);
    let error = FcmFailure::parse(&read_prefix(response, MAX_ERROR_BODY).await);
    let reason = format!("{status}: {} {}", error.status, error.code).trim_end().to_owned();
    let code = status.as_u16();
    match status {
        _ if error.device_is_gone(status) => Delivery::NoRecipient { status: code, reason },
        StatusCode::BAD_REQUEST => Delivery::Rejected { status: code, reason },
        StatusCode::TOO_MANY_REQUESTS => {
            Delivery::Retry { after: after.or(Some(QUOTA_PAUSE)), status: Some(code), reason }
        }
        _ => Delivery::Retry { after, status: Some(code), reason },
    }
}

/// The JSON of an error response.
struct FcmFailure {
    /// Such as `NOT_FOUND`.
    status: String,
    /// FCM's own code, such as `UNREGISTERED`.
    code: String,
    concerns_token: bool,
}

impl FcmFailure {
    fn parse(text: &str) -> Self {
        let json: Value = serde_json::from_str(text).unwrap_or_default();
        let error = &json["error"];
        let details = error["details"].as_array().map(Vec::as_slice).unwrap_or_default();
        let code = details.iter().find_map(|detail| detail["errorCode"].as_str());
        let violations = details.iter().filter_map(|detail| detail["fieldViolations"].as_array());
        let mut fields = violations.flatten().filter_map(|violation| violation["field"].as_str());
        let message = error["message"].as_str().unwrap_or_default();
        Self {
            status: constant(error["status"].as_str()),
            code: constant(code),
            concerns_token: fields.any(|field| field == "message.token")
                || message.contains("registration token"),
        }
    }

    /// The app was removed, the token is malformed, or it belongs to another project.
    fn device_is_gone(&self, status: StatusCode) -> bool {
        match status {
            // Without FCM's own code the project or the address was not found.
            StatusCode::NOT_FOUND => self.code == "UNREGISTERED",
            StatusCode::FORBIDDEN => self.code == "SENDER_ID_MISMATCH",
            StatusCode::BAD_REQUEST => self.status == "INVALID_ARGUMENT" && self.concerns_token,
            _ => false,
        }
    }
}

/// A code in capitals and underscores; anything else is dropped.
fn constant(text: Option<&str>) -> String {
    let text = text.unwrap_or_default();
    let valid = text.len() <= 64 && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    if valid { text.to_owned() } else { String::new() }
}
