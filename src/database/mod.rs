//! Every SQL statement, migration and transaction, grouped by subject.
//!
//! One set of SQL serves SQLite and PostgreSQL through `sqlx::Any`: TEXT and BIGINT columns, `$n`
//! placeholders, no NULL. Two rules make it correct on both: a transaction that writes begins
//! immediate on SQLite (`Database::write`), and each state change is one `UPDATE` that repeats what it
//! expects (offset, fence, lease) in its `WHERE` and checks the number of changed rows.

mod auth;
mod column;
mod config;
mod connection;
mod counters;
mod error;
mod kind;
mod nodes;
mod onec;
mod outbox;
mod pool;
mod proof;
mod reports;
mod review;
mod schema;
mod statement;
mod uploads;
mod videos;

pub use auth::{
    AccountKind, AccountOwner, AccountRow, ActiveCaller, BrowserCookie, BrowserRow,
    BrowserSessionRow, ChallengeRow, CodeRequestOutcome, Count, CountingWindows, DayOfRequests,
    DeletionOutcome, EndReason, FilmLinkRow, FilmSessionRow, Guess, GuessDecision, GuessOutcome,
    GuessTraffic, IssueOutcome, LatestChallenge, LimitDecision, ListedEmployee, Mailbox,
    NewAccount, NewChallenge, NewFilmLink, NewSession, PasswordRotation, PreferenceChange,
    ProfileRow, RecentRequests, RedeemedCode, RefreshOutcome, RefusedMailbox, SessionCredential,
    SessionRow, Successor, TokenRefresh, WaitingDevice,
};
pub use config::{Config, EmployeesSee, Pooler};
pub use error::DatabaseError;
pub use nodes::NodeRow;
pub use onec::{
    AssignmentChange, Change, ChangeOutcome, ChangeSource, CompanyChange, ContractChange,
    DecisionChange, InboundMessage, MessageOutcome, ObjectDeletion, ObjectKind, ReportChange,
    SubmissionRow, TypeChange, UserChange, VehicleChange,
};
pub use outbox::{
    ClaimedMessage, DeliveryResult, EnqueueContext, EventRow, EventState, OutboxDepth, PushDevice,
    PushReport, RetentionCutoffs,
};
pub use pool::{Database, Kind};
pub use proof::{JournalRow, PlannedBatch, SEQUENCER_VERSION};
pub use reports::{
    Block, DecisionOutcome, DriverKeys, FilmRow, ListedReport, ListedVehicle, ListedVehicleType,
    NewDecision, PageCursor, ReportFilter, ReportRow, ReportState, Scope, SelectedVehicle,
};
pub use review::{
    AddOutcome, Claim, ClaimOutcome, CompanyChoice, ConsoleDecision, DayCursor, DayDecision,
    DayQuery, DayRow, DecisionState, DueRange, EarlierReport, FacetRow, LogEntry,
    NewPendingDecision, PageAt, QueueCursor, QueueQuery, QueueRow, ReviewPreferences,
    ReviewedReport, ReviewedSubmission, ReviewerRow, SearchKeys, Settled, TypeChoice, UndoFor,
};
pub use uploads::{
    AfterCommit, Commit, CommitOutcome, ContentId, Details, FinishOutcome, FinishedUpload,
    IdleRelease, NewUpload, ReleaseRequest, SegmentRow, UploadLeftovers, UploadRow,
};
pub use videos::{CustodyEntry, Fingerprint, StoredSubmission, VideoRow};
