//! What proves a submission: its receipt, its leaf in the transparency log, and its turn in the journal.

mod receipts;
mod sequencer;

pub(super) use receipts::insert_receipt;
pub use sequencer::{JournalRow, PlannedBatch, SEQUENCER_VERSION};
