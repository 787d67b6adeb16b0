//! What every subject shares: servers, clients, clips, clocks, faults.

pub(crate) mod boxes;
pub(crate) mod ffmpeg;
pub(crate) mod mp4;
