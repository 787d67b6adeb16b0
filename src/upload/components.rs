//! The components of the upload service, and how they are connected.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::model::RateLimiter;

use super::cleaner::Cleaner;
use super::eligibility::Eligibility;
use super::error::UploadError;
use super::finisher::Finisher;
use super::locks::UploadLocks;
use super::parts::Parts;
use super::preflight::{InProgress, Preflights, RATE_INTERVAL};
use super::refusal_cache::RefusalCache;
use super::scan::ScanCache;
use super::writer::Writers;

pub(super) struct Components {
    pub(super) parts: Arc<Parts>,
    pub(super) locks: Arc<UploadLocks>,
    pub(super) cleaner: Arc<Cleaner>,
    pub(super) eligibility: Arc<Eligibility>,
    pub(super) refusals: Arc<RefusalCache>,
    pub(super) writers: Arc<Writers>,
    pub(super) finisher: Arc<Finisher>,
    pub(super) preflights: Preflights,
}

impl Components {
    pub(super) async fn start(parts: Parts) -> Result<Self, UploadError> {
        let parts = Arc::new(parts);
        let config = &parts.config;
        let cache = ScanCache::new(config.scan_cache_limit, config.scan_cache_bytes);
        let readers = Arc::new(Semaphore::new(config.readers.max(1)));
        let locks = Arc::new(UploadLocks::register(&parts).await?);
        let cleaner = Arc::new(Cleaner { parts: parts.clone(), locks: locks.clone() });
        let eligibility = Arc::new(Eligibility { parts: parts.clone() });
        let refusals = Arc::new(RefusalCache { parts: parts.clone(), cleaner: cleaner.clone() });
        let preflights = Preflights {
            parts: parts.clone(),
            readers: readers.clone(),
            eligibility: eligibility.clone(),
            refusals: refusals.clone(),
            recent: RateLimiter::new(config.preflights_per_minute, RATE_INTERVAL),
            permits: Arc::new(Semaphore::new(config.preflights_at_once)),
            in_progress: InProgress::default(),
        };
        let writers = Arc::new(Writers {
            parts: parts.clone(),
            readers,
            cache,
            locks: locks.clone(),
            cleaner: cleaner.clone(),
            refusals: refusals.clone(),
        });
        let finisher = Arc::new(Finisher {
            parts: parts.clone(),
            cleaner: cleaner.clone(),
            eligibility: eligibility.clone(),
        });
        Ok(Self { parts, locks, cleaner, eligibility, refusals, writers, finisher, preflights })
    }
}
