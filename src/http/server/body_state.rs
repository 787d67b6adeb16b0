//! Tracks whether a request body was read to its end, and reads the rest of it after the handler.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, header};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use tokio::time::timeout;

/// Whether the client may still be sending the last request body of a connection.
#[derive(Debug, Clone, Default)]
pub(super) struct BodyState(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    is_unread: bool,
    /// Whether the handler has responded. A body that it drops later is dropped for good.
    has_responded: bool,
    /// The body as the handler left it.
    rest: Option<Incoming>,
}

impl BodyState {
    /// True if the last body was dropped, or broke, before its end.
    pub(super) fn is_unread(&self) -> bool {
        self.state().is_unread
    }

    /// Called when the handler has responded. Reads a small rest of the body, such as the last line end of
    /// a form, if it arrives within `time`. Returns whether the connection can serve another request.
    pub(super) async fn drain_rest(&self, max_bytes: u64, time: Duration) -> bool {
        let rest = {
            let mut state = self.state();
            state.has_responded = true;
            state.rest.take()
        };
        let Some(rest) = rest else { return !self.is_unread() };
        let has_ended = timeout(time, ends_within(rest, max_bytes)).await.unwrap_or(false);
        self.state().is_unread = !has_ended;
        has_ended
    }

    /// Called when the handler has responded and the connection will be closed anyway.
    pub(super) fn drop_rest(&self) {
        let mut state = self.state();
        state.has_responded = true;
        state.rest = None;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads a body of at most `max_bytes` to its end.
async fn ends_within(mut body: Incoming, max_bytes: u64) -> bool {
    let mut left = max_bytes;
    while body.size_hint().lower() <= left {
        match body.frame().await {
            None => return true,
            Some(Err(_)) => return false,
            Some(Ok(frame)) => {
                let length = frame.data_ref().map_or(0, Bytes::len) as u64;
                let Some(rest) = left.checked_sub(length) else { return false };
                left = rest;
            }
        }
    }
    false
}

/// A request body that records in a [`BodyState`] whether it was read to its end.
#[derive(Debug)]
pub(super) struct TrackedBody {
    /// `None` only while it is dropped.
    body: Option<Incoming>,
    has_ended: bool,
    /// Whether the client waits for `100 Continue`, which the first read would send.
    awaits_continue: bool,
    state: BodyState,
}

impl TrackedBody {
    /// The body of the next request on the connection that `state` belongs to.
    pub(super) fn new(body: Incoming, headers: &HeaderMap, state: BodyState) -> Self {
        *state.state() = State::default();
        let awaits_continue = headers.contains_key(header::EXPECT);
        Self { body: Some(body), has_ended: false, awaits_continue, state }
    }
}

impl Body for TrackedBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        self.awaits_continue = false;
        let Some(body) = &mut self.body else { return Poll::Ready(None) };
        let frame = ready!(Pin::new(body).poll_frame(context));
        match &frame {
            None => self.has_ended = true,
            // A client that sends invalid chunks may well go on sending.
            Some(Err(_)) => self.state.state().is_unread = true,
            Some(Ok(_)) => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.as_ref().is_none_or(Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.as_ref().map(Body::size_hint).unwrap_or_default()
    }
}

impl Drop for TrackedBody {
    /// Runs before `body` is dropped, so the state is set when hyper notices that.
    fn drop(&mut self) {
        if self.has_ended || self.is_end_stream() {
            return;
        }
        let mut state = self.state.state();
        let is_readable = !state.is_unread && !state.has_responded && !self.awaits_continue;
        state.is_unread = true;
        if is_readable {
            state.rest = self.body.take();
        }
    }
}
