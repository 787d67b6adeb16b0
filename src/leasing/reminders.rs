//! Reminders before a deadline, one per report.

use tokio_util::sync::CancellationToken;

use crate::database::DatabaseError;

use super::config::Config;
use super::service::Leasing;

impl Leasing {
    /// Sends reminders at an interval, until cancelled.
    pub async fn keep_reminding(self, config: Config, cancel: CancellationToken) {
        let every = config.remind_every.unsigned_abs();
        loop {
            let reminded = cancel.run_until_cancelled(self.remind(&config, &cancel)).await;
            if let Some(Err(error)) = reminded {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "reminders could not be enqueued, retrying later");
            }
            if cancel.run_until_cancelled(tokio::time::sleep(every)).await.is_none() {
                return;
            }
        }
    }

    /// Enqueues the reminders that are due, one batch per transaction. Returns their number. After an
    /// error, committed batches stay.
    pub async fn remind(
        &self,
        config: &Config,
        cancel: &CancellationToken,
    ) -> Result<usize, DatabaseError> {
        let mut reminded = 0;
        while !cancel.is_cancelled() {
            let context = self.enqueue_context();
            let until = context.now.checked_add(config.remind_before).unwrap_or(context.now);
            let batch = self.database.remind(until, config.remind_batch, &context).await?;
            reminded += batch;
            if batch == 0 {
                break;
            }
        }
        if reminded > 0 {
            self.wakeup.notify_one();
            tracing::info!(reports = reminded, "reminders enqueued");
        }
        Ok(reminded)
    }
}
