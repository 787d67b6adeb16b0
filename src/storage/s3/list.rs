//! Listing objects, and removing them.

use backon::Retryable as _;

use super::S3;
use super::answer::{Trouble, within};
use crate::model::{Length, UploadId};
use crate::storage::keys::folders;
use crate::storage::listing::{Object, PAGE};
use crate::storage::{StorageError, VideoKey};

impl S3 {
    /// The next objects after a path, in the order of their paths.
    pub(in crate::storage) async fn list(&self, after: &str) -> Result<Vec<Object>, StorageError> {
        let failed = |trouble: Trouble| trouble.of("list", &self.prefix);
        let request = self
            .client
            .list_objects_v2()
            .bucket(&self.bucket)
            .prefix(&self.prefix)
            .start_after(self.name(after))
            .max_keys(i32::from(PAGE))
            .send();
        let listed = within(self.limits.answer, request).await.map_err(failed)?;
        let object = |found: &aws_sdk_s3::types::Object| {
            let path = found.key()?.strip_prefix(&self.prefix)?;
            Some(Object::new(path, Length::new(u64::try_from(found.size()?).ok()?)))
        };
        Ok(listed.contents().iter().filter_map(object).collect())
    }

    /// Removes what an upload has stored, but `keep`. Doing it twice is fine.
    pub(in crate::storage) async fn clear(
        &self,
        upload: UploadId,
        keep: Option<&VideoKey>,
    ) -> Result<(), StorageError> {
        let keep = keep.map(|key| self.name(&key.to_string()));
        for folder in folders(upload) {
            let attempt = || self.clear_folder(&folder, keep.as_deref());
            attempt.retry(self.limits.pauses).when(StorageError::is_hiccup).await?;
        }
        Ok(())
    }

    async fn clear_folder(&self, folder: &str, keep: Option<&str>) -> Result<(), StorageError> {
        let failed = |trouble: Trouble| trouble.of("clear", folder);
        let mut page = None;
        loop {
            let request = self
                .client
                .list_objects_v2()
                .bucket(&self.bucket)
                .prefix(self.name(&format!("{folder}/")))
                .set_continuation_token(page)
                .send();
            let listed = within(self.limits.answer, request).await.map_err(failed)?;
            for name in listed.contents().iter().filter_map(|object| object.key()) {
                if Some(name) != keep {
                    self.delete(name).await.map_err(failed)?;
                }
            }
            page = listed.next_continuation_token;
            if page.is_none() {
                return Ok(());
            }
        }
    }

    /// One by one: the batch form needs an MD5 or CRC that not every store takes.
    async fn delete(&self, name: &str) -> Result<(), Trouble> {
        let request = self.client.delete_object().bucket(&self.bucket).key(name).send();
        within(self.limits.answer, request).await.map(drop)
    }
}
