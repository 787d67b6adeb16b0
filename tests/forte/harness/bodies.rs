//! Request bodies as they arrive from phones on bad networks.

use std::future::{pending, ready};
use std::io;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tokio::sync::oneshot;

use super::clips::GOOD;

/// The maximum length of a video: 64 MiB.
pub(crate) const MAX: usize = 64 * 1024 * 1024;
/// The length of the chunks of a padded clip.
const PIECE: usize = 1024 * 1024;
/// The length of the size and the type of a box.
const BOX_HEADER: usize = 8;

/// Sends these bytes, then fails with a connection error.
pub(crate) fn cut(bytes: impl Into<Bytes>) -> Body {
    let broken = Err(io::Error::from(io::ErrorKind::ConnectionReset));
    Body::from_stream(stream::iter([Ok(bytes.into()), broken]))
}

/// Sends these bytes, signals when they have been read, and then never ends.
pub(crate) fn held(bytes: impl Into<Bytes>) -> (Body, oneshot::Receiver<()>) {
    let (sender, receiver) = oneshot::channel();
    let first = stream::once(ready(Ok(bytes.into())));
    let rest = stream::once(async move {
        sender.send(()).unwrap();
        pending::<io::Result<Bytes>>().await
    });
    (Body::from_stream(first.chain(rest)), receiver)
}

/// Sends the first bytes, signals when they have been read, and sends the rest when it is told to.
pub(crate) fn paused(
    first: impl Into<Bytes>,
    rest: impl Into<Bytes>,
) -> (Body, oneshot::Receiver<()>, oneshot::Sender<()>) {
    let (taken, receiver) = oneshot::channel();
    let (sender, go_on) = oneshot::channel();
    let rest = rest.into();
    let first = stream::once(ready(io::Result::Ok(first.into())));
    let rest = stream::once(async move {
        taken.send(()).unwrap();
        go_on.await.unwrap();
        Ok(rest)
    });
    (Body::from_stream(first.chain(rest)), receiver, sender)
}

/// Sends these bytes in chunks, without a declared length.
pub(crate) fn chunked(bytes: &[u8], size: usize) -> Body {
    let chunks: Vec<_> = bytes.chunks(size).map(|chunk| io::Result::Ok(chunk.to_vec())).collect();
    Body::from_stream(stream::iter(chunks))
}

/// An empty body that signals when it is read.
pub(crate) fn watched() -> (Body, oneshot::Receiver<()>) {
    let (sender, receiver) = oneshot::channel();
    let empty = stream::once(async move {
        let _receiver_may_be_dropped = sender.send(());
        io::Result::Ok(Bytes::new())
    });
    (Body::from_stream(empty), receiver)
}

/// A good clip padded to `length` bytes with a `free` box, in pieces.
pub(crate) fn padded_pieces(length: usize) -> impl Iterator<Item = Bytes> {
    let missing = length - GOOD.len();
    let mut head = u32::try_from(missing).unwrap().to_be_bytes().to_vec();
    head.extend_from_slice(b"free");
    let mut left = missing - BOX_HEADER;
    let zeros = Bytes::from(vec![0; PIECE]);
    let padding = std::iter::from_fn(move || {
        let next = zeros.slice(..left.min(PIECE));
        left -= next.len();
        (!next.is_empty()).then_some(next)
    });
    [Bytes::from_static(GOOD), head.into()].into_iter().chain(padding)
}

/// [`padded_pieces`] as a body.
pub(crate) fn padded(length: usize) -> Body {
    Body::from_stream(stream::iter(padded_pieces(length).map(io::Result::Ok)))
}

/// [`padded`], and one more byte that belongs to no box.
pub(crate) fn padded_with_extra_byte(length: usize) -> Body {
    let pieces = padded_pieces(length).chain([Bytes::from_static(b"!")]);
    Body::from_stream(stream::iter(pieces.map(io::Result::Ok)))
}
