//! Tokens and the task tracker by which everything ends.
//!
//! Ending has two steps. *Soft*: nothing new is begun, what is under way is finished. *Hard*: what
//! is still under way is cut, as a lost connection would cut it.

use std::future::Future;
use std::io;

use jiff::SignedDuration;
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long cut tasks may take to notice; they only close files.
const AFTER_HARD: SignedDuration = SignedDuration::from_secs(2);

/// The way to end, shared by everything that runs. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    soft: CancellationToken,
    hard: CancellationToken,
    tasks: TaskTracker,
}

/// How the tasks ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// All by themselves.
    Clean,
    /// Some had to be cut.
    Cut,
}

impl Shutdown {
    /// Nothing is ending yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Cancelled when nothing new may begin.
    #[must_use]
    pub fn soft(&self) -> &CancellationToken {
        &self.soft
    }

    /// Cancelled when what is under way has to stop.
    #[must_use]
    pub fn hard(&self) -> &CancellationToken {
        &self.hard
    }

    /// Runs a task that the end waits for: the only way to start one.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.tasks.spawn(task)
    }

    /// Where tasks are counted, for rooms that start their own.
    #[must_use]
    pub fn tasks(&self) -> &TaskTracker {
        &self.tasks
    }

    /// Asks for the end: softly at first, hard when asked again.
    pub fn ask(&self) {
        if self.soft.is_cancelled() {
            self.hard.cancel();
        }
        self.soft.cancel();
    }

    /// From now on SIGTERM and SIGINT ask for the end.
    ///
    /// # Errors
    /// When the system does not let us listen for signals.
    pub fn listen(&self) -> io::Result<()> {
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let shutdown = self.clone();
        spawn_untracked(async move {
            while !shutdown.hard.is_cancelled() {
                tokio::select! {
                    _ = terminate.recv() => tracing::info!("SIGTERM: ending"),
                    _ = interrupt.recv() => tracing::info!("SIGINT: ending"),
                }
                shutdown.ask();
            }
        });
        Ok(())
    }

    /// Ends softly, waits up to `grace` for the tasks, then cuts the rest.
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
            tracing::warn!(tasks = self.tasks.len(), "some tasks did not end when they were cut");
        }
        Drained::Cut
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "listens as long as the process; nobody waits for it"
)]
fn spawn_untracked(task: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(task);
}
