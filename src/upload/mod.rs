//! Uploads: create, append, status, terminate, finish, expire.
//!
//! [`UploadService`] composes four types: [`UploadLocks`] (one writer per upload), `UploadWriter`
//! (spool file, scan state, receive loop), `Finisher` (verdict, storage, the one transaction) and
//! `RefusalCache`. A protocol handler parses its request into an [`Append`], or opens an
//! [`UploadSession`], and renders the outcome; nothing in here knows the protocol.
//!
//! Rules that hold everywhere: Only durable bytes are acknowledged, and an acknowledged offset never
//! decreases. `offset = length` is not visible before the transaction of the finish has committed,
//! because clients take it for success. No database connection, and no permit to parse a `moov`, is held
//! while waiting for a phone. One writer per upload: the newest wins.

mod access;
mod acknowledgements;
mod body;
mod checksum;
mod cleaner;
mod components;
mod config;
mod creation;
mod dependencies;
mod eligibility;
mod error;
mod finisher;
mod lock_table;
mod locks;
mod preflight;
mod refusal_cache;
mod restore;
mod scan;
mod service;
mod session;
mod submitted_message;
mod writer;

pub use crate::database::{Details, UploadRow};
pub use crate::inspect::PreviewCoverage;
pub use access::{Access, Secret};
pub use body::{Body, BodyError};
pub use checksum::{Algorithm, Checksum};
pub use cleaner::Swept;
pub use config::{Config, Reuse, Segments};
pub use dependencies::Dependencies;
pub use error::UploadError;
pub use finisher::Stored;
pub use locks::UploadLocks;
pub use preflight::{Preflight, PreflightPermit, Preflighted, Preflights};
pub use refusal_cache::Declaration;
pub use service::{Created, NewVideo, UploadService};
pub use session::{Append, Appended, UploadSession};
