//! Every SQL statement, migration and transaction, grouped by subject.
//!
//! One set of SQL serves SQLite and PostgreSQL through `sqlx::Any`: TEXT and BIGINT columns, `$n`
//! placeholders, no NULL. Two rules make it correct on both: a transaction that writes begins
//! immediate on SQLite (`Database::write`), and each state change is one `UPDATE` that repeats what it
//! expects (offset, fence, lease) in its `WHERE` and checks the number of changed rows.

mod auth;
mod config;
mod counters;
mod error;
mod nodes;
mod onec;
mod outbox;
mod pool;
mod reports;
mod rows;
mod statement;
mod uploads;
mod videos;

pub use auth::{
    AccountKind, AccountOwner, AccountRow, Asked, ChallengeRow, Deletion, Ended, Exchange,
    Exchanged, LetIn, ListedEmployee, Mailbox, NewAccount, NewChallenge, NewCompany, NewPerson,
    NewSession, OfDevice, OpenChallenge, ProfileRow, Rotation, SessionRow, Successor, Traffic,
    Verdict, Windows,
};
pub use config::{Config, EmployeesSee};
pub use error::DatabaseError;
pub use nodes::NodeRow;
pub use onec::{
    AssignmentChange, Change, CompanyChange, ContractChange, DecisionChange, Gone, Message, Object,
    Outcome, ReportChange, Saying, SubmissionRow, Taken, TypeChange, UserChange, VehicleChange,
};
pub use outbox::{
    Channel, Claimed, Device, EventRow, EventState, OldMessages, OutboxDepth, OutboxMessage, Post,
    PushKind, ReportOfNote, Settled,
};
pub use pool::{Database, Kind};
pub use reports::{
    Block, Bookmark, Decided, Deciding, DriverKeys, ListedReport, ListedType, ListedVehicle,
    NewAssignment, NewContract, NewReport, NewVehicle, NewVehicleType, ReportRow, Scope,
    SelectedVehicle, Standing, Wanted,
};
pub use uploads::{
    Commit, Committed, ContentId, Details, FinishOutcome, Finishing, NewUpload, Remains,
    SegmentRow, UploadRow,
};
pub use videos::{CustodyEntry, Fingerprint, VideoRow};
