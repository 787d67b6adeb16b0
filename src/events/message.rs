//! Builds the messages of the outbox, and parses the stored bodies from which mails and push
//! notifications are composed.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::model::{
    ChallengeId, Channel, CompanyId, Digest, EventId, FilmSender, Finding, Length, MailRefused,
    OutboxEvent, OutboxMessage, PushEvent, PushKind, RefKey, ReportDecided, SessionId,
    SubmissionId, Verdict, VideoId,
};

/// How long a push notification or a warning is useful. After a day, the app and the next warning show
/// the state.
const TTL: SignedDuration = SignedDuration::from_hours(24);

const CODE: &str = "mail.code";
const WARNING: &str = "mail.warning";

/// Builds the message of an event; the transaction of the event enqueues it.
pub fn message(event: &OutboxEvent<'_>, id: EventId, now: Timestamp) -> OutboxMessage {
    match event {
        OutboxEvent::ReportDecided(decided) => report_decided(decided, id, now),
        OutboxEvent::CodeRequested { challenge, expires_at } => OutboxMessage {
            id,
            channel: Channel::Mail,
            kind: CODE,
            subject: format!("challenge:{challenge}"),
            body: json!({ "challenge_id": challenge }).to_string(),
            expires_at: Some(*expires_at),
        },
        OutboxEvent::CodesAbused { company, reason } => OutboxMessage {
            id,
            channel: Channel::Mail,
            kind: WARNING,
            subject: format!("company:{}", company.0),
            body: json!({ "company_id": company.0, "reason": reason }).to_string(),
            expires_at: now.checked_add(TTL).ok(),
        },
        OutboxEvent::MailRefused(MailRefused { ref_key, biin, reason }) => {
            let ref_key = Some(*ref_key).filter(|key| !key.is_empty());
            let data = json!({ "company_ref_key": ref_key, "biin": biin, "reason": reason });
            webhook("company.mail_refused", format!("mailbox:{biin}"), &data, id, now)
        }
        OutboxEvent::Push(event) => push(event, id, now),
    }
}

/// The payload of `report.submitted`.
#[derive(Debug, Serialize)]
pub struct ReportSubmitted<'e> {
    pub report_ref_key: RefKey,
    pub submission_id: SubmissionId,
    pub video_id: VideoId,
    pub sha256: Digest,
    pub length: Length,
    pub duration_ms: Option<u64>,
    /// Where the video was sent, according to the phone.
    pub lat: Option<f64>,
    pub long: Option<f64>,
    pub time_sent: Timestamp,
    /// According to the file, else to the app.
    pub recorded_at: Option<Timestamp>,
    pub received_at: Timestamp,
    pub verdicts: &'e [Verdict],
    pub notes: &'e [Finding],
    /// The sender, if the video came through a film link.
    pub film_link: Option<&'e FilmSender>,
    pub receipt_url: Option<&'e str>,
}

pub fn report_submitted(submitted: &ReportSubmitted<'_>, id: EventId) -> OutboxMessage {
    let report = submitted.report_ref_key.to_string();
    webhook("report.submitted", report, &json!(submitted), id, submitted.received_at)
}

fn report_decided(decided: &ReportDecided<'_>, id: EventId, now: Timestamp) -> OutboxMessage {
    let data = json!({
        "report_ref_key": decided.report,
        "submission_id": decided.submission,
        "status_code": decided.status,
        "reason": decided.reason,
        "decided_by": decided.decided_by,
        "decided_at": now,
        "version": decided.version,
    });
    webhook("report.decided", decided.report.to_string(), &data, id, now)
}

fn webhook(
    kind: &'static str,
    subject: String,
    data: &Value,
    id: EventId,
    timestamp: Timestamp,
) -> OutboxMessage {
    OutboxMessage {
        id,
        channel: Channel::Webhook,
        kind,
        subject,
        body: json!({ "type": kind, "timestamp": timestamp, "data": data }).to_string(),
        expires_at: None,
    }
}

fn push(event: &PushEvent<'_>, id: EventId, now: Timestamp) -> OutboxMessage {
    let PushEvent { kind, session, report, reports, reason } = *event;
    let reason = reason.to_owned();
    let body = PushBody { session_id: session, report_ref_key: report, reports, reason };
    OutboxMessage {
        id,
        channel: Channel::Push,
        kind: kind.as_str(),
        subject: format!("session:{session}"),
        body: json!(body).to_string(),
        // A notification of a sign-out does not expire, because the device learns of it in no other way. It ends
        // after its last retry, or when the push token of the session is deleted (`auth.purge_after` later).
        expires_at: if kind == PushKind::SessionRevoked { None } else { now.checked_add(TTL).ok() },
    }
}

/// What the outbox has stored of a mail or a push notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredEvent {
    Code(ChallengeId),
    Warning {
        company: CompanyId,
        reason: String,
    },
    Push {
        kind: PushKind,
        session: SessionId,
        report: Option<RefKey>,
        reports: u64,
        reason: String,
    },
    /// A kind that is never sent, such as `mail.none` of a request for an unknown BIN.
    Unsendable,
}

/// The body of a row cannot be parsed. It may contain personal data, so the error does not repeat it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the body of the message cannot be parsed")]
pub struct MalformedBody;

#[derive(Deserialize)]
struct CodeBody {
    challenge_id: ChallengeId,
}

#[derive(Deserialize)]
struct WarningBody {
    company_id: i64,
    #[serde(default)]
    reason: String,
}

#[derive(Serialize, Deserialize)]
struct PushBody {
    session_id: SessionId,
    report_ref_key: Option<RefKey>,
    #[serde(default)]
    reports: u64,
    #[serde(default)]
    reason: String,
}

impl StoredEvent {
    pub fn parse(kind: &str, body: &str) -> Result<Self, MalformedBody> {
        if let Some(kind) = PushKind::from_word(kind) {
            let PushBody { session_id: session, report_ref_key: report, reports, reason } =
                parse(body)?;
            return Ok(Self::Push { kind, session, report, reports, reason });
        }
        match kind {
            CODE => Ok(Self::Code(parse::<CodeBody>(body)?.challenge_id)),
            WARNING => {
                let WarningBody { company_id, reason } = parse(body)?;
                Ok(Self::Warning { company: CompanyId(company_id), reason })
            }
            _ => Ok(Self::Unsendable),
        }
    }
}

fn parse<'b, T: Deserialize<'b>>(body: &'b str) -> Result<T, MalformedBody> {
    serde_json::from_str(body).map_err(|_| MalformedBody)
}
