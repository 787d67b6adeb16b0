//! The secret in an upload's URL.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::model::{Digest, Random};

/// 128 bits nobody can guess (S23). Only its hash is kept.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    pub(super) fn mint(random: &Random) -> Self {
        Self(URL_SAFE_NO_PAD.encode(random.bytes::<16>()))
    }

    /// A secret as a client sent it. Any text will do: it is only ever hashed.
    #[must_use]
    pub fn presented(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text, for the URL that is given to the phone and nobody else.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    pub(super) fn hash(&self) -> Digest {
        Digest::new(Sha256::digest(&self.0).into())
    }

    pub(super) fn opens(&self, hash: &Digest) -> bool {
        self.hash().as_bytes().ct_eq(hash.as_bytes()).into()
    }
}
