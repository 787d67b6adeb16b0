//! Everything that the page of a report shows.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use crate::database::{
    ConsoleDecision, Database, DatabaseError, EarlierReport, LogEntry as StoredEntry, QueueRow,
    ReviewedSubmission,
};
use crate::model::{Instruction, PersonId, RefKey, Rejection};

use super::service::{Review, ReviewError, Reviewer};

/// A report as a reviewer sees it.
#[derive(Debug, Clone)]
pub struct ReviewedReport {
    pub row: QueueRow,
    /// The first day.
    pub starts_at: Option<Timestamp>,
    /// The deadline as 1C sent it.
    pub finishes_at: Option<Timestamp>,
    /// The reason of the last rejection, in Russian.
    pub reject_reason: String,
    /// What it was composed from, if it was.
    pub rejection: Option<Rejection>,
    pub decided_at: Option<Timestamp>,
    /// Such as `person:153` or `node:main`.
    pub decided_by: String,
    /// Empty unless a person has decided.
    pub decider_name: String,
    /// What to film, in order.
    pub instructions: Vec<Instruction>,
    pub submission: Option<ReviewedSubmission>,
    /// Of the same vehicle, latest first.
    pub earlier: Vec<EarlierReport>,
    /// The custody of the video, latest first.
    pub log: Vec<LogEntry>,
    /// A decision that waits to take effect.
    pub pending: Option<ConsoleDecision>,
}

/// An entry of a video's custody.
#[derive(Debug, Clone)]
pub struct LogEntry {
    pub at: Timestamp,
    /// Such as `person:153`.
    pub actor: String,
    /// The actor's name; empty unless the actor is a person.
    pub name: String,
    /// Such as `linked` or `claimed`.
    pub action: String,
    pub detail: String,
    /// How often; 0: not counted.
    pub views: u64,
    pub last_at: Option<Timestamp>,
}

impl Review {
    /// A report with everything that its page shows. Reading it claims nothing.
    pub async fn report(
        &self,
        reviewer: &Reviewer,
        ref_key: RefKey,
    ) -> Result<ReviewedReport, ReviewError> {
        let now = self.clock.now();
        let found = self.database.reviewed_report(reviewer.scope, ref_key, now).await?;
        let found = found.ok_or(ReviewError::NotFound)?;
        let submission = self.database.reviewed_submission(ref_key).await?;
        let earlier = self.database.earlier_reports(&found.row).await?;
        let entries = match &submission {
            Some(submission) => self.database.custody_log(submission.stored.video).await?,
            None => Vec::new(),
        };
        let actors = entries.iter().map(|entry| &entry.actor).chain([&found.decided_by]);
        let people: BTreeSet<PersonId> = actors.filter_map(|actor| person_of(actor)).collect();
        let names = self.database.names_of(&people).await?;
        let pending = self.database.pending_decision(ref_key).await?;
        Ok(ReviewedReport {
            row: found.row,
            starts_at: found.starts_at,
            finishes_at: found.finishes_at,
            reject_reason: found.reject_reason,
            rejection: found.rejection,
            decided_at: found.decided_at,
            decider_name: named(&found.decided_by, &names),
            decided_by: found.decided_by,
            instructions: found.instructions,
            submission,
            earlier,
            log: entries.into_iter().map(|entry| LogEntry::of(entry, &names)).collect(),
            pending,
        })
    }
}

impl LogEntry {
    fn of(stored: StoredEntry, names: &BTreeMap<PersonId, String>) -> Self {
        let name = named(&stored.actor, names);
        let StoredEntry { at, actor, action, detail, views, last_at } = stored;
        Self { at, actor, name, action, detail, views, last_at }
    }
}

/// The name of an actor; empty unless it is a person.
pub(super) async fn name_of(database: &Database, actor: &str) -> Result<String, DatabaseError> {
    let people = person_of(actor).into_iter().collect();
    Ok(named(actor, &database.names_of(&people).await?))
}

fn person_of(actor: &str) -> Option<PersonId> {
    actor.strip_prefix("person:")?.parse().ok().map(PersonId)
}

fn named(actor: &str, names: &BTreeMap<PersonId, String>) -> String {
    person_of(actor).and_then(|person| names.get(&person)).cloned().unwrap_or_default()
}
