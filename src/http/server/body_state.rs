//! Tracks whether a request body was read to its end.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

/// Whether the client may still be sending the last request body of a connection.
#[derive(Debug, Clone, Default)]
pub(super) struct BodyState {
    is_unread: Arc<AtomicBool>,
}

impl BodyState {
    /// True if the last body was dropped, or broke, before its end.
    pub(super) fn is_unread(&self) -> bool {
        self.is_unread.load(Ordering::Acquire)
    }

    fn set_unread(&self, is_unread: bool) {
        self.is_unread.store(is_unread, Ordering::Release);
    }
}

/// A request body that records in a [`BodyState`] whether it was read to its end.
#[derive(Debug)]
pub(super) struct TrackedBody {
    body: Incoming,
    has_ended: bool,
    state: BodyState,
}

impl TrackedBody {
    /// The body of the next request on the connection that `state` belongs to.
    pub(super) fn new(body: Incoming, state: BodyState) -> Self {
        state.set_unread(false);
        Self { body, has_ended: false, state }
    }
}

impl Body for TrackedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            None => self.has_ended = true,
            // A client that sends invalid chunks may well go on sending.
            Some(Err(_)) => self.state.set_unread(true),
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

impl Drop for TrackedBody {
    /// Runs before `body` is dropped, so the state is set when hyper notices that.
    fn drop(&mut self) {
        if !self.has_ended && !self.body.is_end_stream() {
            self.state.set_unread(true);
        }
    }
}
