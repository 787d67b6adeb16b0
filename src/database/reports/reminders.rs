//! Reminders before a deadline: marks the reports and enqueues the notifications in one transaction.

use jiff::Timestamp;

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::outbox::messages::EnqueueContext;
use crate::database::outbox::pushes::push_about;
use crate::database::pool::Database;
use crate::database::statement::query;
use crate::model::{PushKind, RefKey};

impl Database {
    /// Marks up to `limit` reports that wait for a video and are due by `until`, and notifies everybody
    /// who may see them. A report that any node has marked is not marked again. Returns their number.
    pub async fn remind(
        &self,
        until: Timestamp,
        limit: u32,
        context: &EnqueueContext<'_>,
    ) -> Result<usize, DatabaseError> {
        let mut write = self.write().await?;
        // The conditions are checked twice, because PostgreSQL evaluates only the outer ones again after
        // it has waited for a row.
        let sql = "UPDATE reports SET reminded_at = $1 WHERE ref_key IN (SELECT ref_key \
            FROM reports WHERE status_code IN (1, 4) AND deleted = 0 AND reminded_at = 0 \
            AND due_at > $1 AND due_at <= $2 ORDER BY due_at, ref_key LIMIT $3) \
            AND status_code IN (1, 4) AND deleted = 0 AND reminded_at = 0 RETURNING ref_key";
        let reports: Vec<RefKey> =
            query(sql, params![context.now, until, limit]).values(&mut write).await?;
        if reports.is_empty() {
            return Ok(0);
        }
        push_about(&mut write, PushKind::Due, &reports, self.employees_see, context).await?;
        write.commit().await?;
        Ok(reports.len())
    }
}
