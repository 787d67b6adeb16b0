//! What proves a submission later: its receipt, and the journal in the store.
//!
//! The sequencer assigns the turns of 1C's queue, and writes each batch to the journal before it publishes
//! the turns. So everything that 1C has seen can be recovered from the store.

mod journal;
mod receipt;
mod sequencer;

pub use receipt::receipt;
pub use sequencer::{Sequencer, SequencerError};
