//! The checksum a client sends along with a piece (T-60…T-64).

use md5::Md5;
use sha1::Sha1;
use sha2::digest::DynDigest;
use sha2::{Sha256, Sha512};

/// An algorithm we verify.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// Asked for by the protocol (T-60).
    Sha1,
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
    /// MD5.
    Md5,
    /// CRC-32 as in Ethernet and gzip, most significant byte first.
    Crc32,
}

impl Algorithm {
    /// All of them, in the order in which they are advertised.
    pub const ALL: [Self; 5] = [Self::Sha1, Self::Sha256, Self::Sha512, Self::Md5, Self::Crc32];

    /// The name in `Upload-Checksum`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
            Self::Md5 => "md5",
            Self::Crc32 => "crc32",
        }
    }

    /// Reads the name back.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.name() == name)
    }
}

/// What a piece must hash to.
#[derive(Debug, Clone)]
pub struct Checksum {
    /// By which algorithm.
    pub algorithm: Algorithm,
    /// To which bytes.
    pub expected: Vec<u8>,
}

/// A checksum being computed.
pub(super) enum Running {
    Digest(Box<dyn DynDigest + Send>),
    Crc32(crc32fast::Hasher),
}

impl Running {
    pub(super) fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha1 => Self::Digest(Box::new(Sha1::default())),
            Algorithm::Sha256 => Self::Digest(Box::new(Sha256::default())),
            Algorithm::Sha512 => Self::Digest(Box::new(Sha512::default())),
            Algorithm::Md5 => Self::Digest(Box::new(Md5::default())),
            Algorithm::Crc32 => Self::Crc32(crc32fast::Hasher::new()),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Digest(digest) => digest.update(bytes),
            Self::Crc32(crc) => crc.update(bytes),
        }
    }

    pub(super) fn matches(self, expected: &[u8]) -> bool {
        match self {
            Self::Digest(digest) => digest.finalize().as_ref() == expected,
            Self::Crc32(crc) => crc.finalize().to_be_bytes() == expected,
        }
    }
}
