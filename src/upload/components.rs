//! The components of the upload service, and how they are connected.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::model::RateLimiter;

use super::cleaner::Cleaner;
use super::dependencies::Dependencies;
use super::eligibility::Eligibility;
use super::error::UploadError;
use super::finisher::Finisher;
use super::locks::UploadLocks;
use super::preflight::{InProgress, Preflights, RATE_INTERVAL};
use super::refusal_cache::RefusalCache;
use super::scan::ScanCache;
use super::writer::Writers;

pub(super) struct Components {
    pub(super) deps: Arc<Dependencies>,
    pub(super) locks: Arc<UploadLocks>,
    pub(super) cleaner: Arc<Cleaner>,
    pub(super) eligibility: Arc<Eligibility>,
    pub(super) refusals: Arc<RefusalCache>,
    pub(super) writers: Arc<Writers>,
    pub(super) finisher: Arc<Finisher>,
    pub(super) preflights: Preflights,
}

impl Components {
    pub(super) async fn start(deps: Dependencies) -> Result<Self, UploadError> {
        let deps = Arc::new(deps);
        let config = &deps.config;
        let cache = ScanCache::new(config.scan_cache_limit, config.scan_cache_bytes);
        let readers = Arc::new(Semaphore::new(config.readers.max(1)));
        let locks = Arc::new(UploadLocks::register(&deps).await?);
        let cleaner = Arc::new(Cleaner { deps: deps.clone(), locks: locks.clone() });
        let eligibility = Arc::new(Eligibility { deps: deps.clone() });
        let refusals = Arc::new(RefusalCache { deps: deps.clone(), cleaner: cleaner.clone() });
        let preflights = Preflights {
            deps: deps.clone(),
            readers: readers.clone(),
            eligibility: eligibility.clone(),
            refusals: refusals.clone(),
            recent: RateLimiter::new(config.preflights_per_minute, RATE_INTERVAL),
            permits: Arc::new(Semaphore::new(config.preflights_at_once)),
            in_progress: InProgress::default(),
        };
        let writers = Arc::new(Writers {
            deps: deps.clone(),
            readers,
            cache,
            locks: locks.clone(),
            cleaner: cleaner.clone(),
            refusals: refusals.clone(),
        });
        let finisher = Arc::new(Finisher {
            deps: deps.clone(),
            cleaner: cleaner.clone(),
            eligibility: eligibility.clone(),
        });
        Ok(Self { deps, locks, cleaner, eligibility, refusals, writers, finisher, preflights })
    }
}
