//! What database, store and receiver of a storm contain after everything has healed.

use std::collections::BTreeMap;

#[derive(Clone, Debug, Default)]
pub(super) struct Dump {
    /// The status of each report.
    pub(super) reports: BTreeMap<String, i64>,
    pub(super) submissions: Vec<Submission>,
    /// Uploads that a node held a lease of, when nobody worked on them any more.
    pub(super) leases: Vec<String>,
    /// Uploads that have not ended, after all have expired.
    pub(super) open_uploads: Vec<String>,
    pub(super) objects: Vec<StoredObject>,
    /// Files of uploads in the spools.
    pub(super) spool: Vec<String>,
    pub(super) events: Vec<Event>,
    /// The most memory that each process has used, in KiB.
    pub(super) memory: Vec<u64>,
    /// Nodes that ended by themselves.
    pub(super) exited: Vec<String>,
}

/// A submission with its video.
#[derive(Clone, Debug)]
pub(super) struct Submission {
    pub(super) id: String,
    pub(super) report: String,
    pub(super) upload: String,
    pub(super) sha256: String,
    pub(super) length: u64,
    /// Whether the first custody entry of the video is that of this submission.
    pub(super) has_custody: bool,
}

#[derive(Clone, Debug)]
pub(super) struct StoredObject {
    pub(super) path: String,
    /// Of the bytes as they were read.
    pub(super) sha256: String,
    pub(super) length: u64,
}

/// A delivered message, without its repetitions.
#[derive(Clone, Debug)]
pub(super) struct Event {
    pub(super) id: String,
    pub(super) submission: String,
}

impl Submission {
    /// The name of its object.
    pub(super) fn path(&self) -> String {
        format!("videos/{}/{}", self.upload, self.sha256)
    }
}
