//! The running processes of this service, and their heartbeats.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::model::NodeId;

use super::column::params;
use super::error::DatabaseError;
use super::pool::Database;
use super::statement::query;

/// A registered process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct NodeRow {
    pub id: NodeId,
    /// A counter that a running process increments. The other nodes measure by their own clocks how long
    /// it stays unchanged, so clocks need not agree (F28).
    pub heartbeat: i64,
}

impl Database {
    /// Registers a process. It has locked `data_folder`, so an earlier process with this folder is dead,
    /// and its leases are released at once.
    pub async fn register_node(
        &self,
        node: NodeId,
        data_folder: &str,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        let sql = "SELECT id FROM nodes WHERE data_folder = $1";
        for dead in query(sql, params![data_folder]).values(&self.pool).await? {
            self.mark_node_dead(dead, now).await?;
        }
        let sql = "INSERT INTO nodes (id, data_folder, heartbeat) VALUES ($1, $2, 0)";
        query(sql, params![node, data_folder]).run(&self.pool).await
    }

    /// Increments the heartbeat of a process. Returns `false` if other nodes have declared it dead.
    pub async fn heartbeat(&self, node: NodeId) -> Result<bool, DatabaseError> {
        let sql = "UPDATE nodes SET heartbeat = heartbeat + 1 WHERE id = $1";
        query(sql, params![node]).changes_one(&self.pool).await
    }

    /// Removes a process that has ended or is declared dead. Its leases are released and their fences
    /// raised, so that its writes no longer match if it wakes up (F26). Ends the uploads that no client can
    /// resume: forms, and uploads whose URL was never sent.
    pub async fn mark_node_dead(&self, node: NodeId, now: Timestamp) -> Result<(), DatabaseError> {
        let mut write = self.write().await?;
        let sql = "UPDATE uploads SET state = 'expired', holder = '', release_requested = 0, \
            fence = fence + 1, cleanup_at = $1 WHERE holder = $2 AND address_known = 0 \
            AND state IN ('open', 'finishing')";
        query(sql, params![now, node]).execute(&mut write).await?;
        let sql = "UPDATE uploads SET holder = '', release_requested = 0, state = 'open', \
            fence = fence + 1 WHERE holder = $1 AND state IN ('open', 'finishing')";
        query(sql, params![node]).execute(&mut write).await?;
        query("DELETE FROM nodes WHERE id = $1", params![node]).execute(&mut write).await?;
        write.commit().await
    }

    /// Releases every lease whose holder is not registered: that process was declared dead, and acquired
    /// the lease when it woke up. Returns the number of such processes.
    pub async fn release_orphaned_leases(&self, now: Timestamp) -> Result<u64, DatabaseError> {
        let sql = "SELECT DISTINCT holder FROM uploads WHERE holder <> '' \
            AND state IN ('open', 'finishing') \
            AND NOT EXISTS (SELECT 1 FROM nodes WHERE nodes.id = uploads.holder)";
        let dead = query(sql, vec![]).values(&self.pool).await?;
        for node in &dead {
            self.mark_node_dead(*node, now).await?;
        }
        Ok(dead.len() as u64)
    }

    pub async fn nodes(&self) -> Result<Vec<NodeRow>, DatabaseError> {
        query("SELECT id, heartbeat FROM nodes", vec![]).all(&self.pool).await
    }
}
