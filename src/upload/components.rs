//! The parts of the upload service, put together.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::cleaner::Cleaner;
use super::eligibility::Eligibility;
use super::error::UploadError;
use super::finisher::Finisher;
use super::locks::UploadLocks;
use super::parts::Parts;
use super::preflight::Preflights;
use super::refusal_cache::RefusalCache;
use super::writer::Writers;

pub(super) struct Components {
    pub(super) parts: Arc<Parts>,
    pub(super) locks: Arc<UploadLocks>,
    pub(super) cleaner: Arc<Cleaner>,
    pub(super) eligibility: Eligibility,
    pub(super) refusals: Arc<RefusalCache>,
    pub(super) writers: Arc<Writers>,
    pub(super) finisher: Arc<Finisher>,
    pub(super) preflights: Preflights,
}

impl Components {
    pub(super) async fn start(parts: Parts) -> Result<Self, UploadError> {
        let parts = Arc::new(parts);
        let readers = Arc::new(Semaphore::new(parts.config.readers.max(1)));
        let locks = Arc::new(UploadLocks::register(&parts).await?);
        let cleaner = Arc::new(Cleaner::new(&parts, &locks));
        let eligibility = Eligibility::new(&parts);
        let refusals = Arc::new(RefusalCache::new(&parts, &cleaner));
        let writers = Arc::new(Writers::new(&parts, &readers, &locks, &cleaner, &refusals));
        let finisher = Arc::new(Finisher::new(&parts, &cleaner));
        let preflights = Preflights::new(&parts, readers, &refusals);
        Ok(Self { parts, locks, cleaner, eligibility, refusals, writers, finisher, preflights })
    }
}
