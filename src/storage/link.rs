//! Playback links of the disk back end: signed and verified by this service.
//!
//! The last segment of a link is `base64url(mac ‖ payload)`. The payload is `path \n expiry \n file
//! name`, and the MAC is HMAC-SHA256 over the payload.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

use super::disposition::sanitize;
use super::error::StorageError;
use super::object::VideoKey;

/// Where the service serves these links.
pub(super) const MEDIA_PATH: &str = "/media/";
/// Domain separation: keeps this use of the secret apart from every other.
const DOMAIN: &[u8] = b"forte-media playback link 1\n";
const MAC_LENGTH: usize = 32;
/// 128 bits; anything shorter can be guessed.
const MIN_SECRET_LENGTH: usize = 16;
const MAX_TEXT_LENGTH: usize = 1024;

/// A link to watch one video until it expires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// With S3 a whole URL; with the disk back end a path relative to the service's public URL.
    pub url: String,
    pub expires_at: Timestamp,
}

/// Why a playback link is refused.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    #[error("the playback link is not signed by this service")]
    Invalid,
    #[error("the playback link has expired")]
    Expired,
    /// The link is valid, but the video cannot be opened.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

/// What a valid link refers to.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LinkTarget {
    pub(super) key: VideoKey,
    pub(super) filename: String,
}

/// Signs and verifies links.
pub(super) struct LinkSigner(Hmac<Sha256>);

impl LinkSigner {
    pub(super) fn new(secret: &[u8]) -> Result<Self, StorageError> {
        let wrong = |reason: String| StorageError::Setting { setting: "auth.secret", reason };
        if secret.len() < MIN_SECRET_LENGTH {
            return Err(wrong(format!("needs at least {MIN_SECRET_LENGTH} bytes")));
        }
        let mac: Hmac<Sha256> =
            Hmac::new_from_slice(secret).map_err(|error| wrong(error.to_string()))?;
        Ok(Self(mac.chain_update(DOMAIN)))
    }

    pub(super) fn sign(&self, key: &VideoKey, filename: &str, expires_at: Timestamp) -> Link {
        let expiry = expires_at.as_microsecond();
        let payload = format!("{key}\n{expiry}\n{}", sanitize(filename));
        let mut signed = self.mac(&payload).finalize().into_bytes().to_vec();
        signed.extend_from_slice(payload.as_bytes());
        Link { url: format!("{MEDIA_PATH}{}", URL_SAFE_NO_PAD.encode(signed)), expires_at }
    }

    /// Verifies the part of the link after `/media/`.
    pub(super) fn verify(&self, text: &str, now: Timestamp) -> Result<LinkTarget, LinkError> {
        let payload = self.verified_payload(text).ok_or(LinkError::Invalid)?;
        let (path, expiry, filename) = fields(&payload).ok_or(LinkError::Invalid)?;
        if now.as_microsecond() >= expiry {
            return Err(LinkError::Expired);
        }
        let key = VideoKey::from_path(path).ok_or(LinkError::Invalid)?;
        Ok(LinkTarget { key, filename: filename.to_owned() })
    }

    fn verified_payload(&self, text: &str) -> Option<String> {
        if text.len() > MAX_TEXT_LENGTH {
            return None;
        }
        let signed = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (mac, payload) = signed.split_at_checked(MAC_LENGTH)?;
        let payload = std::str::from_utf8(payload).ok()?;
        // Compares in constant time (documentation of the crate `hmac`).
        self.mac(payload).verify_slice(mac).ok()?;
        Some(payload.to_owned())
    }

    fn mac(&self, payload: &str) -> Hmac<Sha256> {
        self.0.clone().chain_update(payload)
    }
}

fn fields(payload: &str) -> Option<(&str, i64, &str)> {
    let (path, rest) = payload.split_once('\n')?;
    let (expiry, filename) = rest.split_once('\n')?;
    Some((path, expiry.parse().ok()?, filename))
}
