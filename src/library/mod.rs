//! Stored videos: viewing links, handing out, custody.

mod config;
mod error;
mod handing;
mod viewing;

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::blob::Store;
use crate::ledger::Ledger;
use crate::model::{Clock, Random};

pub use crate::blob::{About, StoredFile, VideoStream};
pub use config::Config;
pub use error::LibraryError;
pub use handing::{Held, ShortLink};
pub use viewing::Viewing;

/// The stored videos. Cheap to clone.
#[derive(Clone)]
pub struct Library {
    ledger: Ledger,
    store: Store,
    clock: Clock,
    random: Random,
    config: Config,
    downloads: Arc<Semaphore>,
}

impl Library {
    /// The videos of this ledger and store.
    #[must_use]
    pub fn new(ledger: Ledger, store: Store, clock: Clock, random: Random, config: Config) -> Self {
        let downloads = Arc::new(Semaphore::new(config.downloads));
        Self { ledger, store, clock, random, config, downloads }
    }
}
