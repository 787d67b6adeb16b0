//! A request body for the multipart parser, one chunk per poll.
//!
//! `multer` buffers everything that the body has ready before it parses any of it, and searches for the
//! headers of a part without a limit. So this stream pauses after each chunk, and ends with an error
//! when the headers of a part take more than a limited number of bytes.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::body::BodyDataStream;
use bytes::Bytes;
use futures_util::Stream;

/// How many more bytes may be read, shared by the stream and the parser.
#[derive(Clone)]
pub(super) struct ReadLimit(Arc<AtomicUsize>);

impl ReadLimit {
    const UNLIMITED: usize = usize::MAX;

    pub(super) fn unlimited() -> Self {
        Self(Arc::new(AtomicUsize::new(Self::UNLIMITED)))
    }

    /// No chunk is read any more after this many bytes.
    pub(super) fn set(&self, bytes: usize) {
        self.0.store(bytes, Ordering::Relaxed);
    }

    pub(super) fn remove(&self) {
        self.set(Self::UNLIMITED);
    }

    fn left(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// A body that returns `Pending` once after each chunk.
pub(super) struct ChunkedBody {
    body: BodyDataStream,
    limit: ReadLimit,
    pause: bool,
}

impl ChunkedBody {
    pub(super) fn new(body: BodyDataStream, limit: ReadLimit) -> Self {
        Self { body, limit, pause: false }
    }
}

impl Stream for ChunkedBody {
    type Item = Result<Bytes, axum::BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.pause) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let left = self.limit.left();
        if left == 0 {
            let error = io::Error::other("the headers of a part are too long");
            return Poll::Ready(Some(Err(error.into())));
        }
        let next = Pin::new(&mut self.body).poll_next(context);
        if let Poll::Ready(Some(Ok(chunk))) = &next {
            self.pause = true;
            if left != ReadLimit::UNLIMITED {
                self.limit.set(left.saturating_sub(chunk.len()));
            }
        }
        next.map_err(Into::into)
    }
}
