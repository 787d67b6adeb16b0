//! Listing and removing objects.

use aws_sdk_s3::operation::list_objects_v2::builders::ListObjectsV2FluentBuilder;
use backon::Retryable as _;

use super::client::S3;
use super::failure::{S3Failure, with_timeout};
use crate::model::{Length, UploadId};
use crate::storage::error::StorageError;
use crate::storage::object::{JournalKey, META_END, Object, PAGE_SIZE, VideoKey, folders};

impl S3 {
    /// The next page after a path, sorted by path.
    pub(in crate::storage) async fn list(&self, after: &str) -> Result<Vec<Object>, StorageError> {
        let after = self.name(after.max(META_END));
        let request = self.list_request("").start_after(after).max_keys(i32::from(PAGE_SIZE));
        let listed = with_timeout(self.response_timeout, request.send()).await;
        let listed = listed.map_err(|failure| failure.into_error("list", &self.prefix))?;
        let object = |found: &aws_sdk_s3::types::Object| {
            let path = found.key()?.strip_prefix(&self.prefix)?;
            Some(Object::new(path, Length::new(u64::try_from(found.size()?).ok()?)))
        };
        Ok(listed.contents().iter().filter_map(object).collect())
    }

    /// The first batch of the journal that begins at this turn or later.
    pub(in crate::storage) async fn journal_from(
        &self,
        turn: i64,
    ) -> Result<Option<JournalKey>, StorageError> {
        let folder = JournalKey::folder();
        let attempt = || async {
            let after = self.name(&JournalKey::before(turn));
            let request = self.list_request(&format!("{folder}/")).start_after(after).max_keys(1);
            let listed = with_timeout(self.response_timeout, request.send()).await;
            listed.map_err(|failure| failure.into_error("list", folder))
        };
        let listed = attempt.retry(self.backoff).when(StorageError::is_retryable).await?;
        let names = listed.contents().iter().filter_map(|object| object.key());
        let mut paths = names.filter_map(|name| name.strip_prefix(&self.prefix));
        Ok(paths.find_map(JournalKey::from_path))
    }

    /// Removes the objects of an upload except `keep`. Idempotent.
    pub(in crate::storage) async fn clear(
        &self,
        upload: UploadId,
        keep: Option<&VideoKey>,
    ) -> Result<(), StorageError> {
        let keep = keep.map(|key| self.name(&key.to_string()));
        for folder in folders(upload) {
            let attempt = || async {
                let cleared = self.clear_folder(&folder, keep.as_deref()).await;
                cleared.map_err(|failure| failure.into_error("clear", &folder))
            };
            attempt.retry(self.backoff).when(StorageError::is_retryable).await?;
        }
        Ok(())
    }

    async fn clear_folder(&self, folder: &str, keep: Option<&str>) -> Result<(), S3Failure> {
        let request = self.list_request(&format!("{folder}/"));
        let mut pages = request.into_paginator().send();
        while let Some(page) = with_timeout(self.response_timeout, pages.try_next()).await? {
            for name in page.contents().iter().filter_map(|object| object.key()) {
                if Some(name) != keep {
                    self.delete(name).await?;
                }
            }
        }
        Ok(())
    }

    fn list_request(&self, path: &str) -> ListObjectsV2FluentBuilder {
        self.client.list_objects_v2().bucket(&self.bucket).prefix(self.name(path))
    }

    /// One at a time: the batch request needs an MD5 or CRC that not every store accepts.
    async fn delete(&self, name: &str) -> Result<(), S3Failure> {
        let request = self.client.delete_object().bucket(&self.bucket).key(name).send();
        with_timeout(self.response_timeout, request).await.map(drop)
    }
}
