//! Which processes are there, and whether they still breathe.

use crate::model::NodeId;

use super::error::DatabaseError;
use super::pool::Database;
use super::rows::{number, parsed};

/// A process as the database knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NodeRow {
    /// Its id.
    pub id: NodeId,
    /// A number that moves while it lives. Others watch it move by their own clocks, so that clocks
    /// need not agree (F28).
    pub beat: i64,
}

impl Database {
    /// A process begins. It has locked `data_folder`, so a process that had it before is dead: its gates
    /// are free at once.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn register_node(
        &self,
        node: NodeId,
        data_folder: &str,
    ) -> Result<(), DatabaseError> {
        let before = sqlx::query("SELECT id FROM nodes WHERE data_folder = $1")
            .bind(data_folder)
            .fetch_all(&self.pool)
            .await?;
        for row in &before {
            self.mark_node_dead(parsed(row, "id")?).await?;
        }
        sqlx::query("INSERT INTO nodes (id, data_folder, heartbeat) VALUES ($1, $2, 0)")
            .bind(node.to_string())
            .bind(data_folder)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// A process says that it lives; `false` when the others have buried it.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn heartbeat(&self, node: NodeId) -> Result<bool, DatabaseError> {
        let done = sqlx::query("UPDATE nodes SET heartbeat = heartbeat + 1 WHERE id = $1")
            .bind(node.to_string())
            .execute(&self.pool)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    /// A process has ended, or is taken for dead. Its gates are free, and their fences are raised:
    /// should it wake up, nothing it still writes counts (F26).
    ///
    /// # Errors
    /// When the database fails.
    pub async fn mark_node_dead(&self, node: NodeId) -> Result<(), DatabaseError> {
        let mut write = self.write().await?;
        sqlx::query(
            "UPDATE uploads SET holder = '', release_requested = 0, state = 'open', fence = fence + 1 \
             WHERE holder = $1 AND state IN ('open', 'finishing')",
        )
        .bind(node.to_string())
        .execute(&mut *write)
        .await?;
        sqlx::query("DELETE FROM nodes WHERE id = $1")
            .bind(node.to_string())
            .execute(&mut *write)
            .await?;
        Ok(write.commit().await?)
    }

    /// Frees every lease whose holder is not among the nodes (any more): it was buried, and took the
    /// lease when it woke up. Fenced, as by [`Database::mark_node_dead`].
    ///
    /// # Errors
    /// When the database fails.
    pub async fn release_orphaned_leases(&self) -> Result<u64, DatabaseError> {
        let done = sqlx::query(
            "UPDATE uploads SET holder = '', release_requested = 0, state = 'open', fence = fence + 1 \
             WHERE holder <> '' AND state IN ('open', 'finishing') \
             AND NOT EXISTS (SELECT 1 FROM nodes WHERE nodes.id = uploads.holder)",
        )
        .execute(&self.pool)
        .await?;
        Ok(done.rows_affected())
    }

    /// Every process the database knows.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn nodes(&self) -> Result<Vec<NodeRow>, DatabaseError> {
        let rows = sqlx::query("SELECT id, heartbeat FROM nodes").fetch_all(&self.pool).await?;
        let read = |row| Ok(NodeRow { id: parsed(row, "id")?, beat: number(row, "heartbeat")? });
        rows.iter().map(read).collect()
    }
}
