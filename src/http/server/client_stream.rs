//! The stream of a client as hyper sees it, with a check of each request head.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::heads::{RequestHeadScanner, Violation};
use super::silent::SilentConnection;
use super::transport::Transport;

/// A stream that passes only unambiguous request heads on.
#[derive(Debug)]
pub(super) struct ClientStream {
    stream: Transport,
    heads: RequestHeadScanner,
    /// Why the last head was refused. hyper gets bytes that it answers with the right status.
    violation: Option<Violation>,
    /// Set until the first head is complete.
    silent: Option<SilentConnection>,
}

impl ClientStream {
    pub(super) fn new(
        stream: Transport,
        max_head: usize,
        silent: Option<SilentConnection>,
    ) -> Self {
        Self { stream, heads: RequestHeadScanner::new(max_head), violation: None, silent }
    }

    pub(super) fn into_inner(self) -> Transport {
        self.stream
    }

    /// Feeds hyper bytes that make it refuse the head: a NUL and the end of the head for a malformed one, an
    /// endless line for one that is too long.
    fn fill(violation: Violation, buffer: &mut ReadBuf<'_>) {
        let pattern: &[u8] = match violation {
            Violation::Malformed => b"\0\r\n\r\n",
            Violation::TooLong => b"x",
        };
        let bytes: Vec<u8> = pattern.iter().copied().cycle().take(buffer.remaining()).collect();
        buffer.put_slice(&bytes);
    }
}

impl AsyncRead for ClientStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if let Some(violation) = self.violation {
            Self::fill(violation, buffer);
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let scanned = self.heads.scan(buffer.filled().get(before..).unwrap_or_default());
        if self.heads.has_request {
            self.silent = None;
        }
        if let Err(refused) = scanned {
            self.violation = Some(refused.why);
            buffer.set_filled(before + refused.after);
            if refused.after == 0 {
                Self::fill(refused.why, buffer);
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ClientStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
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
