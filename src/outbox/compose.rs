//! Composition of mails and push notifications from the state of the database on delivery: a row of the
//! outbox contains neither a code, nor an address, nor a device token (S7, S65).

use std::sync::Arc;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::database::{ClaimedMessage, Database, DatabaseError, PushDevice, PushReport};
use crate::events::{self, CodeMail, MalformedBody, StoredEvent};
use crate::model::texts::Language;
use crate::model::{
    ChallengeId, CompanyId, Email, GuessRule, PushEvent, PushKind, PushNotification, ReportStatus,
};

/// Derives the one-time code of a challenge, which is stored nowhere.
pub type CodeOf = Arc<dyn Fn(ChallengeId) -> String + Send + Sync>;

/// The link that confirms the device of a challenge, if mails can have links.
pub type LinkOf = Arc<dyn Fn(ChallengeId) -> Option<String> + Send + Sync>;

/// What composition needs besides the database. Texts are in the default language, because the language
/// of a person is unknown.
#[derive(Clone)]
pub struct Composer {
    /// The time zone of times in the texts.
    pub zone: TimeZone,
    pub code_of: CodeOf,
    pub link_of: LinkOf,
}

/// A message cannot be composed now; it is retried.
#[derive(Debug, thiserror::Error)]
pub(super) enum ComposeError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Malformed(#[from] MalformedBody),
}

impl Composer {
    /// `None` when the mail is no longer needed, or has no recipient.
    pub(super) async fn email(
        &self,
        message: &ClaimedMessage,
        database: &Database,
        now: Timestamp,
    ) -> Result<Option<Email>, ComposeError> {
        match StoredEvent::parse(&message.kind, &message.body)? {
            StoredEvent::Code(challenge) => self.code_mail(challenge, database, now).await,
            StoredEvent::Warning { company, reason } => {
                warning_mail(company, &reason, database).await
            }
            StoredEvent::Push { .. } | StoredEvent::Unsendable => Ok(None),
        }
    }

    async fn code_mail(
        &self,
        id: ChallengeId,
        database: &Database,
        now: Timestamp,
    ) -> Result<Option<Email>, ComposeError> {
        let Some(challenge) = database.challenge(id).await? else { return Ok(None) };
        let usable = challenge.open && challenge.expires_at > now;
        if !usable || challenge.email.is_empty() {
            return Ok(None);
        }
        let needs_confirmation = challenge.guess_rule == GuessRule::ConfirmedDevice;
        let link = if needs_confirmation { (self.link_of)(id) } else { None };
        let mail = CodeMail {
            to: &challenge.email,
            company: &challenge.company_name,
            code: &(self.code_of)(id),
            expires_at: challenge.expires_at,
            role: challenge.role,
            first_name: &challenge.first_name,
            mobile: &challenge.mobile,
            device: &challenge.uuid,
            link: link.as_deref(),
        };
        Ok(Some(events::code_mail(&mail, now, &self.zone, Language::default())))
    }

    /// `None` when the notification is out of date, or the device may not receive it.
    pub(super) async fn push_notification(
        &self,
        message: &ClaimedMessage,
        database: &Database,
    ) -> Result<Option<PushNotification>, ComposeError> {
        let stored = StoredEvent::parse(&message.kind, &message.body)?;
        let StoredEvent::Push { kind, session, report: ref_key, reports, reason } = stored else {
            return Ok(None);
        };
        let device = database.device(session).await?;
        let Some(device) = device.filter(|device| may_receive(kind, device)) else {
            return Ok(None);
        };
        let report = match ref_key {
            Some(ref_key) => database.push_report(ref_key).await?,
            None => None,
        };
        if !is_current(kind, reports, report.as_ref()) {
            return Ok(None);
        }
        let about = report.as_ref().map(|report| events::PushReport {
            number: &report.report_number,
            plate: &report.plate_number,
            due_at: Some(report.due_at),
        });
        let event = PushEvent { kind, session, report: ref_key, reports, reason: &reason };
        let (zone, language) = (&self.zone, Language::default());
        let about = about.unwrap_or_default();
        Ok(Some(events::push_notification(&event, &about, &device.fcm, zone, language)))
    }
}

async fn warning_mail(
    company: CompanyId,
    reason: &str,
    database: &Database,
) -> Result<Option<Email>, ComposeError> {
    let mailbox = database.mailbox_of(company).await?;
    let mail = |to: &str, name: &str| events::warning_mail(to, name, reason, Language::default());
    Ok(mailbox.map(|mailbox| mail(&mailbox.email, &mailbox.name)))
}

/// A device of an ended session receives only the message that it has ended, and not if another session
/// uses the device.
const fn may_receive(kind: PushKind, device: &PushDevice) -> bool {
    let registered = !device.fcm.is_empty();
    match kind {
        PushKind::SessionRevoked => registered && !device.used_by_another_session,
        _ => registered && device.active,
    }
}

/// Whether the notification still applies: a driver is not asked for a video that has arrived meanwhile,
/// nor notified of a deleted report.
fn is_current(kind: PushKind, reports: u64, report: Option<&PushReport>) -> bool {
    let awaits_video = |report: &PushReport| {
        ReportStatus::try_from(report.status).is_ok_and(ReportStatus::is_open)
    };
    match kind {
        PushKind::SessionRevoked => true,
        PushKind::Assigned | PushKind::Due if reports > 1 => true,
        PushKind::Assigned | PushKind::Due => report.is_some_and(awaits_video),
        PushKind::Approved | PushKind::Rejected => report.is_some(),
    }
}
