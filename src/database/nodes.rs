//! Which processes are there, and whether they still breathe.

use sqlx::FromRow;

use crate::model::NodeId;

use super::column::params;
use super::error::DatabaseError;
use super::pool::Database;
use super::statement::query;

/// A process as the database knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, FromRow)]
pub struct NodeRow {
    /// Its id.
    pub id: NodeId,
    /// A number that moves while it lives. Others watch it move by their own clocks, so that clocks
    /// need not agree (F28).
    #[sqlx(rename = "heartbeat")]
    pub beat: i64,
}

impl Database {
    /// A process begins. It has locked `data_folder`, so a process that had it before is dead: its gates
    /// are free at once.
    pub async fn register_node(
        &self,
        node: NodeId,
        data_folder: &str,
    ) -> Result<(), DatabaseError> {
        let sql = "SELECT id FROM nodes WHERE data_folder = $1";
        for dead in query(sql, params![data_folder]).values(&self.pool).await? {
            self.mark_node_dead(dead).await?;
        }
        let sql = "INSERT INTO nodes (id, data_folder, heartbeat) VALUES ($1, $2, 0)";
        query(sql, params![node, data_folder]).run(&self.pool).await
    }

    /// A process says that it lives; `false` when the others have buried it.
    pub async fn heartbeat(&self, node: NodeId) -> Result<bool, DatabaseError> {
        let sql = "UPDATE nodes SET heartbeat = heartbeat + 1 WHERE id = $1";
        query(sql, params![node]).changes_one(&self.pool).await
    }

    /// A process has ended, or is taken for dead. Its gates are free, and their fences are raised:
    /// should it wake up, nothing it still writes counts (F26).
    pub async fn mark_node_dead(&self, node: NodeId) -> Result<(), DatabaseError> {
        let mut write = self.write().await?;
        let sql = "UPDATE uploads SET holder = '', release_requested = 0, state = 'open', \
            fence = fence + 1 WHERE holder = $1 AND state IN ('open', 'finishing')";
        query(sql, params![node]).execute(&mut *write).await?;
        query("DELETE FROM nodes WHERE id = $1", params![node]).execute(&mut *write).await?;
        Ok(write.commit().await?)
    }

    /// Frees every lease whose holder is not among the nodes (any more): it was buried, and took the
    /// lease when it woke up. Fenced, as by [`Database::mark_node_dead`].
    pub async fn release_orphaned_leases(&self) -> Result<u64, DatabaseError> {
        let sql = "UPDATE uploads SET holder = '', release_requested = 0, state = 'open', \
            fence = fence + 1 WHERE holder <> '' AND state IN ('open', 'finishing') AND NOT EXISTS \
            (SELECT 1 FROM nodes WHERE nodes.id = uploads.holder)";
        query(sql, vec![]).execute(&self.pool).await
    }

    /// Every process the database knows.
    pub async fn nodes(&self) -> Result<Vec<NodeRow>, DatabaseError> {
        query("SELECT id, heartbeat FROM nodes", vec![]).all(&self.pool).await
    }
}
