//! A question to a store that its documentation answers too kindly.

use std::path::Path;

use futures_util::future::join_all;

use super::answer::Answer;
use super::{Piece, S3};
use crate::model::Digest;
use crate::storage::StorageError;
use crate::storage::error::Cause;
use crate::storage::keys::VIDEO_TYPE;

/// How many puts race for one name.
const RACERS: usize = 8;

impl S3 {
    /// Puts the same object several times at once: exactly one may win. `sample` is 1 KiB.
    pub(in crate::storage) async fn race(
        &self,
        path: &str,
        sample: &Path,
        length: u64,
        digest: Digest,
    ) -> Result<(), Cause> {
        let piece = Piece {
            path: path.to_owned(),
            source: sample,
            range: 0..length,
            digest,
            content_type: VIDEO_TYPE,
        };
        let tries = join_all((0..RACERS).map(|_| self.wins(&piece))).await;
        let wins = tries.into_iter().collect::<Result<Vec<bool>, StorageError>>()?;
        match wins.into_iter().filter(|won| *won).count() {
            1 => Ok(()),
            won => Err(format!("{won} of {RACERS} conditional puts to one name succeeded").into()),
        }
    }

    async fn wins(&self, piece: &Piece<'_>) -> Result<bool, StorageError> {
        match self.put_once(piece, piece.body().await?).await {
            Ok(()) => Ok(true),
            Err(trouble) if trouble.answer == Answer::Exists => Ok(false),
            Err(trouble) => Err(trouble.of("put", &piece.path)),
        }
    }
}
