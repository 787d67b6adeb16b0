//! The S3 back end. Every choice here was measured; the traps are named where they are avoided.
//!
//! - The SDK's own retries are off: it does not retry 409, and cannot settle an unclear answer.
//! - Checksums are ours: computed while the bytes arrived, sent as a header, checked by the store.
//! - No multipart: objects are small, and one conditional PUT is whole or not there at all.

mod answer;
mod examine;
mod get;
mod link;
mod list;
mod open;
mod put;

use std::time::Duration;

use aws_sdk_s3::Client;
use backon::ExponentialBuilder;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::StorageError;
use answer::Trouble;
pub(super) use put::Piece;

pub(super) struct S3 {
    client: Client,
    /// Signs viewing links for the endpoint that browsers see (S57); never sends anything.
    public: Client,
    bucket: String,
    /// Empty, or ends with a slash.
    prefix: String,
    limits: Limits,
    transfers: Semaphore,
}

/// How patient we are.
struct Limits {
    answer: Duration,
    slowest_link: u64,
    pauses: ExponentialBuilder,
}

impl Limits {
    /// How long one try may take that carries so many bytes.
    fn for_bytes(&self, bytes: u64) -> Duration {
        self.answer + Duration::from_secs(bytes / self.slowest_link)
    }
}

impl S3 {
    /// Whether the bucket is there and ours.
    pub(super) async fn probe(&self) -> Result<(), StorageError> {
        let request = self.client.head_bucket().bucket(&self.bucket).send();
        let answer = answer::within(self.limits.answer, request).await;
        answer.map(drop).map_err(|trouble| trouble.of("find", &self.bucket))
    }

    /// The object's whole name in the bucket.
    fn name(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// A place among the transfers that may run at the same time.
    async fn permit(&self, key: &str) -> Result<SemaphorePermit<'_>, StorageError> {
        let permit = self.transfers.acquire().await;
        permit.map_err(|closed| Trouble::unclear(closed).of("transfer", key))
    }
}
