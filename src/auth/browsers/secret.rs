//! The secret in a session cookie.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::model::{Digest, Random};

/// 256 random bits. The database stores only their hash.
#[derive(Clone)]
pub(super) struct Secret(String);

impl Secret {
    pub(super) fn new(random: &Random) -> Self {
        Self(URL_SAFE_NO_PAD.encode(random.bytes::<32>()))
    }

    pub(super) fn hash(&self) -> Digest {
        hash(&self.0)
    }

    pub(super) fn into_text(self) -> String {
        self.0
    }
}

/// The hash under which the session of a received secret is stored.
pub(super) fn hash(secret: &str) -> Digest {
    Digest::new(Sha256::digest(secret).into())
}
