//! The TCP stream of a client, with timeouts for writes.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};

use super::unsent::PendingResponse;

/// How fast a client must take a response.
#[derive(Debug, Clone, Copy)]
pub(super) struct WriteLimits {
    /// Time in which it must take at least one byte.
    pub(super) timeout: Duration,
    /// Bytes that it must take ...
    pub(super) minimum: u64,
    /// ... in this much time in which we wait for it.
    pub(super) over: Duration,
}

/// A TCP stream whose writes fail with `TimedOut` when the client takes too little of a response. It is below TLS,
/// because the TLS stream buffers bytes that the client has not taken yet. Reads have no timeout here: hyper times
/// request heads, the upload times bodies.
#[derive(Debug)]
pub(super) struct TimedStream {
    stream: TcpStream,
    unsent: PendingResponse,
    limits: WriteLimits,
    taken: WriteProgress,
    /// Runs while a write is pending.
    timer: Option<Pin<Box<Sleep>>>,
}

/// The bytes that a client has taken while we waited for it.
#[derive(Debug, Default)]
struct WriteProgress {
    bytes: u64,
    waited: Duration,
    pending_since: Option<Instant>,
}

impl TimedStream {
    pub(super) fn new(stream: TcpStream, limits: WriteLimits, unsent: PendingResponse) -> Self {
        Self { stream, unsent, limits, taken: WriteProgress::default(), timer: None }
    }

    pub(super) fn into_inner(self) -> TcpStream {
        self.stream
    }

    /// Waits for the first byte and returns it without consuming it. `None` if the client has closed the
    /// connection.
    pub(super) async fn peek_first_byte(&self) -> io::Result<Option<u8>> {
        let mut first = [0];
        let length = self.stream.peek(&mut first).await?;
        Ok(first.first().copied().filter(|_| length > 0))
    }

    /// Starts, polls or stops the timer, depending on the result of a write.
    fn timed(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        if matches!(written, Poll::Ready(Ok(1..))) {
            self.unsent.written();
        }
        if let Poll::Ready(result) = written {
            self.timer = None;
            self.taken.add(result.as_ref().map_or(0, |bytes| *bytes as u64), self.limits.minimum);
            return Poll::Ready(result);
        }
        let left = self.limits.over.saturating_sub(self.taken.waited);
        let limit = self.limits.timeout.min(left);
        self.taken.pending_since.get_or_insert_with(Instant::now);
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(limit)));
        timer.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl WriteProgress {
    /// A client that has taken the minimum starts a new interval.
    fn add(&mut self, bytes: u64, minimum: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.waited += self.pending_since.take().map(|since| since.elapsed()).unwrap_or_default();
        if self.bytes >= minimum {
            *self = Self::default();
        }
    }
}

impl AsyncRead for TimedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for TimedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.timed(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.timed(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
