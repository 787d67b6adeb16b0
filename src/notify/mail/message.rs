//! A letter as it goes over the wire.

use std::time::{Duration, SystemTime};

use jiff::Timestamp;
use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};

use crate::model::{EventId, Letter};

/// Nobody is to answer a machine, least of all another machine (RFC 3834 section 5).
const AUTO_SUBMITTED: HeaderName = HeaderName::new_from_ascii_str("Auto-Submitted");

/// The letter with its headers, or why it can never be sent.
pub(super) fn build(
    from: &Mailbox,
    id: EventId,
    letter: &Letter,
    now: Timestamp,
) -> Result<Message, &'static str> {
    let to = letter.to.trim().parse().map_err(|_| "the mail address is none")?;
    let automatic = HeaderValue::new(AUTO_SUBMITTED, "auto-generated".to_owned());
    Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to))
        .subject(letter.subject.as_str())
        .date(system(now))
        .message_id(Some(format!("<{id}@{}>", from.email.domain())))
        .raw_header(automatic)
        .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
        .map_err(|_| "the letter cannot be put together")
}

/// A moment in the standard library's words.
fn system(at: Timestamp) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(at.as_second()).unwrap_or(0))
}
