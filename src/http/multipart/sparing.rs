//! The body of a form, a piece at a time.
//!
//! The reader of forms takes everything a body has ready before it looks at any of it, and looks for
//! the head of a part however far away that is. So it is given one piece for each look, and, while
//! it looks for a head, not more of them than a head may need (S28, S29).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::body::BodyDataStream;
use bytes::Bytes;
use futures_util::Stream;

/// How many bytes may still be taken. Shared between who sets it and who keeps to it.
#[derive(Clone)]
pub(super) struct Allowance(Arc<AtomicUsize>);

impl Default for Allowance {
    fn default() -> Self {
        Self(Arc::new(AtomicUsize::new(usize::MAX)))
    }
}

impl Allowance {
    /// From now on, once this many bytes have been taken, no further piece is.
    pub(super) fn limit(&self, bytes: usize) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    /// No limit, until the next one.
    pub(super) fn lift(&self) {
        self.limit(usize::MAX);
    }

    fn is_used_up(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    fn take(&self, bytes: usize) {
        let left = self.0.load(Ordering::Relaxed);
        if left != usize::MAX {
            self.0.store(left.saturating_sub(bytes), Ordering::Relaxed);
        }
    }
}

/// A body that gives one piece, then pauses once.
pub(super) struct Sparing {
    body: BodyDataStream,
    allowance: Allowance,
    has_given: bool,
}

impl Sparing {
    /// Spares this body.
    pub(super) fn new(body: BodyDataStream, allowance: Allowance) -> Self {
        Self { body, allowance, has_given: false }
    }
}

impl Stream for Sparing {
    type Item = Result<Bytes, axum::BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.has_given) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.allowance.is_used_up() {
            let error = io::Error::other("too much before the next field");
            return Poll::Ready(Some(Err(error.into())));
        }
        let next = Pin::new(&mut self.body).poll_next(context);
        if let Poll::Ready(Some(Ok(piece))) = &next {
            self.has_given = true;
            self.allowance.take(piece.len());
        }
        next.map_err(Into::into)
    }
}
