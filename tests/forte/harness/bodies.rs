//! Request bodies that behave as phones on bad networks do.

use std::future::{pending, ready};
use std::io;

use axum::body::Body;
use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use tokio::sync::oneshot;

use super::clips::GOOD;

/// The limit of the document: 64 MiB.
pub(crate) const MAX: usize = 64 * 1024 * 1024;
/// How much of a padded clip is sent at a time.
const PIECE: usize = 1024 * 1024;
/// Size and type of a box.
const BOX_HEADER: usize = 8;

/// Brings these bytes, then the line breaks.
pub(crate) fn cut(bytes: impl Into<Bytes>) -> Body {
    let broken = Err(io::Error::from(io::ErrorKind::ConnectionReset));
    Body::from_stream(stream::iter([Ok(bytes.into()), broken]))
}

/// Brings these bytes, rings when they have been taken, and then nothing for ever.
pub(crate) fn held(bytes: impl Into<Bytes>) -> (Body, oneshot::Receiver<()>) {
    let (ring, heard) = oneshot::channel();
    let first = stream::once(ready(Ok(bytes.into())));
    let silence = stream::once(async move {
        ring.send(()).unwrap();
        pending::<io::Result<Bytes>>().await
    });
    (Body::from_stream(first.chain(silence)), heard)
}

/// Brings these bytes in chunks, without saying how many they are.
pub(crate) fn chunked(bytes: &[u8], size: usize) -> Body {
    let chunks: Vec<_> = bytes.chunks(size).map(|chunk| io::Result::Ok(chunk.to_vec())).collect();
    Body::from_stream(stream::iter(chunks))
}

/// Rings when somebody begins to read it; has no bytes.
pub(crate) fn watched() -> (Body, oneshot::Receiver<()>) {
    let (ring, heard) = oneshot::channel();
    let silence = stream::once(async move {
        let _nobody_listens = ring.send(());
        io::Result::Ok(Bytes::new())
    });
    (Body::from_stream(silence), heard)
}

/// A good clip made exactly `length` bytes long by a box of nothing, piece by piece.
pub(crate) fn padded_pieces(length: usize) -> impl Iterator<Item = Bytes> {
    let room = length - GOOD.len();
    let mut head = u32::try_from(room).unwrap().to_be_bytes().to_vec();
    head.extend_from_slice(b"free");
    let mut left = room - BOX_HEADER;
    let nothing = Bytes::from(vec![0; PIECE]);
    let padding = std::iter::from_fn(move || {
        let next = nothing.slice(..left.min(PIECE));
        left -= next.len();
        (!next.is_empty()).then_some(next)
    });
    [Bytes::from_static(GOOD), head.into()].into_iter().chain(padding)
}

/// The same as a body.
pub(crate) fn padded(length: usize) -> Body {
    Body::from_stream(stream::iter(padded_pieces(length).map(io::Result::Ok)))
}

/// The same, and one byte that belongs to no box.
pub(crate) fn padded_and_more(length: usize) -> Body {
    let pieces = padded_pieces(length).chain([Bytes::from_static(b"!")]);
    Body::from_stream(stream::iter(pieces.map(io::Result::Ok)))
}
