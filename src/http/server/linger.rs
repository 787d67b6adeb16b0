//! Lingering close: the response reaches the client although its request was not read to the end.
//!
//! If a socket is closed with unread bytes, or receives bytes after it was closed, the kernel sends
//! a reset, and a client that gets a reset may lose the response before it. So we close only our
//! side, read nothing for a while (the receive window fills and the client stops sending bytes that
//! nobody needs), then read and discard a bounded number of bytes.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy, sink};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::config::Linger;
use super::transport::Transport;

/// Closes sockets whose clients are still sending.
#[derive(Debug)]
pub(super) struct LingeringClose {
    slots: Semaphore,
    limits: Linger,
}

impl LingeringClose {
    pub(super) fn new(limits: Linger) -> Self {
        Self { slots: Semaphore::new(limits.max_sockets), limits }
    }

    /// Closes our side, waits, drains, closes. The response must have been written. Without a free
    /// slot the socket is closed at once.
    pub(super) async fn close(&self, mut stream: Transport) {
        let Ok(_slot) = self.slots.try_acquire() else {
            tracing::warn!("too many lingering sockets; closing one without waiting");
            return;
        };
        if stream.shutdown().await.is_err() {
            return; // the client has reset the connection
        }
        let stream = stream.into_tcp();
        let quiet = self.limits.quiet.unsigned_abs();
        // If the client closes early, what it sent before that still has to be drained.
        let _closed_early = timeout(quiet, peer_closed(&stream)).await;
        self.drain(stream).await;
    }

    /// Reads until the client closes or a limit is reached. An error ends it like a close.
    async fn drain(&self, stream: TcpStream) {
        let Linger { drain_bytes, drain_time, .. } = self.limits;
        let (mut rest, mut nowhere) = (stream.take(drain_bytes), sink());
        let drained = timeout(drain_time.unsigned_abs(), copy(&mut rest, &mut nowhere)).await;
        let ended = matches!(drained, Ok(Ok(bytes)) if bytes < drain_bytes);
        tracing::debug!(ended, "lingering close");
    }
}

/// Waits until the client has closed its side, without reading what it sent before.
#[cfg(target_os = "linux")]
async fn peer_closed(stream: &TcpStream) {
    // Readiness for urgent data includes the close of the other side, but not ordinary data,
    // which would make the stream ready all the time.
    let _ready = stream.ready(tokio::io::Interest::PRIORITY).await;
}

/// On other systems the whole quiet time passes.
#[cfg(not(target_os = "linux"))]
async fn peer_closed(_stream: &TcpStream) {
    std::future::pending().await
}
