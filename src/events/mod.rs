//! The payloads of everything that is sent: webhook JSON, mails, push notifications.
//!
//! The outbox stores a webhook's payload, which never changes. For mails and push notifications it
//! stores ids only, so that it contains no code, no address and no device token (S7, S65); their texts
//! are composed on delivery.

mod mail;
mod message;
mod push;

pub use mail::{CodeMail, code_mail, warning_mail};
pub use message::{MalformedBody, ReportSubmitted, StoredEvent, message, report_submitted};
pub use push::{PushReport, push_notification};
