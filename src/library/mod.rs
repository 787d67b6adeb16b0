//! Stored videos: viewing links and custody.

mod config;
mod error;
mod viewing;

use crate::blob::Store;
use crate::ledger::Ledger;
use crate::model::{Clock, Random};

pub use crate::blob::StoredFile;
pub use config::Config;
pub use error::LibraryError;
pub use viewing::Viewing;

/// The stored videos. Cheap to clone.
#[derive(Clone)]
pub struct Library {
    ledger: Ledger,
    store: Store,
    clock: Clock,
    random: Random,
    config: Config,
}

impl Library {
    /// The videos of this ledger and store.
    #[must_use]
    pub fn new(ledger: Ledger, store: Store, clock: Clock, random: Random, config: Config) -> Self {
        Self { ledger, store, clock, random, config }
    }
}
