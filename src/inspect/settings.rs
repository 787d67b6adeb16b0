//! The settings of the inspection, `[inspect]`.

use jiff::SignedDuration;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::model::{Digest, setting_words};

/// No larger `moov` or `moof` is read, whatever the settings say.
const MAX_MOOV: u64 = 16 * 1024 * 1024;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Shortest recording that is accepted.
    pub min_duration: SignedDuration,
    /// Longest recording that is accepted.
    pub max_duration: SignedDuration,
    /// What to do with a QuickTime movie.
    pub quicktime: Quicktime,
    /// What to do with a fragmented recording that ends inside its last fragment.
    pub cut_recording: TruncatedRecording,
    /// Largest `moov` that is read, in bytes; never above 16 MiB.
    pub max_moov: u64,
    /// Largest `moof` that is read, in bytes; never above 16 MiB.
    pub max_moof: u64,
    /// Most bytes after the last box that are accepted, with a note.
    pub max_trailing: u64,
    /// Whether a bad file is refused. Otherwise the findings are only noted.
    pub enforce: bool,
    /// Sample entry types of video tracks that are accepted; an empty list accepts all.
    pub codecs: Vec<String>,
    /// What to do with frames whose NAL units do not fill their samples.
    pub nal_chain: NalChain,
}

/// What to do with frames whose NAL units do not fill their samples (`NAL_CHAIN`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NalChain {
    Refuse,
    /// Accept, with a note.
    Note,
    /// The media is not read.
    Off,
}

setting_words!(NalChain { Refuse = "refuse", Note = "note", Off = "off" });

/// What to do with a movie that has only the brand of QuickTime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quicktime {
    Refuse,
    /// Accept, with a note.
    Accept,
}

setting_words!(Quicktime { Refuse = "refuse", Accept = "accept" });

/// What to do with a fragmented recording whose end is missing. It plays up to its last whole
/// fragment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TruncatedRecording {
    Refuse,
    /// Accept the complete fragments, with a note of their length.
    Accept,
}

setting_words!(TruncatedRecording { Refuse = "refuse", Accept = "accept" });

impl Config {
    /// Rules that check only the structure: every duration and codec is accepted, and QuickTime
    /// too.
    pub fn relaxed() -> Self {
        Self {
            min_duration: SignedDuration::ZERO,
            max_duration: SignedDuration::MAX,
            quicktime: Quicktime::Accept,
            cut_recording: TruncatedRecording::Refuse,
            max_moov: MAX_MOOV,
            max_moof: MAX_MOOV,
            max_trailing: 1024 * 1024,
            enforce: true,
            codecs: Vec::new(),
            nal_chain: NalChain::Refuse,
        }
    }

    /// Identifies these rules: another version of the program, or another setting, has another
    /// fingerprint. A file that was refused under other rules may be accepted under these.
    pub fn fingerprint(&self) -> Digest {
        let rules = format!("{} {self:?}", env!("CARGO_PKG_VERSION"));
        Digest::new(Sha256::digest(rules).into())
    }

    /// The largest `moov` that is read, in bytes.
    pub fn moov_limit(&self) -> u64 {
        self.max_moov.min(MAX_MOOV)
    }

    pub(crate) fn moof_limit(&self) -> u64 {
        self.max_moof.min(MAX_MOOV)
    }

    pub(crate) fn accepts_codec(&self, kind: &str) -> bool {
        self.codecs.is_empty() || self.codecs.iter().any(|codec| codec == kind)
    }
}
