//! Claim, deliver, record.
//!
//! Messages are rows of the database, written in the transaction they tell of. A dispatcher leases
//! what is due, delivers it outside any transaction and records what became of it. If it dies in
//! between, the lease ends and somebody tries again: a receiver hears everything at least once, and
//! knows a repetition by its id (F23, F24). Messages about one report go in order; those about
//! others do not wait for them (F36).
//!
//! Each channel has its own receiver, lease and number of messages under way: a mail server that hangs
//! holds no webhook. Without a receiver nothing is claimed: messages wait in the database until there
//! is one. What has expired is given up untried.

mod composer;
mod config;
mod gauges;
mod ladder;
mod receivers;
mod tries;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::Notify;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use crate::database::{
    Channel, ClaimedMessage, Database, DatabaseError, DeliveryResult, EventState, OutboxDepth,
};
use crate::model::{Clock, Random};
use crate::notify::Delivery;

pub use composer::{ComposeError, Composer, NoComposer};
pub use config::Config;
pub use gauges::Waiting;
pub use ladder::next_try;
pub use receivers::Receivers;

use tries::Tries;

/// The database is not asked more often than this while tries are under way.
const SHORTEST_ROUND: Duration = Duration::from_millis(1);

/// The dispatcher. There may be any number of them on one database.
pub struct Outbox {
    database: Database,
    clock: Clock,
    random: Random,
    config: Config,
    receivers: Receivers,
    wakeup: Arc<Notify>,
}

impl Outbox {
    /// A dispatcher to these receivers; for a channel without one it only counts what waits.
    #[must_use]
    pub fn new(
        database: Database,
        clock: Clock,
        random: Random,
        config: Config,
        receivers: Receivers,
    ) -> Self {
        Self { database, clock, random, config, receivers, wakeup: Arc::new(Notify::new()) }
    }

    /// Whoever has committed a message rings (`notify_one`), and it is looked for at once.
    #[must_use]
    pub fn wakeup(&self) -> Arc<Notify> {
        Arc::clone(&self.wakeup)
    }

    /// Delivers until `shutdown`; what is under way then is still brought to its end, which takes
    /// the receiver's time-out at most.
    pub async fn run(&self, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            if let Err(error) = self.round(shutdown).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "the outbox cannot go on");
            }
            tokio::select! {
                () = self.wakeup.notified() => {}
                () = tokio::time::sleep(self.config.poll_every.unsigned_abs()) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    async fn round(&self, shutdown: &CancellationToken) -> Result<(), DatabaseError> {
        self.deliver_until(shutdown).await?;
        self.gauge().await
    }

    /// Delivers everything that is due, and returns how many tries that took.
    ///
    /// # Errors
    /// When the database fails; what was under way has come to its end.
    pub async fn deliver_due(&self) -> Result<usize, DatabaseError> {
        self.deliver_until(&CancellationToken::new()).await
    }

    async fn deliver_until(&self, shutdown: &CancellationToken) -> Result<usize, DatabaseError> {
        self.fail_expired_messages().await?;
        let mut tries = Tries::new();
        let mut rounds = self.rounds();
        let mut asked: Vec<Channel> = self.receivers.channels().collect();
        loop {
            for channel in asked {
                let free = if shutdown.is_cancelled() { 0 } else { self.free(&tries, channel) };
                match self.claim(channel, free).await {
                    Ok(claimed) => tries.begin(channel, claimed, |one| self.attempt(one)),
                    Err(error) => {
                        tries.end_all().await;
                        return Err(error);
                    }
                }
            }
            // A slow receiver holds its own message only: whoever ends makes room for the next.
            asked = tokio::select! {
                ended = tries.next() => match ended {
                    Some(channel) => vec![channel],
                    None => return Ok(tries.begun),
                },
                () = self.wakeup.notified() => self.receivers.channels().collect(),
                // Nor does it hold what is done now and then, or what is due again on other channels.
                _ = rounds.tick() => {
                    self.look_around().await;
                    self.receivers.channels().collect()
                }
            };
        }
    }

    /// The rounds that are due while tries are under way, however often one of them ends.
    fn rounds(&self) -> Interval {
        // A period of nothing is no period.
        let period = self.config.poll_every.unsigned_abs().max(SHORTEST_ROUND);
        let mut rounds = interval_at(Instant::now() + period, period);
        rounds.set_missed_tick_behavior(MissedTickBehavior::Delay);
        rounds
    }

    /// Buries and counts while tries are under way; what fails is done in the next round.
    async fn look_around(&self) {
        let looked = async {
            self.fail_expired_messages().await?;
            self.gauge().await
        };
        if let Err(error) = looked.await {
            tracing::warn!(error = &error as &dyn std::error::Error, "the outbox is not looked at");
        }
    }

    async fn gauge(&self) -> Result<(), DatabaseError> {
        self.waiting().await?.into_iter().for_each(Waiting::gauge);
        Ok(())
    }

    async fn fail_expired_messages(&self) -> Result<(), DatabaseError> {
        for channel in self.receivers.channels() {
            let expired = self.database.fail_expired_messages(channel, self.clock.now()).await?;
            gauges::count_expired(channel, expired);
        }
        Ok(())
    }

    /// How many more messages of a channel may be under way.
    fn free(&self, tries: &Tries<impl Future<Output = Channel>>, channel: Channel) -> usize {
        self.config.concurrency.saturating_sub(tries.under_way(channel))
    }

    async fn claim(
        &self,
        channel: Channel,
        free: usize,
    ) -> Result<Vec<ClaimedMessage>, DatabaseError> {
        let Ok(limit @ 1..) = u32::try_from(free) else { return Ok(Vec::new()) };
        let Some(timeout) = self.receivers.timeout(channel) else { return Ok(Vec::new()) };
        let now = self.clock.now();
        let until = now.checked_add(timeout + self.config.record_within).unwrap_or(Timestamp::MAX);
        self.database.claim_events(channel, now, until, limit).await
    }

    /// Tries one message and records what became of it.
    async fn attempt(&self, claimed: ClaimedMessage) -> Channel {
        let delivery = self.receivers.deliver(&claimed, &self.database).await;
        let settled = self.settled(&claimed, delivery);
        gauges::count_try(claimed.channel, &settled);
        match self.database.record_delivery(&settled).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!(id = %claimed.id, "a try outlived its lease"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(id = %claimed.id, error, "a try is not recorded and will be repeated");
            }
        }
        claimed.channel
    }

    /// What a delivery means to its message.
    fn settled(&self, claimed: &ClaimedMessage, delivery: Delivery) -> DeliveryResult {
        let now = self.clock.now();
        let (state, due_at, status, error) = match delivery {
            Delivery::Delivered { status } => (EventState::Delivered, now, status, String::new()),
            Delivery::NoRecipient { status, reason } => (EventState::Dropped, now, status, reason),
            Delivery::Rejected { status, reason } => (EventState::Dead, now, status, reason),
            Delivery::Retry { after, status, reason } => {
                let next = self.next_try(claimed, now, after);
                let state = next.map_or(EventState::Dead, |_| EventState::Pending);
                (state, next.unwrap_or(now), status.unwrap_or(0), reason)
            }
        };
        let (id, leased_until) = (claimed.id, claimed.leased_until);
        DeliveryResult { id, leased_until, state, due_at, status, error, now }
    }

    fn next_try(
        &self,
        claimed: &ClaimedMessage,
        now: Timestamp,
        after: Option<SignedDuration>,
    ) -> Option<Timestamp> {
        let failed = claimed.attempts + 1;
        next_try(claimed.channel, failed, now, after, self.random.fraction())
    }

    /// What waits, for operators.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn waiting(&self) -> Result<Vec<Waiting>, DatabaseError> {
        let now = self.clock.now();
        let waiting = |depth: OutboxDepth| Waiting {
            channel: depth.channel,
            messages: depth.pending,
            oldest: depth.oldest.map(|oldest| now.duration_since(oldest)),
            dead: depth.dead,
        };
        Ok(self.database.outbox_depth().await?.into_iter().map(waiting).collect())
    }
}
