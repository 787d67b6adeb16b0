//! Viewing links of the disk back end: signed by us, read back by us.
//!
//! The text is `base64url(mac ‖ claim)`, the claim is `path \n expiry \n file name`, and the MAC is
//! HMAC-SHA256 over the claim.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

use super::disposition::tidy;
use super::{StorageError, VideoKey};

/// Where the service serves these links.
pub(super) const MEDIA: &str = "/media/";
/// Keeps this use of the secret apart from every other.
const PURPOSE: &[u8] = b"forte-media viewing link 1\n";
const MAC_LENGTH: usize = 32;
/// A secret shorter than this (128 bits) can be guessed.
const SECRET_LENGTH: usize = 16;
/// No link of ours is longer, in characters.
const TEXT_LIMIT: usize = 1024;

/// A way to watch one video for a short while.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// With S3 a whole URL; with the disk back end a path to be put after our own public URL.
    pub url: String,
    /// From when on it is refused.
    pub expires_at: Timestamp,
}

/// A viewing link that does not open anything.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Not signed by us, or changed since.
    #[error("not a viewing link of ours")]
    Invalid,
    /// It was good, but is too old.
    #[error("the viewing link has expired")]
    Expired,
    /// The link is good, but the video cannot be had.
    #[error(transparent)]
    Store(#[from] StorageError),
}

/// What a good link says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Claim {
    pub(super) key: VideoKey,
    pub(super) filename: String,
}

/// Signs links and checks them.
pub(super) struct Signer(Hmac<Sha256>);

impl Signer {
    pub(super) fn new(secret: &[u8]) -> Result<Self, StorageError> {
        let wrong = |reason: String| StorageError::Setting { setting: "auth.secret", reason };
        if secret.len() < SECRET_LENGTH {
            return Err(wrong(format!("needs at least {SECRET_LENGTH} bytes")));
        }
        let mac: Hmac<Sha256> =
            Hmac::new_from_slice(secret).map_err(|error| wrong(error.to_string()))?;
        Ok(Self(mac.chain_update(PURPOSE)))
    }

    pub(super) fn link(&self, key: &VideoKey, filename: &str, expires_at: Timestamp) -> Link {
        let expiry = expires_at.as_microsecond();
        let claim = format!("{key}\n{expiry}\n{}", tidy(filename));
        let mut signed = self.mac(&claim).finalize().into_bytes().to_vec();
        signed.extend_from_slice(claim.as_bytes());
        Link { url: format!("{MEDIA}{}", URL_SAFE_NO_PAD.encode(signed)), expires_at }
    }

    /// Reads the part of the link after `/media/`.
    pub(super) fn open(&self, text: &str, now: Timestamp) -> Result<Claim, LinkError> {
        let claim = self.verified(text).ok_or(LinkError::Invalid)?;
        let (path, expiry, filename) = parts(&claim).ok_or(LinkError::Invalid)?;
        if now.as_microsecond() >= expiry {
            return Err(LinkError::Expired);
        }
        let key = VideoKey::from_path(path).ok_or(LinkError::Invalid)?;
        Ok(Claim { key, filename: filename.to_owned() })
    }

    fn verified(&self, text: &str) -> Option<String> {
        if text.len() > TEXT_LIMIT {
            return None;
        }
        let signed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (mac, claim) = signed.split_at_checked(MAC_LENGTH)?;
        let claim = std::str::from_utf8(claim).ok()?;
        // In constant time, says the crate.
        self.mac(claim).verify_slice(mac).ok()?;
        Some(claim.to_owned())
    }

    fn mac(&self, claim: &str) -> Hmac<Sha256> {
        self.0.clone().chain_update(claim)
    }
}

fn parts(claim: &str) -> Option<(&str, i64, &str)> {
    let (path, rest) = claim.split_once('\n')?;
    let (expiry, filename) = rest.split_once('\n')?;
    Some((path, expiry.parse().ok()?, filename))
}
