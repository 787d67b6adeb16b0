//! What 1C says about an object, read and checked; references are still keys of 1C.

use jiff::Timestamp;
use uuid::Uuid;

use crate::database::outbox::messages::EnqueueContext;
use crate::model::{
    CompanyKind, Decision, ObjectKey, RefKey, ReportStatus, Role, TypeCode, VehicleGuid,
};

/// A change of one object. Its version is 1C's: an older one is ignored, 0 is always taken.
#[derive(Debug, Clone)]
pub enum Change {
    /// A leasing customer.
    Company(CompanyChange),
    /// A person of a customer.
    User(UserChange),
    /// A type of vehicles.
    VehicleType(TypeChange),
    /// A vehicle.
    Vehicle(VehicleChange),
    /// A contract.
    Contract(ContractChange),
    /// A report.
    Report(ReportChange),
    /// Who films what.
    Assignment(AssignmentChange),
    /// A report is approved or rejected.
    Decision(DecisionChange),
    /// An object is deleted.
    Deletion(ObjectDeletion),
}

/// A leasing customer.
#[derive(Debug, Clone)]
pub struct CompanyChange {
    /// Its key.
    pub key: ObjectKey,
    /// Its version.
    pub version: i64,
    /// BIN or IIN, 12 digits.
    pub biin: String,
    /// Its name.
    pub name: String,
    /// Where one-time codes go; may be empty.
    pub email: String,
    /// A company or a private lessee.
    pub kind: CompanyKind,
    /// Whether its people may act.
    pub active: bool,
}

/// A person of a customer.
#[derive(Debug, Clone)]
pub struct UserChange {
    /// Their key.
    pub key: ObjectKey,
    /// Their version.
    pub version: i64,
    /// Of which company.
    pub company: ObjectKey,
    /// With which rights.
    pub role: Role,
    /// First name, as given.
    pub first_name: String,
    /// Last name, as given.
    pub last_name: String,
    /// Father's name, as given.
    pub patronic_name: String,
    /// Telephone, as given.
    pub mobile: String,
    /// Their mail address; may be empty.
    pub email: String,
    /// Whether they may act.
    pub active: bool,
}

/// A type of vehicles.
#[derive(Debug, Clone)]
pub struct TypeChange {
    /// Its key.
    pub code: TypeCode,
    /// Its version.
    pub version: i64,
    /// Its title.
    pub title: String,
    /// What to film, in order.
    pub instructions: Vec<String>,
}

/// A vehicle.
#[derive(Debug, Clone)]
pub struct VehicleChange {
    /// Its key.
    pub guid: VehicleGuid,
    /// Its version.
    pub version: i64,
    /// Whose it is.
    pub company: ObjectKey,
    /// Its type.
    pub code: TypeCode,
    /// Its contract.
    pub contract: Option<ObjectKey>,
    /// Plate, as given.
    pub plate_number: String,
    /// VIN, as given.
    pub vin_code: String,
}

/// A contract.
#[derive(Debug, Clone)]
pub struct ContractChange {
    /// Its key.
    pub key: ObjectKey,
    /// Its version.
    pub version: i64,
    /// Whose it is.
    pub company: ObjectKey,
    /// Its number, as given.
    pub number: String,
    /// When it ends.
    pub ends_at: Option<Timestamp>,
}

/// A report.
#[derive(Debug, Clone)]
pub struct ReportChange {
    /// Its key.
    pub ref_key: RefKey,
    /// Its version.
    pub version: i64,
    /// Whose it is.
    pub company: ObjectKey,
    /// Of which vehicle.
    pub vehicle: VehicleGuid,
    /// Of which contract.
    pub contract: Option<ObjectKey>,
    /// Its number, as given.
    pub report_number: String,
    /// The contract's number, as given; not said: that of the contract.
    pub contract_number: Option<String>,
    /// First day.
    pub starts_at: Option<Timestamp>,
    /// Deadline as given.
    pub finishes_at: Option<Timestamp>,
    /// From when on it is overdue.
    pub due_at: Timestamp,
    /// Its state; not said: as it is, or the first one.
    pub status: Option<ReportStatus>,
    /// Why it was rejected; not said: as it is (Q29).
    pub reject_reason: Option<String>,
}

/// Who films what.
#[derive(Debug, Clone)]
pub struct AssignmentChange {
    /// Its key.
    pub key: ObjectKey,
    /// Its version.
    pub version: i64,
    /// Of which company.
    pub company: ObjectKey,
    /// Which vehicle.
    pub vehicle: VehicleGuid,
    /// The driver's key, if 1C knows the driver.
    pub person: Option<ObjectKey>,
    /// The driver's telephone, as given.
    pub mobile: String,
}

/// A report is approved or rejected.
#[derive(Debug, Clone)]
pub struct DecisionChange {
    /// Which report.
    pub ref_key: RefKey,
    /// Approved or rejected.
    pub decision: Decision,
    /// Why it was rejected.
    pub reject_reason: String,
    /// The revision of the report that was decided about, if it matters.
    pub revision: Option<i64>,
}

/// An object is deleted.
#[derive(Debug, Clone)]
pub struct ObjectDeletion {
    /// What it is.
    pub object: ObjectKind,
    /// Its key.
    pub key: Uuid,
    /// Its version.
    pub version: i64,
}

/// A kind of objects that 1C sends and may delete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectKind {
    /// A leasing customer.
    Company,
    /// A person of a customer.
    User,
    /// A type of vehicles.
    VehicleType,
    /// A vehicle.
    Vehicle,
    /// A contract.
    Contract,
    /// A report.
    Report,
    /// Who films what.
    Assignment,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeOutcome {
    /// It is in the database.
    Applied,
    /// This version or a later one is there already.
    Older,
    /// It is in the database, but the report stays in another state than 1C says: 1C has not heard yet
    /// of what has happened here.
    StatusKept(ReportStatus),
    /// There is nothing to delete.
    NotFound,
    /// A field refers to what is not there.
    UnknownReference(&'static str),
    /// Another company has this BIN or IIN.
    BiinTaken,
    /// There is no such report to decide on.
    NoReport,
    /// The report is not what the decision is about: it is in this state, at this revision.
    Stale {
        /// Today's state.
        status: ReportStatus,
        /// Today's revision.
        revision: i64,
    },
}

/// Who says so, and when.
#[derive(Clone, Copy)]
pub struct ChangeSource<'a> {
    /// The node of 1C.
    pub node: &'a str,
    /// What follows is written with it; its moment is that of the message.
    pub context: EnqueueContext<'a>,
}

impl ChangeSource<'_> {
    /// Who decides, in the database.
    pub(super) fn decider(&self) -> String {
        format!("node:{}", self.node)
    }
}
