//! The dispatcher: claims due messages, runs attempts, records their outcome.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

use super::attempts::Attempts;
use super::backoff::RetrySchedule;
use super::compose::Composer;
use super::config::Config;
use super::metrics;
use super::receivers::Receivers;
use crate::database::{
    ClaimedMessage, Database, DatabaseError, DeliveryResult, EnqueueContext, EventState,
};
use crate::events;
use crate::model::{Channel, Clock, Random};
use crate::notify::{Delivery, MailError, SendError};

/// Lower limit of the poll interval, because a tokio interval must not be zero.
const MIN_INTERVAL: Duration = Duration::from_millis(1);

/// Any number of dispatchers may work on one database.
pub struct Outbox {
    pub(super) database: Database,
    pub(super) clock: Clock,
    random: Random,
    config: Config,
    receivers: Receivers,
    composer: Composer,
    wakeup: Arc<Notify>,
}

impl Outbox {
    pub fn new(
        database: Database,
        clock: Clock,
        random: Random,
        config: Config,
        receivers: Receivers,
        composer: Composer,
    ) -> Self {
        let wakeup = Arc::new(Notify::new());
        Self { database, clock, random, config, receivers, composer, wakeup }
    }

    /// The oldest pending message of a channel with a receiver.
    pub async fn oldest(&self) -> Result<Option<(Channel, Timestamp)>, DatabaseError> {
        let depths = self.database.outbox_depth().await?;
        let waiting = depths.iter().filter(|depth| self.receivers.has(depth.channel));
        let waiting = waiting.filter_map(|depth| Some((depth.channel, depth.oldest?)));
        Ok(waiting.min_by_key(|(_, oldest)| *oldest))
    }

    /// Connects to the mail server and authenticates, or writes to the folder that replaces it.
    pub async fn check_mail(&self) -> Result<(), MailError> {
        match &self.receivers.mail {
            Some(mail) => mail.check_connection().await,
            None => Ok(()),
        }
    }

    /// Gets an access token for FCM, if push notifications are on.
    pub async fn check_push(&self) -> Result<(), SendError> {
        match &self.receivers.push {
            Some(push) => push.check_connection().await,
            None => Ok(()),
        }
    }

    /// To be notified (`notify_one`) after a message has been committed.
    pub fn wakeup(&self) -> Arc<Notify> {
        Arc::clone(&self.wakeup)
    }

    /// Delivers until `shutdown`. Running attempts are completed, which takes at most the receiver's
    /// timeout.
    pub async fn run(&self, shutdown: &CancellationToken) {
        while !shutdown.is_cancelled() {
            let round = async {
                self.deliver_until(shutdown).await?;
                self.set_gauges().await
            };
            log_failure(round.await);
            tokio::select! {
                () = self.wakeup.notified() => {}
                () = tokio::time::sleep(self.config.poll_every.unsigned_abs()) => {}
                () = shutdown.cancelled() => {}
            }
        }
    }

    /// Delivers all due messages, and returns the number of attempts. After an error, the running
    /// attempts have been completed.
    pub async fn deliver_due(&self) -> Result<usize, DatabaseError> {
        self.deliver_until(&CancellationToken::new()).await
    }

    async fn deliver_until(&self, shutdown: &CancellationToken) -> Result<usize, DatabaseError> {
        self.mark_expired_dead().await?;
        let mut attempts = Attempts::new();
        let mut interval = self.poll_interval();
        let mut claimable: Vec<Channel> = self.receivers.channels().collect();
        loop {
            for channel in claimable {
                let running = attempts.running(channel);
                let free = self.config.concurrency.saturating_sub(running);
                let free = if shutdown.is_cancelled() { 0 } else { free };
                match attempts.beside(self.claim(channel, free)).await {
                    Ok(claimed) => attempts.start(channel, claimed, |one| self.attempt(one)),
                    Err(error) => {
                        attempts.join_all().await;
                        return Err(error);
                    }
                }
            }
            // A slow receiver delays only its own message: each ended attempt makes room for another.
            claimable = tokio::select! {
                ended = attempts.next() => match ended {
                    Some(channel) => vec![channel],
                    None => return Ok(attempts.started),
                },
                () = self.wakeup.notified() => self.receivers.channels().collect(),
                // Nor does it delay the periodic work, or retries on other channels.
                _ = interval.tick() => {
                    log_failure(attempts.beside(self.periodic()).await);
                    self.receivers.channels().collect()
                }
            };
        }
    }

    fn poll_interval(&self) -> Interval {
        let period = self.config.poll_every.unsigned_abs().max(MIN_INTERVAL);
        let mut interval = interval_at(Instant::now() + period, period);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        interval
    }

    async fn periodic(&self) -> Result<(), DatabaseError> {
        self.mark_expired_dead().await?;
        self.set_gauges().await
    }

    async fn set_gauges(&self) -> Result<(), DatabaseError> {
        let now = self.clock.now();
        let depths = self.database.outbox_depth().await?;
        for depth in &depths {
            metrics::set_gauges(depth, now);
        }
        Ok(())
    }

    async fn mark_expired_dead(&self) -> Result<(), DatabaseError> {
        for channel in self.receivers.channels() {
            let expired = self.database.mark_expired_dead(channel, self.clock.now()).await?;
            metrics::count_expired(channel, expired);
        }
        Ok(())
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

    /// Makes one attempt and records its outcome.
    async fn attempt(&self, message: ClaimedMessage) -> Channel {
        let (database, now) = (&self.database, self.clock.now());
        // The attempt may use half of `record_within` for the queries that compose the message.
        let limit = self.receivers.timeout(message.channel).unwrap_or_default();
        let limit = (limit + self.config.record_within / 2).unsigned_abs();
        let attempt = self.receivers.deliver(&message, &self.composer, database, now, limit);
        let (delivery, mailbox) = attempt.await;
        if let Some(mailbox) = mailbox {
            log_failure(self.note_mailbox(&mailbox, &delivery).await);
        }
        let result = self.result(&message, delivery);
        metrics::count_attempt(message.channel, &result);
        match database.record_delivery(&result).await {
            Ok(true) => {}
            Ok(false) => tracing::warn!(id = %message.id, "attempt outlived its lease"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(id = %message.id, error, "attempt not recorded, will be repeated");
            }
        }
        message.channel
    }

    /// Keeps whether mails to this address are refused for good.
    async fn note_mailbox(&self, address: &str, delivery: &Delivery) -> Result<(), DatabaseError> {
        match delivery {
            Delivery::Delivered { .. } => self.database.note_mail_success(address).await,
            Delivery::Rejected { reason, .. } => {
                let context = EnqueueContext::new(&self.clock, &self.random, events::message);
                self.database.note_mail_failure(address, reason, &context).await
            }
            Delivery::Retry { .. } | Delivery::NoRecipient { .. } => Ok(()),
        }
    }

    fn result(&self, message: &ClaimedMessage, delivery: Delivery) -> DeliveryResult {
        let now = self.clock.now();
        let (state, due_at, status, error) = match delivery {
            Delivery::Delivered { status } => (EventState::Delivered, now, status, String::new()),
            Delivery::NoRecipient { status, reason } => (EventState::Dropped, now, status, reason),
            Delivery::Rejected { status, reason } => (EventState::Dead, now, status, reason),
            Delivery::Retry { after, status, reason } => {
                let failed = message.attempts + 1;
                let schedule = RetrySchedule::of(message.channel);
                let next = schedule.next_attempt(failed, now, after, self.random.fraction());
                let state = next.map_or(EventState::Dead, |_| EventState::Pending);
                (state, next.unwrap_or(now), status.unwrap_or(0), reason)
            }
        };
        let (id, leased_until) = (message.id, message.leased_until);
        DeliveryResult { id, leased_until, state, due_at, status, error, now }
    }
}

/// The failed work is repeated in the next round.
fn log_failure(result: Result<(), DatabaseError>) {
    if let Err(error) = result {
        let error = &error as &dyn std::error::Error;
        tracing::warn!(error, "outbox: the database failed, retrying later");
    }
}
