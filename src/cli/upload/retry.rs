//! Retries with exponential backoff.

use std::pin::pin;
use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use tokio::time::{sleep, timeout};
use url::Url;

use super::progress::Progress;
use super::response::ClientError;
use crate::model::{Random, error_chain};

/// The longest `Retry-After` that is obeyed. After a longer one, a person should decide.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(5);
/// A request that moves no byte for this long has failed. The server needs up to 25 s to store a
/// video after its last byte.
const STALL_TIMEOUT: Duration = Duration::from_mins(1);

/// Counts failures without progress.
pub(super) struct Retry {
    server: Url,
    is_first: bool,
    builder: ExponentialBuilder,
    delays: ExponentialBackoff,
}

impl Retry {
    /// Gives up after `retries` failures in a row.
    pub(super) fn new(server: &Url, retries: u32, random: &Random) -> Self {
        let builder = ExponentialBuilder::new()
            .with_min_delay(Duration::from_millis(250))
            .with_max_delay(Duration::from_secs(10))
            .with_max_times(usize::try_from(retries).unwrap_or(usize::MAX))
            .with_jitter()
            // Without its `std` feature, backon has the same seed in every process.
            .with_jitter_seed(u64::from_ne_bytes(random.bytes()));
        Self { server: server.clone(), is_first: true, builder, delays: builder.build() }
    }

    /// There was progress: the count starts again.
    pub(super) fn reset(&mut self) {
        self.delays = self.builder.build();
    }

    /// Waits before the next attempt.
    ///
    /// # Errors
    /// The error itself, when it is permanent or there were too many.
    pub(super) async fn wait(
        &mut self,
        error: ClientError,
        progress: &Progress,
    ) -> Result<(), ClientError> {
        if !error.is_transient() {
            return Err(error);
        }
        let Some(delay) = self.delay(error.retry_after()) else { return Err(error) };
        let by_whom = if error.retry_after().is_some() { " (Retry-After)" } else { "" };
        let what = if self.is_first { self.explain(&error) } else { error.to_string() };
        self.is_first = false;
        progress.print(&format!("{what}; retrying in {:.1} s{by_whom}", delay.as_secs_f64()));
        sleep(delay).await;
        Ok(())
    }

    /// With the server and the cause. Later lines are shorter.
    fn explain(&self, error: &ClientError) -> String {
        format!("{}: {}", self.server, error_chain(error))
    }

    /// `None`: too many failures.
    fn delay(&mut self, retry_after: Option<Duration>) -> Option<Duration> {
        let delay = self.delays.next()?;
        Some(delay.max(retry_after.unwrap_or_default().min(MAX_RETRY_AFTER)))
    }
}

/// Awaits a response as long as bytes are sent.
pub(super) async fn unless_stalled<T>(
    request: impl Future<Output = Result<T, ClientError>>,
    progress: &Progress,
) -> Result<T, ClientError> {
    let mut request = pin!(request);
    loop {
        let before = progress.position();
        match timeout(STALL_TIMEOUT, &mut request).await {
            Ok(response) => return response,
            Err(_) if progress.position() == before => return Err(ClientError::Stalled),
            Err(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn retry(retries: u32) -> Retry {
        Retry::new(&"http://a.test".parse().unwrap(), retries, &Random::seeded(1))
    }

    #[test]
    fn delays_grow_until_the_retries_are_used_up() {
        let mut retry = retry(3);
        let delays: Vec<_> = std::iter::from_fn(|| retry.delay(None)).collect();
        assert_eq!(delays.len(), 3);
        assert!(delays[0] < Duration::from_secs(1) && delays[2] >= Duration::from_secs(1));
    }

    #[test]
    fn progress_starts_the_count_again() {
        let mut retry = retry(1);
        assert!(retry.delay(None).is_some());
        assert!(retry.delay(None).is_none());
        retry.reset();
        assert!(retry.delay(None).is_some());
    }

    #[test]
    fn retry_after_is_obeyed_up_to_a_limit() {
        let mut retry = retry(9);
        let delay = retry.delay(Some(Duration::from_secs(7))).unwrap();
        assert_eq!(delay, Duration::from_secs(7));
        let delay = retry.delay(Some(Duration::from_secs(1_000_000))).unwrap();
        assert_eq!(delay, MAX_RETRY_AFTER);
    }
}
