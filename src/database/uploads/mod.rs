//! Uploads: rows, write leases, segments, refusals, and the transaction that stores the video.

mod finish;
mod leases;
mod refusals;
mod segments;
mod sweeps;
mod upload;

pub use finish::{FinishOutcome, FinishedUpload};
pub use leases::{AfterCommit, Commit, CommitOutcome, IdleRelease, ReleaseRequest};
pub use refusals::ContentId;
pub use segments::SegmentRow;
pub use sweeps::UploadLeftovers;
pub use upload::{Details, NewUpload, UploadRow};
