//! Uploads: rows, write leases, segments, refusals, and the transaction that stores the video.

mod finish;
mod leases;
mod refusals;
mod segments;
mod sweeps;
mod upload;

pub use finish::{FinishOutcome, Finishing};
pub use leases::{Commit, Committed};
pub use refusals::ContentId;
pub use segments::SegmentRow;
pub use sweeps::Remains;
pub use upload::{Details, NewUpload, UploadRow};
