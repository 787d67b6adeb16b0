//! Knowing whether a request body was read to its end.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

/// Whether bytes of a connection's last request body may still be under way.
#[derive(Debug, Clone, Default)]
pub(super) struct Unread(Arc<AtomicBool>);

impl Unread {
    /// True when the last body was given up or broke before its end.
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    fn set(&self, unread: bool) {
        self.0.store(unread, Ordering::Release);
    }
}

/// A request body that tells how it was left.
#[derive(Debug)]
pub(super) struct WatchedBody {
    body: Incoming,
    ended: bool,
    unread: Unread,
}

impl WatchedBody {
    /// The body of the next request on the connection that `unread` belongs to.
    pub(super) fn new(body: Incoming, unread: Unread) -> Self {
        unread.set(false);
        Self { body, ended: false, unread }
    }
}

impl Body for WatchedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            None => self.ended = true,
            // A peer that breaks the rules of chunks may well go on sending.
            Some(Err(_)) => self.unread.set(true),
            Some(Ok(_)) => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for WatchedBody {
    /// Runs before the inner body goes, so the mark is there when hyper hears of it.
    fn drop(&mut self) {
        if !self.ended && !self.body.is_end_stream() {
            self.unread.set(true);
        }
    }
}
