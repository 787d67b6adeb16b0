//! The running attempts, counted by channel.

use std::pin::pin;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::database::ClaimedMessage;
use crate::model::Channel;

/// Running attempts; each future returns its channel.
pub(super) struct Attempts<F> {
    running: FuturesUnordered<F>,
    /// The channels of attempts that ended beside other work.
    ended: Vec<Channel>,
    channels: Vec<Channel>,
    /// The number of attempts so far.
    pub(super) started: usize,
}

impl<F: Future<Output = Channel>> Attempts<F> {
    pub(super) fn new() -> Self {
        let running = FuturesUnordered::new();
        Self { running, ended: Vec::new(), channels: Vec::new(), started: 0 }
    }

    pub(super) fn running(&self, channel: Channel) -> usize {
        self.channels.iter().filter(|one| **one == channel).count()
    }

    pub(super) fn start(
        &mut self,
        channel: Channel,
        claimed: Vec<ClaimedMessage>,
        attempt: impl Fn(ClaimedMessage) -> F,
    ) {
        self.started += claimed.len();
        self.channels.extend(claimed.iter().map(|_| channel));
        self.running.extend(claimed.into_iter().map(attempt));
    }

    /// Waits for an attempt to end, and returns its channel; `None` when none is running.
    pub(super) async fn next(&mut self) -> Option<Channel> {
        let ended = match self.ended.pop() {
            Some(ended) => ended,
            None => self.running.next().await?,
        };
        if let Some(index) = self.channels.iter().position(|one| *one == ended) {
            self.channels.swap_remove(index);
        }
        Some(ended)
    }

    /// Keeps polling the attempts while `work` runs: an attempt that is not polled could hold the SQLite write
    /// permit that `work` needs.
    pub(super) async fn beside<T>(&mut self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                Some(ended) = self.running.next() => self.ended.push(ended),
            }
        }
    }

    pub(super) async fn join_all(&mut self) {
        while self.next().await.is_some() {}
    }
}
