//! Stored videos: links to watch them, their bytes, and the custody entries of both.

mod config;
mod error;
mod service;

pub use crate::database::VideoRow;
pub use crate::storage::{ContentHeaders, Link, OpenedVideo, VideoStream};
pub use config::Config;
pub use error::PlaybackError;
pub use service::{Custody, Playback, Reader, StoredVideo};
