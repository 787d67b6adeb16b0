//! Failure detection among the nodes that share a database.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::database::NodeRow;
use crate::model::NodeId;

/// When each peer's heartbeat counter was last seen to change, by this node's clock: the clocks of
/// nodes need not agree.
#[derive(Default)]
pub(super) struct PeerHeartbeats(Mutex<HashMap<NodeId, LastBeat>>);

#[derive(Clone, Copy)]
struct LastBeat {
    counter: i64,
    at: Timestamp,
}

impl PeerHeartbeats {
    /// Records the counters, and returns the nodes whose counter has not changed for `dead_after`.
    pub(super) fn observe(
        &self,
        rows: &[NodeRow],
        now: Timestamp,
        dead_after: SignedDuration,
    ) -> Vec<NodeId> {
        let mut peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        peers.retain(|id, _| rows.iter().any(|row| row.id == *id));
        let mut dead = Vec::new();
        for row in rows {
            let fresh = LastBeat { counter: row.beat, at: now };
            let last = peers.entry(row.id).or_insert(fresh);
            if last.counter != row.beat {
                *last = fresh;
            }
            if now.duration_since(last.at) >= dead_after {
                dead.push(row.id);
            }
        }
        dead
    }
}
