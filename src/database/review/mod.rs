//! The review console: the queue with its search, claims, decisions that can be undone, and what is known
//! about one report.

mod claims;
mod custody;
mod day;
mod decisions;
mod preferences;
mod query;
mod queue;
mod report;
mod retention;
mod search;
mod settle;
mod standing;
mod void;

pub use claims::{Claim, ClaimOutcome};
pub use day::{DayCursor, DayDecision, DayQuery, DayRow};
pub use decisions::{AddOutcome, ConsoleDecision, DecisionState, NewPendingDecision};
pub use preferences::{ReviewPreferences, ReviewerRow, UndoFor};
pub use query::{DueRange, QueueQuery};
pub use queue::{CompanyChoice, PageAt, QueueCursor, QueueRow, TypeChoice};
pub use report::{EarlierReport, LogEntry, ReviewedReport, ReviewedSubmission};
pub use search::SearchKeys;
pub use settle::Settled;
pub use standing::FacetRow;
