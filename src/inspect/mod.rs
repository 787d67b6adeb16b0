//! The streaming judgement of the bytes.

use std::ops::Range;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use crate::model::{Check, Digest, Facts, Finding, Length, Refusal};

/// The `[inspect]` section.
#[derive(Debug, Clone, Deserialize)]
pub struct Config {
    /// x
    pub min_duration: SignedDuration,
    /// x
    pub max_duration: SignedDuration,
    /// x
    pub quicktime: String,
    /// x
    pub max_moov: u64,
    /// x
    pub enforce: bool,
}
/// x
pub struct Inspection {
    /// x
    pub facts: Facts,
    /// x
    pub notes: Vec<Finding>,
}
/// x
#[derive(Clone)]
pub struct Scanner {
    at: u64,
}
impl Scanner {
    /// x
    #[must_use]
    pub fn new(_rules: Arc<Config>, _declared: Option<Length>, _now: Timestamp) -> Self {
        Self { at: 0 }
    }
    /// x
    pub fn declare(&mut self, _length: Length) {}
    /// x
    pub fn push(&mut self, bytes: &[u8]) {
        self.at += bytes.len() as u64;
    }
    /// x
    #[must_use]
    pub fn wants(&self) -> Option<Range<u64>> {
        None
    }
    /// x
    pub fn supply(&mut self, _bytes: &[u8]) {}
    /// x
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        None
    }
    /// x
    #[must_use]
    pub fn position(&self) -> u64 {
        self.at
    }
    /// x
    /// # Errors
    /// x
    pub fn finish(&mut self) -> Result<Inspection, Refusal> {
        Ok(Inspection { facts: Facts::default(), notes: vec![] })
    }
}
/// x
#[must_use]
pub fn digest_mismatch(_declared: Digest, _actual: Digest, length: u64) -> Refusal {
    Refusal {
        finding: Finding::whole(Check::DigestMismatch, ""),
        judged_after: length,
        notes: vec![],
    }
}
