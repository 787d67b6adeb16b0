//! Nodes that share a database: who lives, and who wants what we hold.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::database::NodeRow;
use crate::model::NodeId;

use super::{UploadError, UploadService, rest};

/// When each node's beat was last seen to move, by our own clock: clocks need not agree (F28).
#[derive(Default)]
pub(super) struct Neighbours(Mutex<HashMap<NodeId, Seen>>);

#[derive(Clone, Copy)]
struct Seen {
    beat: i64,
    moved_at: Timestamp,
}

impl Neighbours {
    /// Notes the beats, and names the nodes that have not moved for `dead_after`.
    fn observe(&self, rows: &[NodeRow], now: Timestamp, dead_after: SignedDuration) -> Vec<NodeId> {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|id, _| rows.iter().any(|row| row.id == *id));
        let mut dead = Vec::new();
        for row in rows {
            let last = seen.entry(row.id).or_insert(Seen { beat: row.beat, moved_at: now });
            if last.beat != row.beat {
                *last = Seen { beat: row.beat, moved_at: now };
            }
            if now.duration_since(last.moved_at) >= dead_after {
                dead.push(row.id);
            }
        }
        dead
    }
}

impl UploadService {
    /// Says now and then that this node lives, and looks who does not.
    pub async fn run_heartbeats(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.heartbeat().await {
                tracing::warn!(%error, "no heartbeat");
            }
            rest(self.config.heartbeat, &stop).await;
        }
    }

    /// One heartbeat. Nodes that have been silent for too long are buried: their gates are free.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn heartbeat(&self) -> Result<(), UploadError> {
        if !self.database.heartbeat(self.0.node).await? {
            // The others took us for dead. What we hold is fenced; we are new.
            tracing::warn!("buried alive; beginning anew");
            self.database.register_node(self.0.node, &self.spool.id().to_string()).await?;
        }
        let rows = self.database.nodes().await?;
        let others: Vec<_> = rows.into_iter().filter(|row| row.id != self.0.node).collect();
        let dead_after = self.config.holder_dead_after;
        for dead in self.0.neighbours.observe(&others, self.clock.now(), dead_after) {
            tracing::warn!(node = %dead, "silent for too long: its gates are free");
            self.database.mark_node_dead(dead).await?;
        }
        let orphaned = self.database.release_orphaned_leases().await?;
        if orphaned > 0 {
            tracing::warn!(orphaned, "gates of nodes that are no more are free");
        }
        Ok(())
    }

    /// Looks now and then whether another node wants a lease that is held here.
    pub async fn run_release_requests(self, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.release_requested_leases().await {
                tracing::debug!(%error, "could not look for wanted gates");
            }
            rest(self.config.lease_poll, &stop).await;
        }
    }

    /// Asks every writer here whose lease another node wants to let go. A lease in our name at which
    /// nobody sits was left behind by a request that failed: it is let go for it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release_requested_leases(&self) -> Result<(), UploadError> {
        for (upload, fence) in self.database.release_requests(self.0.node).await? {
            if !self.0.desk.ask(upload) {
                self.database.release_lease(upload, fence).await?;
            }
        }
        Ok(())
    }

    /// When the service ends, every writer makes durable what has arrived and lets go: the phone
    /// goes on elsewhere, or here after the restart (F27).
    pub async fn release_all_on_shutdown(self, ending: CancellationToken) {
        ending.cancelled().await;
        self.0.desk.ask_all();
    }

    /// This node ends in order: nothing it held is held any more.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn deregister_node(&self) -> Result<(), UploadError> {
        Ok(self.database.mark_node_dead(self.0.node).await?)
    }

    /// Whether several nodes can share this engine's database and store.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.0.segmented
    }
}
