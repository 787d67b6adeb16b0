//! `Upload-Checksum`: the checksum of one request body.

use md5::Md5;
use sha1::Sha1;
use sha2::digest::DynDigest;
use sha2::{Sha256, Sha512};

use crate::model::word_enum;

word_enum! {
    /// By their names in `Upload-Checksum`, in the order in which they are advertised.
    Algorithm {
        /// The one that the tus specification requires.
        Sha1 = "sha1",
        Sha256 = "sha256",
        Sha512 = "sha512",
        Md5 = "md5",
        /// CRC-32 as in Ethernet and gzip, most significant byte first.
        Crc32 = "crc32",
    }
}

/// The checksum that a client states for a body.
#[derive(Debug, Clone)]
pub struct Checksum {
    pub algorithm: Algorithm,
    pub expected: Vec<u8>,
}

/// A checksum being computed.
pub(super) enum RunningChecksum {
    Digest(Box<dyn DynDigest + Send>),
    Crc32(crc32fast::Hasher),
}

impl RunningChecksum {
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
