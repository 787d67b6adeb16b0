//! The shared domain types: ids, offsets, digests, states, facts, findings, roles, the clock.
//!
//! Plain values and pure rules: no async, no I/O, no SQL, no wire formats.

mod address;
mod biin;
mod bom;
mod browser;
mod byte_count;
mod check;
mod clock;
mod custody;
mod deadline;
mod device;
mod digest;
mod error_chain;
mod facts;
mod faults;
mod film_sender;
mod finding;
mod ids;
mod instruction;
mod mail_address;
mod network;
mod outgoing;
mod pasted;
mod person;
mod phone;
mod place;
pub mod plausibility;
mod random;
mod rate_limiter;
mod rejection;
mod report;
pub mod search_key;
mod shown;
pub mod texts;
mod time_sent;
mod transient;
mod upload;
mod video_codec;
mod words;

pub use address::{Origin, address_key};
pub use biin::{Biin, BiinError};
pub use bom::{TextError, strip_bom, text_of};
pub use browser::{BrowserKind, browser_summary};
pub use byte_count::{ByteCountError, Length, Offset};
pub use check::Check;
pub use clock::{Clock, ManualClock};
pub use custody::ONE_CUSTODY_ENTRY;
pub use deadline::{NEVER_DUE, due_at, is_expired};
pub use device::{DeviceId, DeviceIdError, GuessRule};
pub use digest::{Digest, DigestError};
pub use error_chain::error_chain;
pub use facts::{DurationBy, Durations, Facts, Location, LocationFrom};
pub use faults::{FaultError, Faults};
pub use film_sender::FilmSender;
pub use finding::{BrokenLimit, Finding, Refusal};
pub use ids::{
    ChallengeId, DecisionId, EventId, FilmLinkId, IdError, NodeId, ObjectKey, ReceiptId, RefKey,
    SessionId, SubmissionId, TypeCode, UploadId, VehicleGuid, VideoId,
};
pub use instruction::Instruction;
pub use mail_address::mail_address;
pub use network::{Network, NetworkError};
pub use outgoing::{
    BuildMessage, Channel, Email, MailRefused, OutboxEvent, OutboxMessage, PushEvent, PushKind,
    PushNotification, ReportDecided,
};
pub use pasted::{code_digits, is_invisible, pasted_text};
pub use person::{CompanyId, CompanyKind, Person, PersonId, Role};
pub use phone::phone_digits;
pub use place::{Place, PlaceError};
pub use plausibility::{EarlierUse, PlausibilityConfig, Verdict};
pub use random::Random;
pub use rate_limiter::RateLimiter;
pub use rejection::{RejectCode, Rejection, RejectionError};
pub use report::{Admission, Decision, ReportStatus};
pub use shown::{escape_html, harmless_name, shown_device, shown_line, shown_name, shown_value};
pub use time_sent::{TimeSent, TimeSentError};
pub use transient::MaybeTransient;
pub use upload::{Protocol, UploadState};
pub use video_codec::VideoCodec;
pub(crate) use words::{setting_words, word_enum};
