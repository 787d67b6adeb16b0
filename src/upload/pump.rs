//! From the body to the spool, the digest and the scanner: a piece as soon as it arrives.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use crate::storage::StorageError;

use super::bench::Bench;
use super::checksum::Running;
use super::{Body, Config, UploadService, span};

/// How a body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// As it should.
    Whole,
    /// The client vanished, or sent nothing for too long.
    Cut,
    /// A newer request wants the upload.
    LetGo,
    /// There was more than there is room for; the room is full.
    TooLong,
    /// The inspection is certain that this is no good.
    Refused,
}

/// What a body is pumped under.
pub(super) struct Pumping<'a> {
    /// How many bytes may come.
    pub(super) room: u64,
    /// Ends when somebody else wants the upload.
    pub(super) let_go: &'a CancellationToken,
    /// The checksum of the piece. While it is unverified nothing is refused: what looks like a bad
    /// video may be noise on the line.
    pub(super) checksum: Option<&'a mut Running>,
}

/// How fast a body comes, looked at stretch by stretch (S47): slow is allowed, a trickle that only
/// keeps a place is not.
struct Pace {
    stretch: Duration,
    least: u64,
    begun: Instant,
    came: u64,
}

impl Pace {
    fn new(config: &Config) -> Self {
        let stretch = span(config.minimum_rate_over);
        let least = config.minimum_rate.saturating_mul(stretch.as_secs());
        Self { stretch, least, begun: Instant::now(), came: 0 }
    }

    /// Counts what came, and says whether the stretch that has just ended brought too little.
    fn is_too_slow(&mut self, bytes: u64) -> bool {
        self.came = self.came.saturating_add(bytes);
        if self.begun.elapsed() < self.stretch {
            return false;
        }
        let too_slow = self.came < self.least;
        (self.begun, self.came) = (Instant::now(), 0);
        too_slow
    }
}

enum Next {
    Piece(Bytes),
    End(End),
}

impl UploadService {
    /// Pumps a body onto the bench until it ends, one way or another. Every byte taken has been
    /// written, but nothing is durable yet.
    pub(super) async fn pump(
        &self,
        body: &mut Body,
        bench: &mut Bench,
        mut pumping: Pumping<'_>,
    ) -> Result<End, StorageError> {
        let mut room = pumping.room;
        let mut pace = Pace::new(&self.config);
        loop {
            let mut piece = match self.next(body, pumping.let_go).await {
                Next::Piece(piece) => piece,
                Next::End(end) => return Ok(end),
            };
            let too_slow = pace.is_too_slow(piece.len() as u64);
            let too_long = piece.len() as u64 > room;
            piece.truncate(usize::try_from(room).unwrap_or(usize::MAX));
            room -= piece.len() as u64;
            if let Some(running) = &mut pumping.checksum {
                running.update(&piece);
            }
            self.lay_down(piece, bench).await?;
            if pumping.checksum.is_none() && self.is_refused(bench).await {
                return Ok(End::Refused);
            }
            if too_long {
                return Ok(End::TooLong);
            }
            if too_slow && room > 0 {
                return Ok(End::Cut);
            }
        }
    }

    async fn lay_down(&self, piece: Bytes, bench: &mut Bench) -> Result<(), StorageError> {
        metrics::counter!("forte_media_bytes_received_total").increment(piece.len() as u64);
        let pieces = [piece];
        bench.file.append(&pieces).await?;
        bench.warm.push(&pieces[0], &bench.file, &self.0.readers).await
    }

    async fn next(&self, body: &mut Body, let_go: &CancellationToken) -> Next {
        let idle = span(self.config.idle_timeout);
        let arrived = tokio::select! {
            biased;
            () = let_go.cancelled() => return Next::End(End::LetGo),
            arrived = timeout(idle, body.next()) => arrived,
        };
        match arrived {
            Ok(Some(Ok(piece))) => Next::Piece(piece),
            Ok(None) => Next::End(End::Whole),
            // What cut it does not matter: what arrived is kept all the same.
            Ok(Some(Err(_))) | Err(_) => Next::End(End::Cut),
        }
    }
}
