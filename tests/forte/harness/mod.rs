//! What every subject shares: servers, clients, clips, clocks, faults.

pub(crate) mod mp4;
