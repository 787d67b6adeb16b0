//! Setup of the tests of the outbox.

use std::sync::Arc;

use forte_media::database::{EventRow, EventState, OutboxDepth};
use forte_media::model::{Channel, EventId, Random};
use forte_media::notify::{self, Webhook};
use forte_media::outbox::{self, Composer, Outbox, Receivers};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::harness::db::Db;
use crate::harness::fixture::Fixture;
use crate::harness::receiver::{Receiver, SECRET};

/// A dispatcher, its receiver and a fixture.
pub(super) struct Scene {
    pub(super) fixture: Fixture,
    pub(super) receiver: Receiver,
    pub(super) outbox: Outbox,
}

impl Scene {
    pub(super) async fn set(db: &Db) -> Self {
        let fixture = Fixture::create(&db.database).await;
        let receiver = Receiver::start(&fixture.clock).await;
        let outbox = dispatcher(&fixture, Some(&receiver.url()), &["127.0.0.0/8", "::1"]);
        Self { fixture, receiver, outbox }
    }

    /// Another dispatcher on the same database.
    pub(super) fn another(&self) -> Outbox {
        dispatcher(&self.fixture, Some(&self.receiver.url()), &["127.0.0.0/8"])
    }

    /// A dispatcher with a short timeout.
    pub(super) fn impatient(&self) -> Outbox {
        dispatcher_waiting(&self.fixture, Some(&self.receiver.url()), &["127.0.0.0/8"], "500ms")
    }

    pub(super) async fn event(&self, id: EventId) -> EventRow {
        self.fixture.database.event(id).await.unwrap().unwrap()
    }

    pub(super) async fn state(&self, id: EventId) -> EventState {
        self.event(id).await.state
    }

    /// Sets the clock to when a message is due.
    pub(super) async fn wait_for(&self, id: EventId) {
        self.fixture.manual_clock.set(self.event(id).await.due_at);
    }

    /// The queue for the report service.
    pub(super) async fn depth(&self) -> OutboxDepth {
        self.fixture.database.outbox_depth().await.unwrap()[0]
    }

    /// Delivers what is due, and returns the number of attempts.
    pub(super) async fn attempts(&self) -> usize {
        self.outbox.deliver_due().await.unwrap()
    }
}

pub(super) fn depth(pending: u64, oldest: Option<Timestamp>, dead: u64) -> OutboxDepth {
    OutboxDepth { channel: Channel::Webhook, pending, oldest, dead }
}

pub(super) fn dispatcher(fixture: &Fixture, url: Option<&str>, allow: &[&str]) -> Outbox {
    dispatcher_waiting(fixture, url, allow, "20s")
}

fn dispatcher_waiting(
    fixture: &Fixture,
    url: Option<&str>,
    allow: &[&str],
    timeout: &str,
) -> Outbox {
    // Longer than any test: every wakeup is a notification.
    dispatcher_polling(fixture, url, allow, timeout, SignedDuration::from_hours(1))
}

pub(super) fn dispatcher_polling(
    fixture: &Fixture,
    url: Option<&str>,
    allow: &[&str],
    timeout: &str,
    poll_every: SignedDuration,
) -> Outbox {
    let config: notify::Config = serde_json::from_value(json!({
        "allow_networks": allow,
        "webhook": { "url": url, "secret": SECRET, "timeout": timeout, "max_answer": 100 },
        "fcm": { "endpoint": "https://fcm.googleapis.com", "timeout": "10s" },
    }))
    .unwrap();
    let webhook = Webhook::from_config(&config, fixture.clock.clone()).unwrap();
    let config = outbox::Config {
        concurrency: 4,
        poll_every,
        record_within: SignedDuration::from_secs(30),
        keep_delivered: SignedDuration::from_hours(720),
        keep_dead: SignedDuration::from_hours(4320),
    };
    let (database, clock) = (fixture.database.clone(), fixture.clock.clone());
    let receivers = Receivers { webhook, ..Receivers::default() };
    let composer = Composer {
        zone: TimeZone::UTC,
        code_of: Arc::new(|_| String::new()),
        link_of: Arc::new(|_| None),
    };
    Outbox::new(database, clock, Random::seeded(7), config, receivers, composer)
}
