//! The videos of a storm, each different, and the ways in which phones send them.

use std::io;
use std::time::Duration;

use axum::body::Bytes;
use forte_media::model::Random;
use futures_util::stream;
use sha2::{Digest as _, Sha256};
use tokio::time::sleep;

use crate::harness::clips::GOOD;
use crate::storm::random_below;

/// Bytes per chunk of a body.
const CHUNK: usize = 16 * 1024;
const KIB: usize = 1024;

pub(super) struct Video {
    pub(super) bytes: Bytes,
    pub(super) sha256: String,
}

impl Video {
    /// A good clip followed by a box with random content.
    pub(super) fn new(random: &Random) -> Self {
        let limit = if random_below(random, 10) == 0 { 4_096 } else { 512 };
        let block: [u8; 32] = random.bytes();
        let blocks = (1 + random_below(random, limit)) * KIB / block.len();
        let mut bytes = GOOD.to_vec();
        let length = u32::try_from(8 + blocks * block.len()).unwrap();
        bytes.extend_from_slice(&length.to_be_bytes());
        bytes.extend_from_slice(b"free");
        for number in 0..blocks {
            let mut block = block;
            block[..8].copy_from_slice(&number.to_be_bytes());
            bytes.extend_from_slice(&block);
        }
        let sha256 = hex::encode(Sha256::digest(&bytes));
        Self { bytes: bytes.into(), sha256 }
    }
}

/// How a body ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum Ending {
    Whole,
    /// The client disconnects after so many bytes.
    Cut(usize),
    /// The connection stays open after so many bytes, and nothing comes any more.
    Stall(usize),
}

/// A body of known length with a pause after each chunk.
pub(super) fn body(bytes: Bytes, pause: Duration, ending: Ending) -> reqwest::Body {
    let left = match ending {
        Ending::Whole => bytes,
        Ending::Cut(length) | Ending::Stall(length) => bytes.slice(..length),
    };
    reqwest::Body::wrap_stream(stream::unfold(Some(left), move |left| async move {
        let mut left = left?;
        if left.is_empty() {
            return match ending {
                Ending::Whole => None,
                Ending::Cut(_) => Some((Err(io::ErrorKind::ConnectionReset.into()), None)),
                Ending::Stall(_) => std::future::pending().await,
            };
        }
        sleep(pause).await;
        let chunk = left.split_to(left.len().min(CHUNK));
        Some((io::Result::Ok(chunk), Some(left)))
    }))
}
