//! Where bytes live: the spool, segments, stored videos, viewing links.
//!
//! [`Spool`] is this node's folder of open uploads. [`Store`] keeps what must outlive the node: a
//! folder, or an S3-compatible store. Both promise the same: an object has its name only when all
//! of its bytes are durable and have the announced hash, it never changes, and putting it again is
//! harmless.
//!
//! Tests may make these places fail: `blob.spool.create`, `blob.spool.write`, `blob.spool.full` (no
//! room), `blob.spool.sync` (a flush that fails), `blob.put_video.before`, `blob.put_video.after`,
//! `blob.put_segment.before`, `blob.put_segment.after`, `blob.fetch_segment.before`,
//! `blob.read_video.before`, `blob.clear.before`, `blob.probe`.

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
pub use error::BlobError;
pub use examine::Step;
pub use keys::{SegmentKey, VideoKey};
pub use link::{Link, LinkError};
pub use listing::{Depth, Object, ObjectKind};
pub use spool::Spool;
pub use spool_file::{SpoolFile, SpoolReader};
pub use store::{About, Store, StoredFile, VideoStream};
