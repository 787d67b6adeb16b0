//! Viewing links, signed offline.

use std::time::{Duration, SystemTime};

use aws_sdk_s3::presigning::PresigningConfig;
use jiff::{SignedDuration, Timestamp};

use super::S3;
use crate::blob::disposition::disposition;
use crate::blob::error::Cause;
use crate::blob::keys::VIDEO_TYPE;
use crate::blob::{BlobError, Link, VideoKey};

impl S3 {
    /// A link that allows GET of one object, typed and named by us (S54), at the endpoint that
    /// browsers see (S57).
    pub(in crate::blob) async fn link(
        &self,
        key: &VideoKey,
        ttl: SignedDuration,
        filename: &str,
        now: Timestamp,
    ) -> Result<Link, BlobError> {
        let url = self.sign(key, ttl, filename, now).await.map_err(|source| {
            BlobError::Refused { doing: "sign a link to", key: key.to_string(), source }
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
