//! `events`: the outbox for operators.

use std::fmt;
use std::io::{self, Write as _};

use anyhow::Context as _;
use clap::Subcommand;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;

use super::answer::Answer;
use crate::config::Settings;
use crate::database::{Database, DatabaseError, EventRow, EventState};
use crate::model::{Clock, EventId};

/// Shows what is to be told (to the report service, by mail, to phones), and tells it again
#[derive(Debug, Clone, Subcommand)]
pub enum Events {
    /// Lists messages, the newest first
    #[command(after_help = "Example:\n  forte-media events list --state dead --json")]
    List {
        /// Only messages in this state
        #[arg(long, value_name = "pending|delivered|dead|dropped", value_parser = state)]
        state: Option<EventState>,
        /// Most messages to list
        #[arg(long, value_name = "N", default_value_t = 50)]
        limit: u32,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Shows one message with its body, as JSON
    #[command(after_help = "Example:\n  forte-media events show \
                            01980c5e-2d1f-7cc0-8a51-3b9f0c6e4d21")]
    Show {
        /// The message: the first column of `events list`, the header `webhook-id`
        id: EventId,
        /// On one line
        #[arg(long)]
        json: bool,
    },
    /// Makes messages due at once, under their old ids and with all tries before them. The running
    /// service delivers them; a receiver that has taken one knows it by its id
    #[command(after_help = "Example:\n  forte-media events replay \
                            01980c5e-2d1f-7cc0-8a51-3b9f0c6e4d21")]
    Replay {
        /// The messages
        #[arg(required = true)]
        ids: Vec<EventId>,
    },
}

fn state(word: &str) -> Result<EventState, &'static str> {
    EventState::from_word(word).ok_or("write pending, delivered, dead or dropped")
}

/// What the command has to say.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// For standard output.
    pub data: String,
    /// For standard error.
    pub words: String,
    /// Whether every message that was named is there.
    pub found: bool,
}

impl Events {
    /// Does what was asked and says so. The answer is "no" when a named message is not there.
    ///
    /// # Errors
    /// When the database fails, or nobody reads what is said.
    pub async fn run(self, settings: Settings) -> anyhow::Result<Answer> {
        let database = Database::open(&settings.database).await.context("database.url")?;
        let said = self.answer(&database, &Clock::system()).await?;
        database.close().await;
        io::stdout().write_all(said.data.as_bytes())?;
        io::stderr().write_all(said.words.as_bytes())?;
        Ok(if said.found { Answer::Done } else { Answer::No })
    }

    /// Does what was asked.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn answer(&self, database: &Database, clock: &Clock) -> Result<Said, DatabaseError> {
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
) -> Result<Said, DatabaseError> {
    let events = database.events(state, limit).await?;
    let line = |event| if json { Shown::of(event).to_string() } else { columns(event) };
    let data = events.iter().map(|event| line(event) + "\n").collect();
    let words = format!("{} of at most {limit} messages\n", events.len());
    Ok(Said { data, words, found: true })
}

async fn show(database: &Database, id: EventId, json: bool) -> Result<Said, DatabaseError> {
    let Some(event) = database.event(id).await? else {
        return Ok(Said { words: unknown(id), ..Said::default() });
    };
    // A body that is not JSON is shown as the text it is.
    let body = serde_json::from_str(&event.body).unwrap_or_else(|_| event.body.clone().into());
    let shown = Shown { body: Some(body), ..Shown::of(&event) };
    let data = if json { format!("{shown}\n") } else { format!("{shown:#}\n") };
    Ok(Said { data, found: true, ..Said::default() })
}

async fn replay(
    database: &Database,
    now: Timestamp,
    ids: &[EventId],
) -> Result<Said, DatabaseError> {
    let mut said = Said { found: true, ..Said::default() };
    for id in ids {
        if database.replay_event(*id, now).await? {
            said.data += &(id.to_string() + "\n");
        } else {
            said.words.push_str(&unknown(*id));
            said.found = false;
        }
    }
    Ok(said)
}

fn unknown(id: EventId) -> String {
    format!("{id} is not in the outbox\n")
}

/// A message on a line, for people.
fn columns(event: &EventRow) -> String {
    let EventRow { id, kind, subject, attempts, created_at, last_status, last_error, .. } = event;
    let (state, channel) = (event.state.as_str(), event.channel.as_str());
    let line = format!(
        "{id}  {channel:<7}  {state:<9}  {attempts:>2} tries  {last_status:>3}  {created_at:.0}  {kind}  {subject}  \
         {last_error}"
    );
    line.trim_end().to_owned()
}

/// A message as programs read it.
#[derive(Serialize)]
struct Shown<'e> {
    id: EventId,
    channel: &'static str,
    #[serde(rename = "type")]
    kind: &'e str,
    subject: &'e str,
    state: &'static str,
    attempts: u64,
    created_at: Timestamp,
    /// When it is tried next.
    due_at: Option<Timestamp>,
    /// From when on it is of no use.
    expires_at: Option<Timestamp>,
    /// The receiver's last HTTP status.
    last_status: Option<i64>,
    last_error: Option<&'e str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<Value>,
}

impl<'e> Shown<'e> {
    fn of(event: &'e EventRow) -> Self {
        Self {
            id: event.id,
            channel: event.channel.as_str(),
            kind: &event.kind,
            subject: &event.subject,
            state: event.state.as_str(),
            attempts: event.attempts,
            created_at: event.created_at,
            due_at: (event.state == EventState::Pending).then_some(event.due_at),
            expires_at: event.expires_at,
            last_status: (event.last_status != 0).then_some(event.last_status),
            last_error: (!event.last_error.is_empty()).then_some(&event.last_error),
            body: None,
        }
    }
}

/// `{:#}` on several lines.
impl fmt::Display for Shown<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = serde_json::json!(self);
        if out.alternate() { write!(out, "{value:#}") } else { write!(out, "{value}") }
    }
}
