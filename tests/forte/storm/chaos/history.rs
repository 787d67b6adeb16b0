//! What the clients of a storm observed, and what happened to the servers meanwhile.

use super::schedule::{At, Fault};

#[derive(Clone, Debug, Default)]
pub(super) struct History {
    pub(super) deliveries: Vec<Delivery>,
    pub(super) faults: Vec<Fault>,
    pub(super) nodes: usize,
}

/// One video for one report, until the client knows that it is stored.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    pub(super) report: String,
    pub(super) sha256: String,
    pub(super) length: u64,
    pub(super) steps: Vec<Step>,
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) at: At,
    pub(super) what: Observation,
}

#[derive(Clone, Debug)]
pub(super) enum Observation {
    /// The offset of an upload, in the answer to a HEAD.
    Head { upload: String, offset: u64 },
    /// The offset of an upload, in the answer to some of its bytes.
    Acknowledged { upload: String, offset: u64 },
    /// A request with bytes ended without an answer. It had begun at `began`, on this node.
    Broken { upload: Option<String>, node: usize, began: At },
    /// An answer after which clients give up, such as a 404 for an upload that must live.
    NotRetryable { request: &'static str, status: u16 },
    /// The answer that the video is stored.
    Stored { answer: Answer, is_committed: bool },
}

/// What an answer says about a stored video. `is_committed`: whether its submission could be read in the
/// database at that moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    pub(super) submission: Option<String>,
    pub(super) sha256: Option<String>,
}

impl Delivery {
    pub(super) fn is_stored(&self) -> bool {
        self.steps.iter().any(|step| matches!(step.what, Observation::Stored { .. }))
    }
}
