//! The tries under way, counted by channel.

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use crate::database::{Channel, ClaimedMessage};

/// Tries under way. Each says at its end on which channel it was.
pub(super) struct Tries<F> {
    under_way: FuturesUnordered<F>,
    of: Vec<Channel>,
    /// How many have been begun in all.
    pub(super) begun: usize,
}

impl<F: Future<Output = Channel>> Tries<F> {
    pub(super) fn new() -> Self {
        Self { under_way: FuturesUnordered::new(), of: Vec::new(), begun: 0 }
    }

    /// How many are under way on a channel.
    pub(super) fn under_way(&self, channel: Channel) -> usize {
        self.of.iter().filter(|one| **one == channel).count()
    }

    /// Begins to try what was claimed.
    pub(super) fn begin(
        &mut self,
        channel: Channel,
        claimed: Vec<ClaimedMessage>,
        attempt: impl Fn(ClaimedMessage) -> F,
    ) {
        self.begun += claimed.len();
        self.of.extend(claimed.iter().map(|_| channel));
        self.under_way.extend(claimed.into_iter().map(attempt));
    }

    /// Waits for the next one to end; none when none is under way.
    pub(super) async fn next(&mut self) -> Option<Channel> {
        let ended = self.under_way.next().await?;
        if let Some(place) = self.of.iter().position(|one| *one == ended) {
            self.of.swap_remove(place);
        }
        Some(ended)
    }

    /// Waits for all.
    pub(super) async fn end_all(&mut self) {
        while self.next().await.is_some() {}
    }
}
