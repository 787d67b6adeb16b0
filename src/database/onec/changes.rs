//! Changes from 1C, parsed and validated. References are still keys of 1C.

use jiff::Timestamp;
use uuid::Uuid;

use crate::database::outbox::messages::EnqueueContext;
use crate::model::{
    CompanyKind, Decision, Instruction, ObjectKey, RefKey, ReportStatus, Role, TypeCode,
    VehicleGuid,
};

/// A change of one object. The version is 1C's: an older one is ignored; 0 means none, and is always
/// applied.
#[derive(Debug, Clone)]
pub enum Change {
    /// A leasing customer.
    Company(CompanyChange),
    /// A person of a customer.
    User(UserChange),
    VehicleType(TypeChange),
    Vehicle(VehicleChange),
    Contract(ContractChange),
    Report(ReportChange),
    /// A driver is assigned to a vehicle.
    Assignment(AssignmentChange),
    Decision(DecisionChange),
    Deletion(ObjectDeletion),
}

/// A leasing customer.
#[derive(Debug, Clone)]
pub struct CompanyChange {
    pub key: ObjectKey,
    pub version: i64,
    /// BIN or IIN, 12 digits.
    pub biin: String,
    pub name: String,
    /// One-time codes are sent to it; may be empty.
    pub email: String,
    pub kind: CompanyKind,
    /// If `false`, its people cannot sign in.
    pub active: bool,
}

/// A person of a customer.
#[derive(Debug, Clone)]
pub struct UserChange {
    pub key: ObjectKey,
    pub version: i64,
    pub company: ObjectKey,
    pub role: Role,
    pub first_name: String,
    pub last_name: String,
    /// Father's name.
    pub patronic_name: String,
    pub mobile: String,
    /// May be empty.
    pub email: String,
    /// If `false`, the person cannot sign in.
    pub active: bool,
}

#[derive(Debug, Clone)]
pub struct TypeChange {
    pub code: TypeCode,
    pub version: i64,
    pub title: String,
    /// What to film, in order.
    pub instructions: Vec<Instruction>,
}

#[derive(Debug, Clone)]
pub struct VehicleChange {
    pub guid: VehicleGuid,
    pub version: i64,
    pub company: ObjectKey,
    pub code: TypeCode,
    pub contract: Option<ObjectKey>,
    pub plate_number: String,
    pub vin_code: String,
}

#[derive(Debug, Clone)]
pub struct ContractChange {
    pub key: ObjectKey,
    pub version: i64,
    pub company: ObjectKey,
    pub number: String,
    pub ends_at: Option<Timestamp>,
}

#[derive(Debug, Clone)]
pub struct ReportChange {
    pub ref_key: RefKey,
    pub version: i64,
    pub company: ObjectKey,
    pub vehicle: VehicleGuid,
    pub contract: Option<ObjectKey>,
    pub report_number: String,
    /// `None`: the number of `contract`.
    pub contract_number: Option<String>,
    /// The first day.
    pub starts_at: Option<Timestamp>,
    /// The deadline as 1C sent it.
    pub finishes_at: Option<Timestamp>,
    /// The moment from which it is overdue.
    pub due_at: Timestamp,
    /// `None`: unchanged, or 1 for a new report.
    pub status: Option<ReportStatus>,
    /// `None`: unchanged, or empty after a new decision (Q29).
    pub reject_reason: Option<String>,
    /// Whether the reply contains a film link.
    pub film_link: bool,
}

/// A driver is assigned to a vehicle.
#[derive(Debug, Clone)]
pub struct AssignmentChange {
    pub key: ObjectKey,
    pub version: i64,
    pub company: ObjectKey,
    pub vehicle: VehicleGuid,
    /// The driver's key, if 1C knows the driver.
    pub person: Option<ObjectKey>,
    /// The driver's phone number; may be empty.
    pub mobile: String,
}

#[derive(Debug, Clone)]
pub struct DecisionChange {
    pub ref_key: RefKey,
    pub decision: Decision,
    pub reject_reason: String,
    /// The revision of the report that the decision is about; `None`: any.
    pub revision: Option<i64>,
}

#[derive(Debug, Clone)]
pub struct ObjectDeletion {
    pub object: ObjectKind,
    pub key: Uuid,
    pub version: i64,
}

/// The kinds of objects that 1C sends and deletes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// A leasing customer.
    Company,
    /// A person of a customer.
    User,
    VehicleType,
    Vehicle,
    Contract,
    Report,
    /// A driver is assigned to a vehicle.
    Assignment,
}

/// The outcome of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeOutcome {
    /// Stored.
    Applied,
    /// This version or a later one is stored already.
    Older,
    /// Stored, but the report keeps this status instead of the one that 1C sent, because 1C does not
    /// know yet what has happened here.
    StatusKept(ReportStatus),
    /// There is nothing to delete.
    NotFound,
    /// This field refers to an object that does not exist.
    UnknownReference(&'static str),
    /// Another company has this BIN or IIN.
    BiinTaken,
    /// The report of a decision does not exist.
    NoReport,
    /// The report has another revision than the decision names, or a status that cannot be decided. The
    /// fields are the current values.
    Stale { status: ReportStatus, revision: i64 },
}

/// The sender of a change, and the time.
#[derive(Clone, Copy)]
pub struct ChangeSource<'a> {
    /// The 1C node.
    pub node: &'a str,
    /// Enqueues the messages about the change. Its `now` is the time of the change.
    pub context: EnqueueContext<'a>,
}

impl ChangeSource<'_> {
    /// The actor of a decision, as it is stored.
    pub(super) fn decider(&self) -> String {
        format!("node:{}", self.node)
    }
}
