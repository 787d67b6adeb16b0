//! Where bytes live: the spool, segments, stored videos, viewing links.
//!
//! [`Spool`] is this node's folder of open uploads. [`Store`] keeps what must outlive the node: a
//! folder, or an S3-compatible store. Both promise the same: an object has its name only when all
//! of its bytes are durable and have the announced hash, it never changes, and putting it again is
//! harmless.
//!
//! Tests may make these places fail: `storage.spool.create`, `storage.spool.write`, `storage.spool.full` (no
//! room), `storage.spool.sync` (a flush that fails), `storage.put_video.before`, `storage.put_video.after`,
//! `storage.put_segment.before`, `storage.put_segment.after`, `storage.fetch_segment.before`,
//! `storage.read_video.before`, `storage.clear.before`, `storage.probe`.

mod config;
mod disk;
mod disk_list;
mod disposition;
mod error;
mod examine;
mod files;
mod keys;
mod link;
mod listing;
mod s3;
mod spool;
mod spool_file;
mod store;

pub use config::{Config, S3Config};
pub use error::StorageError;
pub use examine::Step;
pub use keys::{SegmentKey, VideoKey};
pub use link::{Link, LinkError};
pub use listing::{Depth, Object, ObjectKind};
pub use spool::Spool;
pub use spool_file::{SpoolFile, SpoolReader};
pub use store::{About, Store, StoredFile, VideoStream};
