//! Viewing links, signed offline.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::presigning::PresigningConfig;
use jiff::{SignedDuration, Timestamp};

use super::S3;
use crate::storage::disposition::disposition;
use crate::storage::error::Cause;
use crate::storage::keys::VIDEO_TYPE;
use crate::storage::{Link, StorageError, VideoKey};

impl S3 {
    /// A link that allows GET of one object, typed and named by us (S54), at the endpoint that
    /// browsers see (S57).
    pub(in crate::storage) async fn link(
        &self,
        key: &VideoKey,
        ttl: SignedDuration,
        filename: &str,
        now: Timestamp,
    ) -> Result<Link, StorageError> {
        let url = self.sign(key, ttl, filename, now).await.map_err(|source| {
            StorageError::Refused { doing: "sign a link to", key: key.to_string(), source }
        })?;
        Ok(Link { url, expires_at: now + ttl })
    }

    async fn sign(
        &self,
        key: &VideoKey,
        ttl: SignedDuration,
        filename: &str,
        now: Timestamp,
    ) -> Result<String, Cause> {
        let terms = PresigningConfig::builder()
            .start_time(SystemTime::try_from(now)?)
            .expires_in(Duration::try_from(ttl)?)
            .build()?;
        let request = self
            .public
            .get_object()
            .bucket(&self.bucket)
            .key(self.name(&key.to_string()))
            .response_content_type(VIDEO_TYPE)
            .response_content_disposition(disposition(filename));
        Ok(request.presigned(terms).await?.uri().to_owned())
    }
}
