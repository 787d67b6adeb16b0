//! What a writer works on: the spool file, cut to what was acknowledged, and what is known of it.

use futures_util::future::try_join_all;

use crate::database::{SegmentRow, UploadRow};
use crate::model::{Offset, UploadState};
use crate::storage::{SegmentKey, SpoolFile, StorageError};

use super::guard::Watch;
use super::lease::WriteLease;
use super::warm::Warm;
use super::{UploadError, UploadService};

/// A spool file with its digest and scanner.
pub(super) struct Bench {
    pub(super) file: SpoolFile,
    pub(super) warm: Warm,
    pub(super) watch: Watch,
}

impl UploadService {
    /// Lays out the work: from memory and spool when nobody else has written since, otherwise from
    /// the segments.
    pub(super) async fn lay_out(&self, lease: &WriteLease) -> Result<Bench, UploadError> {
        let row = &lease.row;
        let file = match self.spool_file(row).await {
            Ok(file) => file,
            Err(error @ (StorageError::Missing { .. } | StorageError::Mismatch { .. })) => {
                return self.lose(lease, error).await;
            }
            Err(error) => return Err(error.into()),
        };
        let parked = self.0.shelf.pick_up(row.id, row.fence, row.committed);
        let warm = match parked {
            Some(warm) => warm,
            None => self.refed(row, &file).await?,
        };
        let watch = Watch::over(row);
        Ok(Bench { file, warm, watch })
    }

    pub(super) fn fresh(&self, row: &UploadRow) -> Warm {
        Warm::new(&self.rules, row.length, self.clock.now())
    }

    async fn refed(&self, row: &UploadRow, file: &SpoolFile) -> Result<Warm, StorageError> {
        let mut warm = self.fresh(row);
        warm.refeed(file, &self.0.readers).await?;
        Ok(warm)
    }

    async fn spool_file(&self, row: &UploadRow) -> Result<SpoolFile, StorageError> {
        if row.committed == Offset::START {
            return self.spool.create(row.id);
        }
        // The folder's own name stands only under bytes that were flushed to it.
        if row.spooled_by == Some(self.0.node) || row.spooled_by == Some(self.spool.id()) {
            match self.spool.reopen(row.id, row.committed).await {
                Err(StorageError::Missing { .. }) if self.0.segmented => {}
                reopened => return reopened,
            }
        }
        self.fetch_segments(row).await
    }

    /// Brings an upload that went on elsewhere into this node's spool, piece by piece side by side.
    async fn fetch_segments(&self, row: &UploadRow) -> Result<SpoolFile, StorageError> {
        let segments =
            self.database.segments(row.id).await.map_err(|error| StorageError::Unavailable {
                action: "list",
                key: row.id.to_string(),
                source: error.into(),
            })?;
        if !covers(&segments, row.committed) {
            return Err(StorageError::Missing { key: format!("a segment of {}", row.id) });
        }
        let mut file = self.spool.create(row.id)?;
        let fetches = segments.iter().map(|segment| {
            let key = segment_key(row, segment);
            let store = &self.store;
            let file = &file;
            async move { store.fetch_segment(&key, segment.sha256, file).await }
        });
        try_join_all(fetches).await?;
        file.truncate(row.committed).await?;
        Ok(file)
    }

    /// Acknowledged bytes are nowhere to be found: offsets never go down, so the upload ends (F11).
    async fn lose(&self, lease: &WriteLease, error: StorageError) -> Result<Bench, UploadError> {
        tracing::error!(upload = %lease.row.id, %error, "acknowledged bytes are lost");
        let now = self.clock.now();
        self.database.end_upload(lease.row.id, lease.fence, UploadState::Lost, None, now).await?;
        Err(UploadError::NotFound)
    }
}

/// Whether the pieces join without a gap from the beginning to `end`.
fn covers(segments: &[SegmentRow], end: Offset) -> bool {
    let joined = segments
        .iter()
        .try_fold(Offset::START, |at, segment| (segment.start == at).then_some(segment.end));
    joined == Some(end)
}

pub(super) fn segment_key(row: &UploadRow, segment: &SegmentRow) -> SegmentKey {
    SegmentKey {
        upload: row.id,
        start: segment.start,
        end: segment.end,
        fence: segment.fence.unsigned_abs(),
    }
}
