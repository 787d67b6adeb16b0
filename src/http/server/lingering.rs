//! Closing a connection so that the answer arrives although the request was not read to its end.
//!
//! A socket that is closed while bytes wait in it, or that receives more after it was closed,
//! answers with a reset; a phone that gets a reset may never see the answer before it. So our
//! side is ended, nothing is read for a while (the window fills, the phone stops paying for bytes
//! that nobody wants), and then a bounded rest is read and thrown away.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy, sink};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::config::Linger;

/// Sees off the peers that are still sending.
#[derive(Debug)]
pub(super) struct Lingering {
    slots: Semaphore,
    limits: Linger,
}

impl Lingering {
    /// With room for `limits.max_sockets` at a time.
    pub(super) fn new(limits: Linger) -> Self {
        Self { slots: Semaphore::new(limits.max_sockets), limits }
    }

    /// Ends our side, waits, drains, closes. The answer must have been written. Closes at once
    /// when too many others are being seen off.
    pub(super) async fn see_off(&self, mut stream: TcpStream) {
        let Ok(_slot) = self.slots.try_acquire() else {
            tracing::warn!("too many lingering sockets, closing one at once");
            return;
        };
        if stream.shutdown().await.is_err() {
            return; // the peer has reset the connection
        }
        let quiet = self.limits.quiet.unsigned_abs();
        // Whichever comes first: what the peer sent before it closed is still to be drained.
        let _closed_early = timeout(quiet, peer_closed(&stream)).await;
        self.drain(stream).await;
    }

    /// Reads until the peer closes, but no further than the limits. Failure is just another end.
    async fn drain(&self, stream: TcpStream) {
        let Linger { drain_bytes, drain_time, .. } = self.limits;
        let (mut rest, mut nowhere) = (stream.take(drain_bytes), sink());
        let drained = timeout(drain_time.unsigned_abs(), copy(&mut rest, &mut nowhere)).await;
        let ended = matches!(drained, Ok(Ok(bytes)) if bytes < drain_bytes);
        tracing::debug!(ended, "lingering close");
    }
}

/// Waits until the peer has closed its side, without reading what waits before that.
#[cfg(target_os = "linux")]
async fn peer_closed(stream: &TcpStream) {
    // Readiness for urgent data covers the closing of the peer's side too, but not ordinary
    // data, for which readiness would be there all the time.
    let _ready = stream.ready(tokio::io::Interest::PRIORITY).await;
}

/// Elsewhere the quiet time is always spent to its end.
#[cfg(not(target_os = "linux"))]
async fn peer_closed(_stream: &TcpStream) {
    std::future::pending().await
}
