//! The review console: the queue, claims, decisions that can be undone, the decisions of a day.

mod claims;
mod config;
mod cursor;
mod day;
mod decisions;
mod filter;
mod queue;
mod report;
mod service;
mod standing;
mod sweep;

pub use crate::database::{
    Claim, ClaimOutcome, CompanyChoice, ConsoleDecision, DayCursor, DayRow, DecisionState,
    EarlierReport, PageAt, QueueCursor, QueueRow, ReviewPreferences as Preferences,
    ReviewedSubmission, TypeChoice, UndoFor,
};
pub use config::ReviewConfig;
pub use cursor::{decode_day_cursor, decode_queue_cursor, encode_day_cursor, encode_queue_cursor};
pub use day::{Day, DayOf};
pub use decisions::{ConsoleDecisionError, NewConsoleDecision, ReportChanged, UndoOutcome};
pub use filter::{Deadline, QueueFilter};
pub use queue::QueuePage;
pub use report::{LogEntry, ReviewedReport};
pub use service::{Review, ReviewError, Reviewer};
pub use standing::{Count, Position, QueueCounts};
