//! What a store's answers mean.

use std::time::Duration;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use super::super::StorageError;
use super::super::error::Cause;

/// What an answer, or its absence, means to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// The name is taken.
    Exists,
    /// The bytes do not have the hash we announced.
    Mismatch,
    /// There is no such object.
    Missing,
    /// The store's disks are full.
    Full,
    /// Not now.
    Busy,
    /// No answer: it may or may not have happened (F7).
    Unclear,
    /// No.
    Refused,
}

/// By error code, with where each was learnt.
const BY_CODE: &[(&str, Answer)] = &[
    ("PreconditionFailed", Answer::Exists), // measured: MinIO 2026-02, s3s-fs 0.14; AWS documents it
    ("ConditionalRequestConflict", Answer::Busy), // AWS, "Conditional writes": try again
    ("XAmzContentChecksumMismatch", Answer::Mismatch), // measured: MinIO 2026-02
    ("BadDigest", Answer::Mismatch),        // measured: s3s-fs 0.14; AWS error table
    ("NoSuchKey", Answer::Missing),         // AWS error table
    ("XMinioStorageFull", Answer::Full),    // MinIO, cmd/api-errors.go
    ("RequestTimeout", Answer::Busy),       // AWS error table: 400, our bytes came too slowly
    ("OperationAborted", Answer::Busy),     // AWS error table: 409, another request is under way
];

/// By status, for every other code and for answers without one (HEAD has no body).
const BY_STATUS: &[(u16, Answer)] = &[
    (404, Answer::Missing),
    (408, Answer::Busy),
    (409, Answer::Busy), // AWS sends ConditionalRequestConflict so; the SDK does not retry it
    (412, Answer::Exists),
    (429, Answer::Busy),
    (507, Answer::Full),
];

/// An answer that is not the wished one, and everything the store said.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) answer: Answer,
    /// Whether the store named it: a bare status may come from anything on the way.
    named: bool,
    cause: Cause,
}

impl Trouble {
    /// No answer worth the name.
    pub(super) fn unclear(cause: impl Into<Cause>) -> Self {
        Self { answer: Answer::Unclear, named: false, cause: cause.into() }
    }

    /// For requests whose answer has a body: that an object is not there counts only if the store
    /// itself says so. A proxy's 404, or a missing bucket, must not look like lost bytes.
    pub(super) fn only_if_named(self) -> Self {
        let doubtful = self.answer == Answer::Missing && !self.named;
        if doubtful { Self { answer: Answer::Unclear, ..self } } else { self }
    }

    /// In the words of the room.
    pub(super) fn of(self, doing: &'static str, key: &str) -> StorageError {
        let (key, source) = (key.to_owned(), self.cause);
        match self.answer {
            Answer::Mismatch => StorageError::Mismatch { key },
            Answer::Missing => StorageError::Missing { key },
            Answer::Full => StorageError::Full { doing, source },
            Answer::Busy | Answer::Unclear | Answer::Exists => {
                StorageError::Unavailable { doing, key, source }
            }
            Answer::Refused => StorageError::Refused { doing, key, source },
        }
    }
}

impl<E> From<SdkError<E>> for Trouble
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    fn from(error: SdkError<E>) -> Self {
        let (answer, named) = match &error {
            SdkError::ServiceError(said) => {
                let (code, status) = (said.err().code(), said.raw().status().as_u16());
                (meaning(code, status), BY_CODE.iter().any(|(known, _)| Some(*known) == code))
            }
            SdkError::ConstructionFailure(_) => (Answer::Refused, false),
            _ => (Answer::Unclear, false),
        };
        Self { answer, named, cause: Box::new(error) }
    }
}

fn meaning(code: Option<&str>, status: u16) -> Answer {
    let by_code = BY_CODE.iter().find(|(known, _)| Some(*known) == code);
    let by_status = || BY_STATUS.iter().find(|(known, _)| *known == status).map(|(_, what)| *what);
    let rest = if status >= 500 { Answer::Busy } else { Answer::Refused };
    by_code.map(|(_, what)| *what).or_else(by_status).unwrap_or(rest)
}

/// Sends a request and waits for its answer so long and no longer. Without a limit a store that
/// never answers is waited for without end.
pub(super) async fn within<T, E>(
    limit: Duration,
    request: impl Future<Output = Result<T, E>>,
) -> Result<T, Trouble>
where
    Trouble: From<E>,
{
    match tokio::time::timeout(limit, request).await {
        Ok(answer) => Ok(answer?),
        Err(elapsed) => Err(Trouble::unclear(elapsed)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Answer, meaning};

    #[test]
    fn codes_come_before_statuses() {
        assert_eq!(meaning(Some("RequestTimeout"), 400), Answer::Busy);
        assert_eq!(meaning(Some("InvalidArgument"), 400), Answer::Refused);
        assert_eq!(meaning(Some("SlowDown"), 503), Answer::Busy);
        assert_eq!(meaning(None, 404), Answer::Missing);
        assert_eq!(meaning(Some("PreconditionFailed"), 412), Answer::Exists);
    }
}
