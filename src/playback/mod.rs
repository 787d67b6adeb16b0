//! Stored videos: viewing links, handing out, custody.

mod config;
mod error;
mod handing;
mod viewing;

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::database::Database;
use crate::model::{Clock, Random};
use crate::storage::Store;

pub use crate::storage::{ContentHeaders, OpenedVideo, VideoStream};
pub use config::Config;
pub use error::PlaybackError;
pub use handing::{Held, ShortLink};
pub use viewing::Viewing;

/// The stored videos. Cheap to clone.
#[derive(Clone)]
pub struct Playback {
    database: Database,
    store: Store,
    clock: Clock,
    random: Random,
    config: Config,
    downloads: Arc<Semaphore>,
}

impl Playback {
    /// The videos of this database and store.
    #[must_use]
    pub fn new(
        database: Database,
        store: Store,
        clock: Clock,
        random: Random,
        config: Config,
    ) -> Self {
        let downloads = Arc::new(Semaphore::new(config.downloads));
        Self { database, store, clock, random, config, downloads }
    }
}
