//! Where bytes live: the spool, segments, stored videos, viewing links.
//!
//! [`Spool`] is this node's folder of open uploads. [`Store`] keeps what must outlive the node: a
//! folder, or an S3-compatible store. Both promise the same: an object has its name only when all
//! of its bytes are durable and have the announced hash, it never changes, and putting it again is
//! harmless.

mod config;
mod disk;
mod disposition;
mod error;
mod examine;
mod files;
mod keys;
mod link;
mod s3;
mod spool;
mod spool_file;
mod store;

pub use config::{Config, S3Config};
pub use error::BlobError;
pub use examine::Step;
pub use keys::{SegmentKey, VideoKey};
pub use link::{Link, LinkError};
pub use spool::Spool;
pub use spool_file::SpoolFile;
pub use store::{Store, StoredFile};
