//! Letters and notes, composed at the moment they are delivered: from what is in the database then.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Deserialize;

use super::html;
use super::words::{self, CodeWords, Lines, NoteWords};
use crate::auth::Auth;
use crate::database::{ChallengeRow, Database, DatabaseError, PushDevice, PushKind, PushReport};
use crate::model::{
    ChallengeId, Clock, CompanyId, Email, NEVER_DUE, PushNotification, RefKey, ReportStatus,
    SessionId,
};

/// Longest name, telephone or device that is repeated in a letter: whoever asks for a code chooses
/// them.
const LONGEST_TOLD: usize = 64;

/// Why a message cannot be composed.
#[derive(Debug, thiserror::Error)]
pub enum LetterError {
    /// The database fails.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The row is none of ours. What it holds is not repeated.
    #[error("the message's body cannot be read")]
    Shape,
}

/// Composes letters and notes.
#[derive(Clone)]
pub struct Letters {
    database: Database,
    auth: Auth,
    clock: Clock,
    zone: TimeZone,
}

#[derive(Deserialize)]
struct OfCode {
    challenge_id: ChallengeId,
}

#[derive(Deserialize)]
struct OfWarning {
    company_id: i64,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
struct OfPush {
    session_id: SessionId,
    #[serde(default)]
    report_ref_key: Option<String>,
    #[serde(default)]
    reports: u64,
    #[serde(default)]
    reason: String,
}

impl Letters {
    /// Letters with times as clocks in `zone` show them.
    #[must_use]
    pub const fn new(database: Database, auth: Auth, clock: Clock, zone: TimeZone) -> Self {
        Self { database, auth, clock, zone }
    }

    /// The letter of a message; none when there is nobody to tell any more.
    ///
    /// # Errors
    /// When the database fails or the message cannot be read.
    pub async fn letter(&self, kind: &str, body: &str) -> Result<Option<Email>, LetterError> {
        match kind {
            "mail.code" => self.code(read::<OfCode>(body)?.challenge_id).await,
            "mail.warning" => self.warning(&read(body)?).await,
            // A BIN nobody has: the same work, no letter (S1).
            _ => Ok(None),
        }
    }

    /// The note of a message; none when there is nobody to tell any more.
    ///
    /// # Errors
    /// When the database fails or the message cannot be read.
    pub async fn note(
        &self,
        kind: &str,
        body: &str,
    ) -> Result<Option<PushNotification>, LetterError> {
        let Some(kind) = PushKind::from_word(kind) else { return Ok(None) };
        let told: OfPush = read(body)?;
        let database = &self.database;
        let Some(device) = database.device(told.session_id).await? else { return Ok(None) };
        if !hears(kind, &device) {
            return Ok(None);
        }
        let ref_key = told.report_ref_key.as_deref().and_then(|key| key.parse::<RefKey>().ok());
        let report = match ref_key {
            Some(ref_key) => database.push_report(ref_key).await?,
            None => None,
        };
        if !still_true(kind, told.reports, report.as_ref()) {
            return Ok(None);
        }
        Ok(Some(self.composed(kind, &told, device, ref_key, report.as_ref())))
    }

    async fn code(&self, id: ChallengeId) -> Result<Option<Email>, LetterError> {
        let Some(challenge) = self.database.challenge(id).await? else { return Ok(None) };
        let now = self.clock.now();
        let useless = !challenge.open || challenge.expires_at <= now;
        if useless || challenge.email.is_empty() {
            return Ok(None);
        }
        let lines = self.code_lines(&challenge, now);
        Ok(Some(letter(challenge.email, words::CODE_SUBJECT, &lines)))
    }

    fn code_lines(&self, challenge: &ChallengeRow, now: Timestamp) -> Lines {
        let left = challenge.expires_at.duration_since(now).as_secs();
        let until =
            challenge.expires_at.to_zoned_datetime(self.zone.clone()).strftime("%H:%M").to_string();
        words::code(&CodeWords {
            company: &one_line(&challenge.company_name),
            code: &self.auth.code_of(challenge.id),
            // A letter that comes late does not promise what is over.
            minutes: left.saturating_add(59) / 60,
            until: &until,
            role: challenge.role,
            first_name: &one_line(&challenge.first_name),
            mobile: &one_line(&challenge.mobile),
            device: &one_line(&challenge.uuid),
        })
    }

    async fn warning(&self, told: &OfWarning) -> Result<Option<Email>, LetterError> {
        let company = CompanyId(told.company_id);
        let Some(mailbox) = self.database.mailbox_of(company).await? else {
            return Ok(None);
        };
        let lines = words::warning(&one_line(&mailbox.name), &told.reason);
        Ok(Some(letter(mailbox.email, words::WARNING_SUBJECT, &lines)))
    }

    fn composed(
        &self,
        kind: PushKind,
        told: &OfPush,
        device: PushDevice,
        ref_key: Option<RefKey>,
        report: Option<&PushReport>,
    ) -> PushNotification {
        let due = report.map(|report| self.day(report.due_at)).unwrap_or_default();
        let (title, body) = words::note(&NoteWords {
            kind,
            reports: told.reports,
            report_number: &report
                .map(|report| one_line(&report.report_number))
                .unwrap_or_default(),
            plate: &report.map(|report| one_line(&report.plate_number)).unwrap_or_default(),
            due: &due,
            reason: &plain(&told.reason),
        });
        let word = kind.as_str().trim_start_matches("push.");
        let mut data = BTreeMap::from([("type", word.to_owned())]);
        if let Some(ref_key) = ref_key {
            data.insert("report_ref_key", ref_key.to_string());
            data.insert("reports", told.reports.max(1).to_string());
        }
        if !told.reason.is_empty() {
            data.insert("reason", plain(&told.reason));
        }
        PushNotification { token: device.fcm, title, body, data }
    }

    /// The last day before a moment, as people write it: the end of a day belongs to that day (Q12).
    fn day(&self, due_at: Timestamp) -> String {
        if due_at >= NEVER_DUE {
            return String::new();
        }
        let last = due_at.checked_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(due_at);
        last.to_zoned_datetime(self.zone.clone()).strftime("%d.%m.%Y").to_string()
    }
}

/// A living session hears everything; one that has ended only that it has, and not if somebody has
/// signed in on the device again.
const fn hears(kind: PushKind, device: &PushDevice) -> bool {
    let there = !device.fcm.is_empty();
    match kind {
        PushKind::SessionRevoked => there && !device.used_by_another_session,
        _ => there && device.active,
    }
}

/// Nobody is asked for a video that has come meanwhile, or for a report that is gone.
fn still_true(kind: PushKind, reports: u64, report: Option<&PushReport>) -> bool {
    match kind {
        PushKind::SessionRevoked => true,
        PushKind::Assigned | PushKind::Due if reports > 1 => true,
        PushKind::Assigned | PushKind::Due => report.is_some_and(|report| is_open(report.status)),
        PushKind::Approved | PushKind::Rejected => report.is_some(),
    }
}

fn is_open(code: i64) -> bool {
    ReportStatus::try_from(code).is_ok_and(ReportStatus::is_open)
}

fn read<'b, T: Deserialize<'b>>(body: &'b str) -> Result<T, LetterError> {
    serde_json::from_str(body).map_err(|_| LetterError::Shape)
}

fn letter(to: String, subject: &str, lines: &Lines) -> Email {
    Email { to, subject: subject.to_owned(), text: html::as_text(lines), html: html::page(lines) }
}

/// What a stranger has chosen, as one short line.
fn one_line(text: &str) -> String {
    plain(text).chars().take(LONGEST_TOLD).collect()
}

/// What others have written, as one line that is read as it stands: signs that nobody sees, or that
/// turn the order of what follows, could make it say something else.
fn plain(text: &str) -> String {
    let shown: String = text.chars().filter(|sign| !is_unseen(*sign)).collect();
    let blank = shown.replace(char::is_control, " ");
    blank.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Signs of direction and of format.
const fn is_unseen(sign: char) -> bool {
    matches!(
        sign,
        '\u{ad}'
            | '\u{61c}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signs_that_nobody_sees_are_left_out() {
        assert_eq!(one_line("Ив\u{200b}ан\u{202e} \r\n\u{2066}X\u{2069}\u{feff}"), "Иван X");
        assert_eq!(one_line(&"я".repeat(100)).chars().count(), LONGEST_TOLD);
        assert_eq!(plain("Темно.\n\u{200f}Ещё раз"), "Темно. Ещё раз");
        assert_eq!(plain("Ы".repeat(100).as_str()).chars().count(), 100);
    }
}
