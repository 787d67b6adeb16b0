//! What the operator may decide.

use jiff::SignedDuration;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::model::Digest;

/// No `moov` above this is read, whatever the settings say (mp4.md §0.7: 16 MiB hard).
const HARD_MOOV: u64 = 16 * 1024 * 1024;

/// The settings of the inspection, `[inspect]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Shortest recording that is taken.
    pub min_duration: SignedDuration,
    /// Longest recording that is taken.
    pub max_duration: SignedDuration,
    /// What to do with a pure QuickTime movie.
    pub quicktime: Quicktime,
    /// What to do with a fragmented recording that ends inside its last fragment.
    pub truncated_recording: TruncatedRecording,
    /// Largest `moov` that is read, in bytes; never above 16 MiB.
    pub max_moov: u64,
    /// Largest `moof` that is read, in bytes; never above 16 MiB.
    pub max_moof: u64,
    /// Whether a bad file is refused. When not, the findings are only noted.
    pub enforce: bool,
    /// Sample entry types of pictures that are taken; an empty list takes all.
    pub codecs: Vec<String>,
    /// What to do with pictures whose parts do not add up.
    pub nal_chain: NalChain,
}

/// What to do with pictures whose parts do not add up (check 41).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NalChain {
    /// Refuse the file.
    Refuse,
    /// Take it, with a note.
    Note,
    /// Do not look.
    Off,
}

/// What to do with a movie whose only brand is QuickTime's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Quicktime {
    /// Say how to export it as MP4.
    Refuse,
    /// Take it, with a note.
    Accept,
}

/// What to do with a fragmented recording that was broken off: it plays up to its last whole
/// fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TruncatedRecording {
    /// Say that it is not whole.
    Refuse,
    /// Take what is whole, with a note that says how much that is.
    Accept,
}

impl Config {
    /// Structure is judged, policy is not: any length, any codec, QuickTime too.
    #[must_use]
    pub fn relaxed() -> Self {
        Self {
            min_duration: SignedDuration::ZERO,
            max_duration: SignedDuration::MAX,
            quicktime: Quicktime::Accept,
            truncated_recording: TruncatedRecording::Refuse,
            max_moov: HARD_MOOV,
            max_moof: HARD_MOOV,
            enforce: true,
            codecs: Vec::new(),
            nal_chain: NalChain::Refuse,
        }
    }

    /// Names these rules: those of another version of the program, or with other settings, have
    /// another fingerprint. What was refused by other rules may be taken by these.
    #[must_use]
    pub fn fingerprint(&self) -> Digest {
        let rules = format!("{} {self:?}", env!("CARGO_PKG_VERSION"));
        Digest::new(Sha256::digest(rules).into())
    }

    /// The largest `moov` that is read, in bytes.
    #[must_use]
    pub fn moov_limit(&self) -> u64 {
        self.max_moov.min(HARD_MOOV)
    }

    pub(crate) fn moof_limit(&self) -> u64 {
        self.max_moof.min(HARD_MOOV)
    }

    pub(crate) fn takes_codec(&self, kind: &str) -> bool {
        self.codecs.is_empty() || self.codecs.iter().any(|codec| codec == kind)
    }
}
