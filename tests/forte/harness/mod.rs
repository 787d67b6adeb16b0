//! What every subject shares: servers, clients, clips, clocks, faults.

pub(crate) mod bad_s3;
pub(crate) mod s3;
