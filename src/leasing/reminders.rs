//! Deadlines called to mind, once each.

use tokio_util::sync::CancellationToken;

use crate::database::{DatabaseError, EnqueueContext};
use crate::model::EventId;

use super::{Config, Leasing};

impl Leasing {
    /// Looks for reports that are due soon, again and again, until `ending`.
    pub async fn keep_reminding(self, config: Config, ending: CancellationToken) {
        loop {
            if let Err(error) = self.remind(&config, &ending).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "deadlines cannot be called to mind; tried again later");
            }
            tokio::select! {
                () = tokio::time::sleep(config.remind_every.unsigned_abs()) => {}
                () = ending.cancelled() => return,
            }
        }
    }

    /// Calls the deadlines to mind that are within reach and have not been yet, in transactions of a
    /// bounded size. Returns how many there were.
    ///
    /// # Errors
    /// When the database fails; what was committed before stays.
    pub async fn remind(
        &self,
        config: &Config,
        ending: &CancellationToken,
    ) -> Result<usize, DatabaseError> {
        let (clock, random) = (&self.tokens.clock, &self.tokens.random);
        let new_id = || EventId::mint(clock, random);
        let mut reminded = 0;
        while !ending.is_cancelled() {
            let now = clock.now();
            let until = now.checked_add(config.remind_before).unwrap_or(now);
            let context = EnqueueContext { new_id: &new_id, now };
            let some = self.database.remind(until, config.remind_batch, &context).await?;
            reminded += some;
            if some == 0 {
                break;
            }
        }
        if reminded > 0 {
            self.wakeup.notify_one();
            tracing::info!(reports = reminded, "deadlines called to mind");
        }
        Ok(reminded)
    }
}
