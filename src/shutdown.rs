//! Cancellation tokens and the task tracker.
//!
//! A shutdown has two phases. *Soft*: nothing new begins, and running work is finished. *Hard*: running
//! work is aborted, as by a lost connection.

use std::future::Future;
use std::io;

use jiff::SignedDuration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Time limit for tasks that are being aborted; they only close files.
const AFTER_HARD: SignedDuration = SignedDuration::from_secs(2);

/// The two phases, and the tasks that a shutdown waits for. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
}

/// How the tasks ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// All finished.
    Clean,
    /// Some were aborted.
    Aborted,
}

impl Shutdown {
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when nothing new may begin.
    pub fn soft(&self) -> &CancellationToken {
        &self.soft
    }

    /// Cancelled when running work must stop.
    pub fn hard(&self) -> &CancellationToken {
        &self.hard
    }

    /// Spawns a task that [`Shutdown::drain`] waits for.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// For modules that spawn tasks themselves.
    pub fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Begins a soft shutdown; the second call begins a hard one.
    pub fn request(&self) {
        if self.soft.is_cancelled() {
            self.hard.cancel();
        }
        self.soft.cancel();
    }

    /// From now on SIGTERM and SIGINT request a shutdown.
    pub fn listen(&self) -> io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let shutdown = self.clone();
        spawn_untracked(async move {
            while !shutdown.hard.is_cancelled() {
                tokio::select! {
                    _ = terminate.recv() => tracing::info!("SIGTERM: shutting down"),
                    _ = interrupt.recv() => tracing::info!("SIGINT: shutting down"),
                }
                shutdown.request();
            }
        });
        Ok(())
    }

    /// Shuts down softly, waits up to `grace` for the tasks, then aborts the rest.
    pub async fn drain(&self, grace: SignedDuration) -> Drained {
        self.soft.cancel();
        self.tasks.close();
        tokio::select! {
            () = self.tasks.wait() => return Drained::Clean,
            () = self.hard.cancelled() => {}
            () = tokio::time::sleep(grace.unsigned_abs()) => self.hard.cancel(),
        }
        let last = tokio::time::timeout(AFTER_HARD.unsigned_abs(), self.tasks.wait()).await;
        if last.is_err() {
            tracing::warn!(
                tasks = self.tasks.len(),
                "some tasks did not end after a hard shutdown"
            );
        }
        Drained::Aborted
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "listens until the process ends; nothing waits for it"
)]
fn spawn_untracked(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}
