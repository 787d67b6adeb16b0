//! Classification of a store's error responses.

use std::time::Duration;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use crate::storage::error::{BoxError, StorageError};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureKind {
    /// An object with this name exists.
    Exists,
    /// The bytes do not have the announced hash.
    Mismatch,
    /// There is no such object.
    Missing,
    /// The store's disks are full, or a quota is used up.
    Full,
    /// There is no such bucket.
    NoBucket,
    /// The keys are wrong or lack a permission.
    Forbidden,
    /// The clocks differ too much for a signature.
    Clock,
    /// Temporarily refused.
    Busy,
    /// No response: the request may or may not have taken effect (F7).
    Unclear,
    /// Permanently refused.
    Refused,
}

/// Kinds by error code, each with its source.
const BY_CODE: &[(&str, FailureKind)] = &[
    ("PreconditionFailed", FailureKind::Exists), // measured: MinIO 2026-02, s3s-fs 0.14; AWS documents it
    ("ConditionalRequestConflict", FailureKind::Busy), // AWS, "Conditional writes": try again
    ("XAmzContentChecksumMismatch", FailureKind::Mismatch), // measured: MinIO 2026-02
    ("BadDigest", FailureKind::Mismatch),        // measured: s3s-fs 0.14; AWS error table
    ("NoSuchKey", FailureKind::Missing),         // AWS error table
    ("XMinioStorageFull", FailureKind::Full),    // MinIO, cmd/api-errors.go
    ("XMinioAdminBucketQuotaExceeded", FailureKind::Full), // MinIO, cmd/api-errors.go: 400
    ("QuotaExceeded", FailureKind::Full),        // Ceph RGW, rgw_common.cc: 403
    ("NoSuchBucket", FailureKind::NoBucket),     // AWS error table
    ("AccessDenied", FailureKind::Forbidden),    // AWS error table, as all of the following
    ("AccountProblem", FailureKind::Forbidden),
    ("AllAccessDisabled", FailureKind::Forbidden),
    ("ExpiredToken", FailureKind::Forbidden), // 400
    ("InvalidAccessKeyId", FailureKind::Forbidden),
    ("InvalidSecurity", FailureKind::Forbidden),
    ("InvalidToken", FailureKind::Forbidden), // 400
    ("SignatureDoesNotMatch", FailureKind::Forbidden),
    ("TokenRefreshRequired", FailureKind::Forbidden), // 400
    ("RequestTimeTooSkewed", FailureKind::Clock),
    ("RequestExpired", FailureKind::Clock),  // 400
    ("RequestTimeout", FailureKind::Busy),   // AWS error table: 400, the body arrived too slowly
    ("OperationAborted", FailureKind::Busy), // AWS error table: 409, another request is running
];

/// Kinds by status, for every other code and for responses without a code (HEAD has no body).
const BY_STATUS: &[(u16, FailureKind)] = &[
    (401, FailureKind::Forbidden),
    (403, FailureKind::Forbidden),
    (404, FailureKind::Missing),
    (408, FailureKind::Busy),
    (409, FailureKind::Busy), // AWS: ConditionalRequestConflict, which the SDK does not retry
    (412, FailureKind::Exists),
    (429, FailureKind::Busy),
    (507, FailureKind::Full),
];

/// A failed request.
#[derive(Debug)]
pub(super) struct S3Failure {
    pub(super) kind: FailureKind,
    /// Whether the response had a code of the table. A status without such a code may come from a proxy.
    has_known_code: bool,
    cause: BoxError,
}

impl S3Failure {
    pub(super) fn unclear(cause: impl Into<BoxError>) -> Self {
        Self { kind: FailureKind::Unclear, has_known_code: false, cause: cause.into() }
    }

    /// For requests whose error response has a body: an object counts as missing only if the store
    /// itself says so. Otherwise the 404 of a proxy, or a missing bucket, would look like lost bytes.
    pub(super) fn unclear_unless_confirmed(self) -> Self {
        let is_unconfirmed = self.kind == FailureKind::Missing && !self.has_known_code;
        if is_unconfirmed { Self { kind: FailureKind::Unclear, ..self } } else { self }
    }

    /// For a request that the store received with other bytes than were sent.
    pub(super) fn of_the_network(self) -> Self {
        Self { kind: FailureKind::Busy, ..self }
    }

    /// For the response about a bucket.
    pub(super) fn without_bucket(self) -> Self {
        Self { kind: FailureKind::NoBucket, ..self }
    }

    pub(super) fn into_error(self, action: &'static str, key: &str) -> StorageError {
        let (key, source) = (key.to_owned(), self.cause);
        match self.kind {
            FailureKind::Mismatch => StorageError::Mismatch { key },
            FailureKind::Missing => StorageError::Missing { key },
            FailureKind::Full => StorageError::Full { action, source },
            FailureKind::NoBucket => StorageError::NoBucket { source },
            FailureKind::Forbidden => StorageError::Forbidden { action, key, source },
            FailureKind::Clock => StorageError::Clock { source },
            FailureKind::Busy | FailureKind::Unclear | FailureKind::Exists => {
                StorageError::Unavailable { action, key, source }
            }
            FailureKind::Refused => StorageError::Refused { action, key, source },
        }
    }
}

impl<E> From<SdkError<E>> for S3Failure
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fn from(error: SdkError<E>) -> Self {
        let (kind, has_known_code) = match &error {
            SdkError::ServiceError(response) => {
                let (code, message) = (response.err().code(), response.err().message());
                let kind = classify(code, response.raw().status().as_u16());
                let kind = if is_about_quota(message) { FailureKind::Full } else { kind };
                (kind, BY_CODE.iter().any(|(known, _)| Some(*known) == code))
            }
            SdkError::ConstructionFailure(_) => (FailureKind::Refused, false),
            _ => (FailureKind::Unclear, false),
        };
        Self { kind, has_known_code, cause: Box::new(error) }
    }
}

fn classify(code: Option<&str>, status: u16) -> FailureKind {
    let by_code = BY_CODE.iter().find(|(known, _)| Some(*known) == code);
    let by_status = || BY_STATUS.iter().find(|(known, _)| *known == status).map(|(_, kind)| *kind);
    let rest = if status >= 500 { FailureKind::Busy } else { FailureKind::Refused };
    by_code.map(|(_, kind)| *kind).or_else(by_status).unwrap_or(rest)
}

/// Garage and Backblaze report a quota as `AccessDenied`, with a sentence about it. A quota of requests per
/// minute is not a quota of storage.
fn is_about_quota(message: Option<&str>) -> bool {
    let message = message.unwrap_or_default().to_ascii_lowercase();
    let is_of_requests = message.contains("per minute") || message.contains("per second");
    !is_of_requests && (message.contains("quota") || message.contains("storage cap"))
}

/// Sends a request with a timeout; the SDK itself has none for the whole attempt.
pub(super) async fn with_timeout<T, E>(
    limit: Duration,
    request: impl Future<Output = Result<T, E>>,
) -> Result<T, S3Failure>
where
    S3Failure: From<E>,
{
    match tokio::time::timeout(limit, request).await {
        Ok(response) => Ok(response?),
        Err(elapsed) => Err(S3Failure::unclear(elapsed)),
    }
}

#[cfg(test)]
mod tests {
    use super::{FailureKind, classify, is_about_quota};

    #[test]
    fn a_quota_is_recognised_by_its_sentence() {
        // Garage 1.0, src/api/s3/put.rs.
        assert!(is_about_quota(Some("Forbidden: Bucket size quota is reached, maximum is 10")));
        assert!(!is_about_quota(Some("Access Denied.")));
    }

    #[test]
    fn the_code_takes_precedence_over_the_status() {
        assert_eq!(classify(Some("RequestTimeout"), 400), FailureKind::Busy);
        assert_eq!(classify(Some("InvalidArgument"), 400), FailureKind::Refused);
        assert_eq!(classify(Some("SlowDown"), 503), FailureKind::Busy);
        assert_eq!(classify(None, 404), FailureKind::Missing);
        assert_eq!(classify(Some("PreconditionFailed"), 412), FailureKind::Exists);
        assert_eq!(classify(Some("XMinioAdminBucketQuotaExceeded"), 400), FailureKind::Full);
        assert_eq!(classify(Some("RequestTimeTooSkewed"), 403), FailureKind::Clock);
        assert_eq!(classify(Some("NoSuchBucket"), 404), FailureKind::NoBucket);
        assert_eq!(classify(Some("ExpiredToken"), 400), FailureKind::Forbidden);
    }
}
