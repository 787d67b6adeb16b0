//! 1C: messages with changed objects in, submissions out.

mod apply;
mod bulk;
mod changes;
mod customers;
mod deletions;
mod fleet_rows;
mod inbox;
mod known;
mod notifications;
mod queue;
mod report_rows;

pub use changes::{
    AssignmentChange, Change, ChangeOutcome, ChangeSource, CompanyChange, ContractChange,
    DecisionChange, ObjectDeletion, ObjectKind, ReportChange, TypeChange, UserChange,
    VehicleChange,
};
pub use inbox::{InboundMessage, MessageOutcome};
pub use queue::SubmissionRow;
