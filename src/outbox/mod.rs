//! Claim, deliver, record.
//!
//! Messages are rows of the ledger, written in the transaction they tell of. A dispatcher leases
//! what is due, delivers it outside any transaction and records what became of it. If it dies in
//! between, the lease ends and somebody tries again: a receiver hears everything at least once, and
//! knows a repetition by its id (F23, F24). Messages about one report go in order; those about
//! others do not wait for them (F36).
//!
//! Without a receiver nothing is claimed: messages wait in the ledger until there is one.

mod config;
mod gauges;
mod ladder;

use std::sync::Arc;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::ledger::{Claimed, EventState, Ledger, LedgerError, Settled};
use crate::model::{Clock, Random};
use crate::notify::{Delivery, Message, Webhook};

pub use config::Config;
pub use gauges::Waiting;
pub use ladder::next_try;

/// The dispatcher. There may be any number of them on one ledger.
pub struct Outbox {
    ledger: Ledger,
    clock: Clock,
    random: Random,
    config: Config,
    webhook: Option<Webhook>,
    bell: Arc<Notify>,
}

impl Outbox {
    /// A dispatcher to `webhook`; without one it only counts what waits.
    #[must_use]
    pub fn new(
        ledger: Ledger,
        clock: Clock,
        random: Random,
        config: Config,
        webhook: Option<Webhook>,
    ) -> Self {
        Self { ledger, clock, random, config, webhook, bell: Arc::new(Notify::new()) }
    }

    /// Whoever has committed a message rings (`notify_one`), and it is looked for at once.
    #[must_use]
    pub fn bell(&self) -> Arc<Notify> {
        Arc::clone(&self.bell)
    }

    /// Delivers until `shutdown`; what is under way then is still brought to its end, which takes
    /// the receiver's time-out at most.
    pub async fn run(&self, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            if let Err(error) = self.round(shutdown).await {
                tracing::warn!(error = &error as &dyn std::error::Error, "the outbox cannot go on");
            }
            tokio::select! {
                () = self.bell.notified() => {}
                () = tokio::time::sleep(self.config.poll_every.unsigned_abs()) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    async fn round(&self, shutdown: &CancellationToken) -> Result<(), LedgerError> {
        self.deliver_until(shutdown).await?;
        self.waiting().await?.gauge();
        Ok(())
    }

    /// Delivers everything that is due, and returns how many tries that took.
    ///
    /// # Errors
    /// When the ledger fails; what was under way has come to its end.
    pub async fn deliver_due(&self) -> Result<usize, LedgerError> {
        self.deliver_until(&CancellationToken::new()).await
    }

    async fn deliver_until(&self, shutdown: &CancellationToken) -> Result<usize, LedgerError> {
        let Some(webhook) = &self.webhook else { return Ok(0) };
        let mut under_way = FuturesUnordered::new();
        let mut tries = 0;
        loop {
            let stopping = shutdown.is_cancelled();
            let free = if stopping { 0 } else { self.config.concurrency - under_way.len() };
            match self.claim(webhook, free).await {
                Ok(claimed) => {
                    tries += claimed.len();
                    under_way.extend(claimed.into_iter().map(|one| self.attempt(webhook, one)));
                }
                Err(error) => {
                    let () = under_way.collect().await;
                    return Err(error);
                }
            }
            // A slow receiver holds its own message only: whoever ends makes room for the next.
            tokio::select! {
                ended = under_way.next() => if ended.is_none() { return Ok(tries) },
                () = self.bell.notified() => {}
            }
        }
    }

    async fn claim(&self, webhook: &Webhook, free: usize) -> Result<Vec<Claimed>, LedgerError> {
        let Ok(limit @ 1..) = u32::try_from(free) else { return Ok(Vec::new()) };
        let now = self.clock.now();
        let lease = webhook.timeout() + self.config.settle_within;
        let until = now.checked_add(lease).unwrap_or(Timestamp::MAX);
        self.ledger.claim_events(now, until, limit).await
    }

    async fn attempt(&self, webhook: &Webhook, claimed: Claimed) {
        let message = Message { id: claimed.id, body: &claimed.body };
        let delivery = webhook.deliver(&message).await;
        let settled = self.settled(&claimed, delivery);
        gauges::count_try(&settled);
        match self.ledger.settle_event(&settled).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!(id = %claimed.id, "a try outlived its lease"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(id = %claimed.id, error, "a try is not recorded and will be repeated");
            }
        }
    }

    /// What a delivery means to its message.
    fn settled(&self, claimed: &Claimed, delivery: Delivery) -> Settled {
        let now = self.clock.now();
        let (state, due_at, status, error) = match delivery {
            Delivery::Delivered { status } => (EventState::Delivered, now, status, String::new()),
            Delivery::Never { status, reason } => (EventState::Dead, now, status, reason),
            Delivery::Later { after, status, reason } => {
                let next = next_try(claimed.attempts + 1, now, after, self.random.fraction());
                let state = next.map_or(EventState::Dead, |_| EventState::Pending);
                (state, next.unwrap_or(now), status.unwrap_or(0), reason)
            }
        };
        let (id, leased_until) = (claimed.id, claimed.leased_until);
        Settled { id, leased_until, state, due_at, status, error, now }
    }

    /// What waits, for operators.
    ///
    /// # Errors
    /// When the ledger fails.
    pub async fn waiting(&self) -> Result<Waiting, LedgerError> {
        let depth = self.ledger.outbox_depth().await?;
        let now = self.clock.now();
        Ok(Waiting {
            messages: depth.pending,
            oldest: depth.oldest.map(|oldest| now.duration_since(oldest)),
            dead: depth.dead,
        })
    }
}
