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
    AssignmentChange, Change, CompanyChange, ContractChange, DecisionChange, Gone, Object, Outcome,
    ReportChange, Saying, TypeChange, UserChange, VehicleChange,
};
pub use inbox::{Message, Taken};
pub use queue::SubmissionRow;
