//! Writes the log on a thread of its own.
//!
//! A log that cannot be written must not disturb the service. Lines are lost, and counted, when standard
//! error fails (a full disk, a pipe without a reader), and when the queue is full because nobody reads the
//! pipe. `eprintln!` would panic in the first case and block in the second.

use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// Lines that wait to be written: enough for a burst, a few hundred KiB.
const QUEUE: usize = 1024;

pub(super) const LOST: &str = "forte_media_log_lines_lost_total";

static LOG: OnceLock<LogWriter> = OnceLock::new();

/// Queues lines for the log. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct LogWriter(SyncSender<Entry>);

enum Entry {
    Line(Vec<u8>),
    /// Answered when all earlier lines have been written.
    Flush(SyncSender<()>),
}

impl LogWriter {
    /// The writer of this process.
    pub(super) fn start() -> Self {
        let start = || {
            let (sender, receiver) = sync_channel(QUEUE);
            thread::spawn(move || write_lines(&receiver, &mut io::stderr()));
            Self(sender)
        };
        LOG.get_or_init(start).clone()
    }
}

impl Write for LogWriter {
    /// Called once per line, with the whole line.
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        if self.0.try_send(Entry::Line(line.to_vec())).is_err() {
            metrics::counter!(LOST).increment(1);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Waits until the queued lines have been written, at most for `limit`.
pub fn flush_log(limit: Duration) {
    let Some(log) = LOG.get() else { return };
    let (done, flushed) = sync_channel(1);
    if log.0.try_send(Entry::Flush(done)).is_ok() {
        let _timed_out = flushed.recv_timeout(limit);
    }
}

fn write_lines(queue: &Receiver<Entry>, out: &mut impl Write) {
    for entry in queue {
        match entry {
            Entry::Line(line) => {
                if out.write_all(&line).is_err() {
                    metrics::counter!(LOST).increment(1);
                }
            }
            Entry::Flush(done) => {
                let _stopped_waiting = done.try_send(());
            }
        }
    }
}
