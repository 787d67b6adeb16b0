//! What leaves the service: messages of the outbox, mails and push notifications.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::ids::{ChallengeId, EventId, RefKey, SessionId, SubmissionId};
use super::person::CompanyId;
use super::report::ReportStatus;
use super::words::word_enum;

word_enum! {
    /// How a message is delivered.
    Channel {
        /// To the report service.
        Webhook = "webhook",
        Mail = "mail",
        /// To a phone.
        Push = "push",
    }
}

/// A message to be enqueued in the outbox.
#[derive(Debug, Clone)]
pub struct OutboxMessage {
    /// The same in every attempt, so that the receiver can deduplicate.
    pub id: EventId,
    pub channel: Channel,
    /// Such as `report.submitted`.
    pub kind: &'static str,
    /// What the message is about: messages with one subject are delivered in order.
    pub subject: String,
    /// JSON: for the webhook the payload, otherwise what the text is composed from on delivery.
    pub body: String,
    /// No attempt is made after this moment.
    pub expires_at: Option<Timestamp>,
}

word_enum! {
    /// The kinds of push notifications.
    PushKind {
        /// New reports await a video.
        Assigned = "push.report_assigned",
        /// Reports are due soon.
        Due = "push.report_due",
        Approved = "push.report_approved",
        Rejected = "push.report_rejected",
        /// The device was signed out.
        SessionRevoked = "push.session_revoked",
    }
}

/// Something that happened within a transaction and that a message reports.
#[derive(Debug, Clone, Copy)]
pub enum OutboxEvent<'e> {
    ReportDecided(ReportDecided<'e>),
    /// A one-time code was requested.
    CodeRequested {
        challenge: ChallengeId,
        expires_at: Timestamp,
    },
    /// Too many codes were requested (`many_codes`) or guessed (`wrong_codes`) for a company.
    CodesAbused {
        company: CompanyId,
        reason: &'static str,
    },
    MailRefused(MailRefused<'e>),
    Push(PushEvent<'e>),
}

/// Builds the message of an event. `events` provides it, so that `database` knows no payloads.
pub type BuildMessage = fn(&OutboxEvent<'_>, EventId, Timestamp) -> OutboxMessage;

/// A report was approved or rejected.
#[derive(Debug, Clone, Copy)]
pub struct ReportDecided<'e> {
    pub report: RefKey,
    /// Absent when 1C has set the state of a report without a submission.
    pub submission: Option<SubmissionId>,
    pub status: ReportStatus,
    pub reason: &'e str,
    /// Such as `person:153` or `node:main`.
    pub decided_by: &'e str,
    pub version: i64,
}

/// The mail server refuses mails to a company for good.
#[derive(Debug, Clone, Copy)]
pub struct MailRefused<'e> {
    /// The key in 1C; empty if the company was entered by hand.
    pub ref_key: &'e str,
    pub biin: &'e str,
    /// The words of the mail server, without addresses.
    pub reason: &'e str,
}

/// A push notification to the device of one session.
#[derive(Debug, Clone, Copy)]
pub struct PushEvent<'e> {
    pub kind: PushKind,
    pub session: SessionId,
    /// The report, or the first of several.
    pub report: Option<RefKey>,
    /// How many reports it is about.
    pub reports: u64,
    /// Why a video was rejected, or why the session has ended.
    pub reason: &'e str,
}

/// A mail that is ready to be sent. Not `Debug`: it contains what must not be logged (S65).
#[derive(Clone, PartialEq, Eq)]
pub struct Email {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// A notification to one device. Not `Debug`, as [`Email`].
#[derive(Clone, PartialEq, Eq)]
pub struct PushNotification {
    /// FCM's token of the device.
    pub token: String,
    pub title: String,
    pub body: String,
    /// What the app reads.
    pub data: BTreeMap<&'static str, String>,
}
