//! Settings of the review console.

use jiff::SignedDuration;
use serde::Deserialize;

use crate::database::UndoFor;

/// `[leasing.review]`
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReviewConfig {
    /// How long a claim lasts without a sign of its reviewer.
    pub claim_for: SignedDuration,
    /// How long a decision can be undone, unless the reviewer's account says otherwise.
    pub undo_for: UndoFor,
    /// Interval between two searches for decisions that take effect.
    pub settle_every: SignedDuration,
    /// Decisions that one search makes effective, and rows that one purge deletes.
    pub settle_batch: u32,
    /// Rows of a page of the queue.
    pub page: u16,
    /// The largest `limit` of a page.
    pub max_page: u16,
    /// How long decisions are kept for the list of a day.
    pub keep_decisions: SignedDuration,
}
