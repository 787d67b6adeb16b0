//! Interpretation of FCM's responses.

use jiff::{SignedDuration, Timestamp};
use reqwest::{Response, StatusCode};
use serde_json::Value;

use crate::notify::delivery::Delivery;
use crate::notify::response::{read_prefix, retry_after, shortened};

/// Enough for an error with all its details, in bytes.
const MAX_ERROR_BODY: usize = 8 * 1024;
/// FCM's code for a failure of Apple's service or of a browser's, such as expired credentials for APNs.
const THIRD_PARTY_AUTH_ERROR: &str = "THIRD_PARTY_AUTH_ERROR";
/// The wait after 429 without `Retry-After` that FCM's documentation asks for.
const QUOTA_PAUSE: SignedDuration = SignedDuration::from_mins(1);

/// A response of `messages:send`.
pub(super) struct FcmResponse {
    status: StatusCode,
    after: Option<SignedDuration>,
    failure: FcmFailure,
}

impl FcmResponse {
    /// `token`: of the device. It is removed from what FCM says, which the outbox keeps (S65).
    pub(super) async fn read(response: Response, token: &str, now: Timestamp) -> Self {
        let status = response.status();
        let after = retry_after(response.headers(), now);
        let body = if status.is_success() {
            String::new()
        } else {
            read_prefix(response, MAX_ERROR_BODY).await
        };
        Self { status, after, failure: FcmFailure::parse(&body, token) }
    }

    /// Whether FCM has refused our access token. With `THIRD_PARTY_AUTH_ERROR` the same status concerns the
    /// credentials of Apple's service.
    pub(super) fn refuses_access_token(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED && self.failure.code != THIRD_PARTY_AUTH_ERROR
    }

    /// For how long nothing may be sent, because a quota of the whole project is exhausted. Other quotas,
    /// and those of Apple's service, concern one device.
    pub(super) fn project_pause(&self) -> Option<SignedDuration> {
        let is_exhausted = self.status == StatusCode::TOO_MANY_REQUESTS;
        (is_exhausted && self.failure.concerns_project).then(|| self.after.unwrap_or(QUOTA_PAUSE))
    }

    pub(super) fn into_delivery(self) -> Delivery {
        let Self { status, after, failure } = self;
        let code = status.as_u16();
        if status.is_success() {
            return Delivery::Delivered { status: code };
        }
        let reason = failure.describe(status);
        match status {
            _ if failure.device_is_gone(status) => Delivery::NoRecipient { status: code, reason },
            StatusCode::BAD_REQUEST => Delivery::Rejected { status: code, reason },
            StatusCode::TOO_MANY_REQUESTS => {
                Delivery::Retry { after: after.or(Some(QUOTA_PAUSE)), status: Some(code), reason }
            }
            _ => Delivery::Retry { after, status: Some(code), reason },
        }
    }
}

/// The JSON of an error response.
struct FcmFailure {
    /// Such as `NOT_FOUND`.
    status: String,
    /// FCM's own code, such as `UNREGISTERED`.
    code: String,
    message: String,
    concerns_token: bool,
    concerns_project: bool,
}

impl FcmFailure {
    fn parse(text: &str, token: &str) -> Self {
        let json: Value = serde_json::from_str(text).unwrap_or_default();
        let error = &json["error"];
        let details = error["details"].as_array().map(Vec::as_slice).unwrap_or_default();
        let code = details.iter().find_map(|detail| detail["errorCode"].as_str());
        let fields = details.iter().filter_map(|detail| detail["fieldViolations"].as_array());
        let mut fields = fields.flatten().filter_map(|violation| violation["field"].as_str());
        // `google.rpc.QuotaFailure`
        let quotas = details.iter().filter_map(|detail| detail["violations"].as_array());
        let mut quotas = quotas.flatten().filter_map(|violation| violation["subject"].as_str());
        let message = error["message"].as_str().unwrap_or_default();
        Self {
            status: constant(error["status"].as_str()),
            code: constant(code),
            concerns_token: fields.any(|field| field == "message.token")
                || message.contains("registration token"),
            concerns_project: quotas.any(|subject| subject.starts_with("project")),
            message: shortened(&without(message, token)),
        }
    }

    fn describe(&self, status: StatusCode) -> String {
        let Self { status: constant, code, message, .. } = self;
        let parts = [format!("{status}:"), constant.clone(), code.clone(), message.clone()];
        let parts: Vec<_> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(" ").trim_end_matches(':').to_owned()
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

fn without(text: &str, secret: &str) -> String {
    if secret.is_empty() { text.to_owned() } else { text.replace(secret, "…") }
}
