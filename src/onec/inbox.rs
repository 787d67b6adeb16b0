//! Messages and single objects from 1C.
//!
//! A message is stored in one transaction with its reply, and the same message gets the same reply again.
//! Invalid items are reported in the reply; the others are stored.

use std::sync::Arc;

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
use crate::leasing::FilmLinks;
use crate::model::{Clock, Digest, Random, RefKey, strip_bom};

use super::Config;
use super::envelope::{Item, envelope, object};
use super::error::OnecError;
use super::field_reader::FieldReader;
use super::items::{Kind, change};
use super::reply::{ItemError, ItemResult, Reply, UNKNOWN_REFERENCE};

/// How much of an item's key is repeated in its result, in characters.
const MAX_KEY: usize = 64;

/// Cheap to clone.
#[derive(Clone)]
pub struct Inbox {
    database: Database,
    clock: Clock,
    random: Random,
    zone: TimeZone,
    pub config: Config,
    film_links: Option<FilmLinks>,
    /// Messages are stored one after another; a waiting one holds no database connection.
    message_lock: Arc<Semaphore>,
}

/// The keys of the items, each with the error of an item that cannot be read.
type ItemKeys = Vec<(String, Option<ItemError>)>;

impl Inbox {
    /// `zone` is the zone of 1C's dates.
    pub fn new(
        database: Database,
        clock: Clock,
        random: Random,
        zone: TimeZone,
        config: Config,
    ) -> Self {
        let message_lock = Arc::new(Semaphore::new(1));
        Self { database, clock, random, zone, config, film_links: None, message_lock }
    }

    /// Enables film links in replies.
    #[must_use]
    pub fn with_film_links(self, film_links: FilmLinks) -> Self {
        Self { film_links: Some(film_links), ..self }
    }

    /// Stores a message of this node. Returns the JSON of the [`Reply`]. After a failure of the database
    /// the message may be stored or not; sending it again gives its reply in both cases.
    pub async fn receive(&self, node: &str, body: &[u8]) -> Result<String, OnecError> {
        let envelope = envelope(body, self.config.max_items)?;
        let number = self.message_number(node, &envelope.fields)?;
        let items = envelope.items.ok_or_else(|| OnecError::field("items", "is required"))?;
        let (keys, changes) = self.read_items(items);
        let wanted = wanted_links(&changes);
        let lock = self.lock().await?;
        let context = self.enqueue_context();
        let message = InboundMessage {
            source: ChangeSource { node, context },
            number,
            digest: Digest::new(Sha256::digest(strip_bom(body)).into()),
            changes: &changes,
            keep_since: context.now.checked_sub(self.config.keep_replies).unwrap_or(context.now),
        };
        let reply = |outcomes: &[ChangeOutcome]| reply(number, keys, outcomes);
        let outcome = self.database.receive_message(&message, reply).await?;
        drop(lock);
        match outcome {
            MessageOutcome::Accepted(reply) => Ok(self.add_links(node, reply, &wanted).await?),
            MessageOutcome::Differs { received_no } => Err(OnecError::Differs { received_no }),
        }
    }

    /// Stores a single object, whose key is in the path of the request.
    pub async fn put(
        &self,
        node: &str,
        kind: ObjectKind,
        ref_key: &str,
        body: &[u8],
    ) -> Result<ItemResult, OnecError> {
        let mut fields = object(body)?;
        let is_key = |value: &Value| {
            value.as_str().is_some_and(|text| text.trim().eq_ignore_ascii_case(ref_key))
        };
        if fields.get("ref_key").is_some_and(|value| !is_key(value)) {
            return Err(OnecError::field("ref_key", "differs from the one in the path"));
        }
        fields.insert("ref_key".to_owned(), ref_key.into());
        let change = change(Kind::Object(kind), &fields, &self.zone).map_err(OnecError::Fields)?;
        let _lock = self.lock().await?;
        let source = ChangeSource { node, context: self.enqueue_context() };
        match self.database.apply_change(&change, source).await? {
            ChangeOutcome::UnknownReference(field) => {
                Err(OnecError::field(field, UNKNOWN_REFERENCE))
            }
            ChangeOutcome::BiinTaken => Err(OnecError::BiinTaken),
            outcome => {
                let film_link = match wanted_links(std::slice::from_ref(&change)).first() {
                    Some(report) => self.film_link(node, *report).await?,
                    None => None,
                };
                Ok(ItemResult { film_link, ..ItemResult::new(ref_key.to_owned(), outcome) })
            }
        }
    }

    /// Adds the requested film links to a reply. The stored reply does not contain them, because they are
    /// credentials.
    async fn add_links(
        &self,
        node: &str,
        reply: String,
        wanted: &[RefKey],
    ) -> Result<String, OnecError> {
        if wanted.is_empty() {
            return Ok(reply);
        }
        // `reply` has written this JSON, so parsing it does not fail.
        let Ok(mut reply) = serde_json::from_str::<Value>(&reply) else { return Ok(reply) };
        for result in reply["results"].as_array_mut().into_iter().flatten() {
            let report: Option<RefKey> =
                result["ref_key"].as_str().and_then(|key| key.parse().ok());
            let report = report.filter(|report| wanted.contains(report));
            if let Some(report) = report.filter(|_| result["ok"] == true)
                && let Some(address) = self.film_link(node, report).await?
            {
                result["film_link"] = address.into();
            }
        }
        Ok(reply.to_string())
    }

    async fn film_link(&self, node: &str, report: RefKey) -> Result<Option<String>, OnecError> {
        match &self.film_links {
            Some(links) => Ok(links.address_for_node(node, report).await?),
            None => Ok(None),
        }
    }

    fn message_number(&self, node: &str, fields: &Map<String, Value>) -> Result<i64, OnecError> {
        let mut reader = FieldReader::new(fields, &self.zone);
        let name = reader.required_text("node", MAX_KEY);
        // Allowed but not used: submissions are acknowledged by a request of their own.
        reader.number("received_no");
        let number = reader.required_number("message_no");
        let (name, number) = reader.finish(name.zip(number)).map_err(OnecError::Fields)?;
        if name.trim() == node { Ok(number) } else { Err(OnecError::OtherNode) }
    }

    /// Returns the keys of all items, and the changes of those that can be read.
    fn read_items(&self, items: Vec<Item>) -> (ItemKeys, Vec<Change>) {
        let mut keys = Vec::with_capacity(items.len());
        let mut changes = Vec::with_capacity(items.len());
        for item in items {
            let (key, change) = match item {
                Item::Parsed(item) => {
                    let key = item.get("ref_key").and_then(Value::as_str).unwrap_or_default();
                    (key.to_owned(), self.read_item(&item))
                }
                Item::Damaged { ref_key, why } => (ref_key, Err(ItemError::Damaged(why))),
            };
            let key = key.chars().take(MAX_KEY).collect();
            match change {
                Ok(change) => {
                    changes.push(change);
                    keys.push((key, None));
                }
                Err(error) => keys.push((key, Some(error))),
            }
        }
        (keys, changes)
    }

    fn read_item(&self, item: &Value) -> Result<Change, ItemError> {
        let fields = item.as_object().ok_or(ItemError::NotAnObject)?;
        let kind = fields.get("type").and_then(Value::as_str).and_then(Kind::from_name);
        let kind = kind.ok_or(ItemError::UnknownType)?;
        change(kind, fields, &self.zone).map_err(ItemError::Fields)
    }

    async fn lock(&self) -> Result<SemaphorePermit<'_>, OnecError> {
        let time_limit = self.config.message_wait.unsigned_abs();
        match timeout(time_limit, self.message_lock.acquire()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) | Err(_) => Err(OnecError::Busy),
        }
    }

    fn enqueue_context(&self) -> EnqueueContext<'_> {
        EnqueueContext::new(&self.clock, &self.random, events::message)
    }
}

/// The reports for which 1C has requested a film link.
fn wanted_links(changes: &[Change]) -> Vec<RefKey> {
    let report = |change: &Change| match change {
        Change::Report(report) if report.film_link => Some(report.ref_key),
        _ => None,
    };
    changes.iter().filter_map(report).collect()
}

fn reply(accepted_no: i64, keys: ItemKeys, outcomes: &[ChangeOutcome]) -> String {
    let mut outcomes = outcomes.iter();
    let results = keys.into_iter().map(|(key, error)| match error {
        Some(error) => ItemResult::refused(key, &error),
        None => ItemResult::new(key, outcomes.next().copied().unwrap_or(ChangeOutcome::NotFound)),
    });
    let reply = Reply { accepted_no, results: results.collect() };
    serde_json::json!(reply).to_string()
}
