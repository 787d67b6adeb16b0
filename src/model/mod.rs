//! The words everybody shares: ids, offsets, digests, states, facts, findings, roles, the clock.
//!
//! Plain values and pure rules. Nothing here waits, reads, writes or knows a wire format.

mod address;
mod biin;
mod bom;
mod check;
mod clock;
mod deadline;
mod device;
mod digest;
mod error_chain;
mod facts;
mod faults;
mod finding;
mod ids;
mod measure;
mod network;
mod outgoing;
mod person;
mod phone;
mod place;
pub mod plausibility;
mod random;
mod recent;
mod report;
mod sent;
pub mod texts;
mod upload;

pub use address::address_key;
pub use biin::{Biin, BiinError};
pub use bom::strip_bom;
pub use check::Check;
pub use clock::{Clock, ManualClock};
pub use deadline::{NEVER_DUE, due_at, is_expired};
pub use device::{DeviceId, DeviceIdError};
pub use digest::{Digest, DigestError};
pub use error_chain::error_chain;
pub use facts::{DurationBy, Durations, Facts, Location, LocationFrom};
pub use faults::{FaultError, Faults};
pub use finding::{BrokenLimit, Finding, Refusal};
pub use ids::{
    ChallengeId, EventId, IdError, NodeId, ObjectKey, RefKey, SessionId, SubmissionId, TypeCode,
    UploadId, VehicleGuid, VideoId,
};
pub use measure::{Length, MeasureError, Offset};
pub use network::{Network, NetworkError};
pub use outgoing::{
    BuildMessage, Channel, Email, OutboxEvent, OutboxMessage, PushEvent, PushKind,
    PushNotification, ReportDecided,
};
pub use person::{CompanyId, CompanyKind, Person, PersonId, Role};
pub use phone::phone_digits;
pub use place::{Place, PlaceError};
pub use plausibility::{EarlierUse, PlausibilityConfig, Verdict};
pub use random::Random;
pub use recent::Recent;
pub use report::{Arrival, Decision, ReportStatus, arrival};
pub use sent::{SentError, TimeSent};
pub use upload::{Door, UploadState};
