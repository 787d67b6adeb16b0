//! The words everybody shares: ids, offsets, digests, states, facts, findings, roles, the clock.
//!
//! Plain values and pure rules. Nothing here waits, reads, writes or knows a wire format.

mod causes;
mod clock;
mod digest;
mod facts;
mod faults;
mod finding;
mod ids;
mod measure;
mod person;
mod place;
mod random;
mod report;
mod sent;
mod upload;

pub use causes::causes;
pub use clock::{Clock, ManualClock};
pub use digest::{Digest, DigestError};
pub use facts::{Facts, Location};
pub use faults::{FaultError, Faults};
pub use finding::{Check, Finding, Refusal};
pub use ids::{EventId, IdError, NodeId, RefKey, SubmissionId, UploadId, VideoId};
pub use measure::{Length, MeasureError, Offset};
pub use person::{CompanyId, Person, PersonId, Role};
pub use place::{Place, PlaceError};
pub use random::Random;
pub use report::{Arrival, ReportStatus, arrival};
pub use sent::{SentError, TimeSent};
pub use upload::{Door, UploadState};
