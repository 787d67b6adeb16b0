//! A request's body, streamed from the file, and the watch over its way.

use std::io::SeekFrom;
use std::pin::pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{Stream, TryStreamExt as _};
use tokio::fs::File;
use tokio::io::{AsyncReadExt as _, AsyncSeekExt as _};
use tokio::time::timeout;
use tokio_util::io::ReaderStream;

use super::answer::Trouble;
use super::clip::Clip;
use super::progress::Progress;
use crate::model::Offset;

/// Bytes read from the file at a time: little enough for the bar to move on a slow network.
const PIECE: usize = 32 * 1024;
/// A request that moves no byte for this long is given up. The server needs up to 25 s to store a
/// video after its last byte.
const STALLED_AFTER: Duration = Duration::from_mins(1);

/// `length` bytes of the file from `offset` on.
///
/// # Errors
/// When the file cannot be read, or is not the one that was examined.
pub(crate) async fn piece(
    clip: &Clip,
    offset: Offset,
    length: u64,
    progress: &Progress,
) -> std::io::Result<impl Stream<Item = std::io::Result<Bytes>> + Send + 'static> {
    let mut file = File::open(&clip.path).await?;
    clip.check_length(file.metadata().await?.len())?;
    file.seek(SeekFrom::Start(offset.get())).await?;
    let progress = progress.clone();
    let stream = ReaderStream::with_capacity(file.take(length), PIECE);
    Ok(stream.inspect_ok(move |bytes| progress.moved(bytes.len())))
}

/// Awaits the answer to a request as long as its bytes move.
///
/// # Errors
/// What the request says, or [`Trouble::Stalled`].
pub(crate) async fn while_moving<T>(
    request: impl Future<Output = Result<T, Trouble>>,
    progress: &Progress,
) -> Result<T, Trouble> {
    let mut request = pin!(request);
    loop {
        let before = progress.position();
        match timeout(STALLED_AFTER, &mut request).await {
            Ok(answer) => return answer,
            Err(_) if progress.position() == before => return Err(Trouble::Stalled),
            Err(_) => {}
        }
    }
}
