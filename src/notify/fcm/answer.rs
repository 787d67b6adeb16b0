//! What FCM's answer means.

use jiff::{SignedDuration, Timestamp};
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::notify::Delivery;
use crate::notify::answer::{beginning, retry_after};

/// How much of a failing answer is read: a whole error with its details.
const LONGEST: usize = 8 * 1024;
/// How long to wait after 429 without `Retry-After`, as FCM's documentation asks.
const QUOTA_PAUSE: SignedDuration = SignedDuration::from_mins(1);

/// Judges an answer of `messages:send`. Of a failing one only FCM's own words are kept, which are a
/// closed list: the rest may repeat the token (S65).
pub(super) async fn judge(response: Response, now: Timestamp) -> Delivery {
    let status = response.status();
    if status.is_success() {
        return Delivery::Delivered { status: status.as_u16() };
    }
    let after = retry_after(response.headers(), now);
    let error = Failure::read(&beginning(response, LONGEST).await);
    let reason = format!("{status}: {}", error.words());
    let code = status.as_u16();
    match status {
        _ if error.device_is_gone(status) => Delivery::Nobody { status: code, reason },
        StatusCode::BAD_REQUEST => Delivery::Never { status: code, reason },
        StatusCode::TOO_MANY_REQUESTS => {
            Delivery::Later { after: after.or(Some(QUOTA_PAUSE)), status: Some(code), reason }
        }
        _ => Delivery::Later { after, status: Some(code), reason },
    }
}

/// An error as Google writes it.
struct Failure {
    /// Such as `NOT_FOUND`.
    status: String,
    /// FCM's own code, such as `UNREGISTERED`.
    code: String,
    /// Whether it is about the token.
    of_token: bool,
}

impl Failure {
    fn read(text: &str) -> Self {
        let read: Value = serde_json::from_str(text).unwrap_or_default();
        let error = &read["error"];
        let details = error["details"].as_array().map(Vec::as_slice).unwrap_or_default();
        let code = details.iter().find_map(|detail| detail["errorCode"].as_str());
        let violations = details.iter().filter_map(|detail| detail["fieldViolations"].as_array());
        let fields = violations.flatten().filter_map(|violation| violation["field"].as_str());
        let message = error["message"].as_str().unwrap_or_default();
        Self {
            status: word(error["status"].as_str()),
            code: word(code),
            of_token: fields.into_iter().any(|field| field == "message.token")
                || message.contains("registration token"),
        }
    }

    /// The app was removed, the token was never one, or it is another project's.
    fn device_is_gone(&self, status: StatusCode) -> bool {
        // Without FCM's own code it is the project or the address that is not found.
        let unknown = status == StatusCode::NOT_FOUND && self.code == "UNREGISTERED";
        let foreign = status == StatusCode::FORBIDDEN && self.code == "SENDER_ID_MISMATCH";
        let wrong =
            status == StatusCode::BAD_REQUEST && self.status == "INVALID_ARGUMENT" && self.of_token;
        unknown || foreign || wrong
    }

    fn words(&self) -> String {
        format!("{} {}", self.status, self.code).trim().to_owned()
    }
}

/// A word of a closed list: capitals and underscores. Anything else is not kept.
fn word(text: Option<&str>) -> String {
    let text = text.unwrap_or_default();
    let is_word = text.len() <= 64 && text.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
    if is_word { text.to_owned() } else { String::new() }
}
