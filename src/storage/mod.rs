//! Storage of bytes: the spool, segments, stored videos, playback links.
//!
//! [`Spool`] is this node's folder of open uploads. [`Store`] keeps what must outlive the node, in a
//! folder or an S3-compatible store. Both back ends guarantee that an object gets its name only when all
//! of its bytes are durable and have the expected hash, that it never changes, and that a repeated put
//! does no harm.
//!
//! Fault injection points: `storage.spool.create`, `storage.spool.write`, `storage.spool.full` (no
//! space), `storage.spool.sync` (a failing `fsync`), `storage.put_video.before`,
//! `storage.put_video.after`, `storage.put_segment.before`, `storage.put_segment.after`,
//! `storage.fetch_segment.before`, `storage.read_video.before`, `storage.clear.before`,
//! `storage.probe`.

mod config;
mod disk;
mod disposition;
mod error;
mod files;
mod forge;
mod link;
mod object;
mod s3;
mod self_test;
mod spool;
mod spool_file;
mod store;

pub use config::{Config, S3Config};
pub use error::StorageError;
pub use link::{Link, LinkError};
pub use object::{Depth, JournalKey, Object, ObjectKind, SegmentKey, VideoKey, VideoStream};
pub use self_test::TestResult;
pub use spool::Spool;
pub use spool_file::{SpoolFile, SpoolHandle};
pub use store::{ContentHeaders, OpenedVideo, Store};
