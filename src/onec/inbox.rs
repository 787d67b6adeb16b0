//! What 1C sends in: objects in numbered messages, or one by one.
//!
//! A message is taken whole with its reply, which the same message gets again; items that are wrong
//! are told and the others go in.

use std::sync::Arc;
use std::time::Duration;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::timeout;

use crate::database::{
    Change, ChangeOutcome, ChangeSource, Database, EnqueueContext, InboundMessage, MessageOutcome,
    ObjectKind,
};
use crate::events;
use crate::model::{Clock, Digest, Random, strip_bom};

use super::Config;
use super::envelope::{envelope, object};
use super::error::OnecError;
use super::items::{Kind, change};
use super::reading::Reading;
use super::reply::{ItemError, ItemResult, Reply};

/// How much of a key that is none is repeated in its item's result.
const KEY_SHOWN: usize = 64;

/// Takes what 1C sends. Cheap to clone.
#[derive(Clone)]
pub struct Inbox {
    database: Database,
    clock: Clock,
    random: Random,
    zone: TimeZone,
    config: Config,
    /// Messages go one after another; those that wait hold no connection meanwhile.
    turn: Arc<Semaphore>,
}

/// An item that was read: its key as sent, and what it changes.
type Read = (String, Result<Change, ItemError>);

impl Inbox {
    /// The inbox over these records; `zone` is that of 1C's dates.
    #[must_use]
    pub fn new(
        database: Database,
        clock: Clock,
        random: Random,
        zone: TimeZone,
        config: Config,
    ) -> Self {
        Self { database, clock, random, zone, config, turn: Arc::new(Semaphore::new(1)) }
    }

    /// The limits that a door keeps while it reads.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Takes a message of this node: the JSON of the [`Reply`], the same each time.
    ///
    /// # Errors
    /// When nothing was taken; or when the database fails, and then sending it again settles whether
    /// it was.
    pub async fn take(&self, node: &str, body: &[u8]) -> Result<String, OnecError> {
        let envelope = envelope(body, self.config.max_items)?;
        let number = self.number(node, &envelope.fields)?;
        let items = envelope.items.ok_or_else(|| required("items"))?;
        let (keys, changes) = self.sorted(items);
        let _turn = self.turn().await?;
        let context = EnqueueContext::new(&self.clock, &self.random, events::message);
        let message = InboundMessage {
            source: ChangeSource { node, context },
            number,
            digest: Digest::new(Sha256::digest(strip_bom(body)).into()),
            changes: &changes,
            keep_since: context.now.checked_sub(self.config.keep_replies).unwrap_or(context.now),
        };
        let reply = |outcomes: &[ChangeOutcome]| reply_to(number, keys, outcomes);
        match self.database.receive_message(&message, reply).await? {
            MessageOutcome::Accepted(reply) => Ok(reply),
            MessageOutcome::Differs { received_no } => Err(OnecError::Differs { received_no }),
        }
    }

    /// Takes one object that comes alone, with its key in the address.
    ///
    /// # Errors
    /// When it was not taken.
    pub async fn put(
        &self,
        node: &str,
        what: ObjectKind,
        ref_key: &str,
        body: &[u8],
    ) -> Result<ItemResult, OnecError> {
        let mut fields = object(body)?;
        // The address says which object it is; a body that says otherwise is not guessed about.
        if fields.get("ref_key").is_some_and(|said| !is_key(said, ref_key)) {
            let wrong = ("ref_key", "differs from the one in the address".to_owned());
            return Err(OnecError::Fields(vec![wrong]));
        }
        fields.insert("ref_key".to_owned(), ref_key.into());
        let change = change(Kind::Object(what), &fields, &self.zone);
        let change = change.map_err(OnecError::Fields)?;
        let _turn = self.turn().await?;
        let context = EnqueueContext::new(&self.clock, &self.random, events::message);
        let source = ChangeSource { node, context };
        match self.database.apply_change(&change, source).await? {
            ChangeOutcome::UnknownReference(field) => {
                let wrong = (field, "there is no such object; send it before".to_owned());
                Err(OnecError::Fields(vec![wrong]))
            }
            ChangeOutcome::BiinTaken => Err(OnecError::BiinTaken),
            outcome => Ok(ItemResult::of(ref_key.to_owned(), outcome)),
        }
    }

    /// The number of a message of this node.
    fn number(&self, node: &str, fields: &Map<String, Value>) -> Result<i64, OnecError> {
        let mut reading = Reading::of(fields, &self.zone);
        let named = reading.filled("node", KEY_SHOWN);
        // What 1C has heard of is acknowledged where submissions are; here it may stand.
        reading.number("received_no");
        let number = reading.required_number("message_no");
        let (named, number) = reading.finish(named.zip(number)).map_err(OnecError::Fields)?;
        if named.trim() == node { Ok(number) } else { Err(OnecError::OtherNode) }
    }

    /// Reads every item; the changes of the good ones by themselves.
    fn sorted(&self, items: Vec<Value>) -> (Vec<(String, Option<ItemError>)>, Vec<Change>) {
        let mut keys = Vec::with_capacity(items.len());
        let mut changes = Vec::with_capacity(items.len());
        for item in items {
            let (key, read) = self.read(&item);
            match read {
                Ok(change) => {
                    changes.push(change);
                    keys.push((key, None));
                }
                Err(error) => keys.push((key, Some(error))),
            }
        }
        (keys, changes)
    }

    fn read(&self, item: &Value) -> Read {
        let Value::Object(fields) = item else { return (String::new(), Err(ItemError::Shape)) };
        let shown = |text: &str| text.chars().take(KEY_SHOWN).collect();
        let key = fields.get("ref_key").and_then(Value::as_str).map(shown).unwrap_or_default();
        let kind = fields.get("type").and_then(Value::as_str).and_then(Kind::from_word);
        let Some(kind) = kind else { return (key, Err(ItemError::Type)) };
        (key, change(kind, fields, &self.zone).map_err(ItemError::Fields))
    }

    /// Waits for the messages before.
    async fn turn(&self) -> Result<SemaphorePermit<'_>, OnecError> {
        let patience: Duration = self.config.message_wait.unsigned_abs();
        match timeout(patience, self.turn.acquire()).await {
            Ok(Ok(turn)) => Ok(turn),
            // It is never closed.
            Ok(Err(_)) | Err(_) => Err(OnecError::Busy),
        }
    }
}

fn required(field: &'static str) -> OnecError {
    OnecError::Fields(vec![(field, "is required".to_owned())])
}

/// Whether a body's key is that of the address, in whatever case.
fn is_key(said: &Value, ref_key: &str) -> bool {
    said.as_str().is_some_and(|said| said.trim().eq_ignore_ascii_case(ref_key))
}

fn reply_to(
    accepted_no: i64,
    keys: Vec<(String, Option<ItemError>)>,
    outcomes: &[ChangeOutcome],
) -> String {
    let mut outcomes = outcomes.iter();
    let results = keys.into_iter().map(|(key, error)| match error {
        Some(error) => ItemResult::refused(key, &error),
        None => ItemResult::of(key, outcomes.next().copied().unwrap_or(ChangeOutcome::NotFound)),
    });
    let reply = Reply { accepted_no, results: results.collect() };
    serde_json::json!(reply).to_string()
}
