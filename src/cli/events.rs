//! `events`: the outbox for operators.

use anyhow::Context as _;
use clap::Subcommand;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::answer::{Answer, Output};
use crate::config::Settings;
use crate::database::{Database, DatabaseError, EventRow, EventState};
use crate::model::{Clock, EventId};

/// Lists the messages to the report service, to mailboxes and to phones, and sends them again
#[derive(Debug, Clone, Subcommand)]
pub enum Events {
    /// Lists messages, the newest first
    #[command(after_help = "Example:\n  forte-media events list --state dead --json")]
    List {
        /// Only messages in this state
        #[arg(long, value_name = "pending|delivered|dead|dropped", value_parser = state)]
        state: Option<EventState>,
        /// The largest number of messages to list
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
        /// Print one JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Shows one message with its body, as JSON
    #[command(after_help = "Example:\n  forte-media events show \
                            01980c5e-2d1f-7cc0-8a51-3b9f0c6e4d21")]
    Show {
        /// Id of the message: the first column of `events list`, or the header `webhook-id`
        id: EventId,
        /// Print it on one line
        #[arg(long)]
        json: bool,
    },
    /// Sends messages again: the running service delivers them at once, with their old ids and all
    /// retries, so a receiver can drop duplicates
    #[command(after_help = "Example:\n  forte-media events replay \
                            01980c5e-2d1f-7cc0-8a51-3b9f0c6e4d21")]
    Replay {
        /// Ids of the messages
        #[arg(required = true)]
        ids: Vec<EventId>,
    },
}

fn state(word: &str) -> Result<EventState, &'static str> {
    EventState::from_word(word).ok_or("write pending, delivered, dead or dropped")
}

impl Events {
    pub async fn run(self, settings: Settings) -> anyhow::Result<Answer> {
        let database = Database::open_existing(&settings.database).await.context("database.url")?;
        let output = self.output(&database, &Clock::system()).await?;
        database.close().await;
        Ok(output.print()?)
    }

    /// The answer is "no" if the outbox lacks one of the messages.
    pub async fn output(
        &self,
        database: &Database,
        clock: &Clock,
    ) -> Result<Output, DatabaseError> {
        match self {
            Self::List { state, limit, json } => list(database, *state, *limit, *json).await,
            Self::Show { id, json } => show(database, *id, *json).await,
            Self::Replay { ids } => replay(database, clock.now(), ids).await,
        }
    }
}

async fn list(
    database: &Database,
    state: Option<EventState>,
    limit: u32,
    json: bool,
) -> Result<Output, DatabaseError> {
    let events = database.events(state, limit).await?;
    let line = |event| if json { fields(event).to_string() } else { columns(event) };
    let data = events.iter().map(|event| line(event) + "\n").collect();
    let message = format!("{} messages (limit {limit})", events.len());
    Ok(Output { data, ..Output::message(message) })
}

async fn show(database: &Database, id: EventId, json: bool) -> Result<Output, DatabaseError> {
    let Some(event) = database.event(id).await? else {
        return Ok(Output { answer: Answer::No, ..Output::message(unknown(id)) });
    };
    let mut fields = fields(&event);
    // A body that is not JSON is shown as text.
    fields["body"] = serde_json::from_str(&event.body).unwrap_or_else(|_| event.body.into());
    let data = if json { format!("{fields}\n") } else { format!("{fields:#}\n") };
    Ok(Output { data, ..Output::message(String::new()) })
}

async fn replay(
    database: &Database,
    now: Timestamp,
    ids: &[EventId],
) -> Result<Output, DatabaseError> {
    let (mut replayed, mut missing) = (Vec::new(), Vec::new());
    for id in ids {
        if database.replay_event(*id, now).await? {
            replayed.push(format!("{id}\n"));
        } else {
            missing.push(unknown(*id));
        }
    }
    let answer = if missing.is_empty() { Answer::Done } else { Answer::No };
    Ok(Output { data: replayed.concat(), message: missing.join("\n"), answer })
}

fn unknown(id: EventId) -> String {
    format!("{id} is not in the outbox")
}

/// A line for people.
fn columns(event: &EventRow) -> String {
    let EventRow { id, kind, subject, attempts, created_at, last_status, last_error, .. } = event;
    let (state, channel) = (event.state.as_str(), event.channel.as_str());
    let line = format!(
        "{id}  {channel:<7}  {state:<9}  {attempts:>2} tries  {last_status:>3}  {created_at:.0}  {kind}  {subject}  \
         {last_error}"
    );
    line.trim_end().to_owned()
}

/// The JSON object, without the body.
fn fields(event: &EventRow) -> Value {
    let next_attempt = (event.state == EventState::Pending).then_some(event.due_at);
    json!({
        "id": event.id,
        "channel": event.channel,
        "type": event.kind,
        "subject": event.subject,
        "state": event.state,
        "attempts": event.attempts,
        "created_at": event.created_at,
        "due_at": next_attempt,
        "expires_at": event.expires_at,
        "last_status": (event.last_status != 0).then_some(event.last_status),
        "last_error": (!event.last_error.is_empty()).then_some(&event.last_error),
    })
}
