//! Authorization of requests for an upload: the secret in its URL, and the caller.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use crate::model::{Digest, PersonId, Random};

/// The credentials of a request for an upload.
#[derive(Clone)]
pub struct Access {
    /// The secret of the URL.
    pub secret: Secret,
    /// The verified caller, if any. A caller who does not own the upload is rejected even with the
    /// right secret.
    pub caller: Option<PersonId>,
}

/// A capability of 128 random bits in the upload's URL. The database has only its hash, so a secret from
/// a client may be any text.
#[derive(Clone)]
pub struct Secret(pub String);

impl Secret {
    pub(super) fn mint(random: &Random) -> Self {
        Self(URL_SAFE_NO_PAD.encode(random.bytes::<16>()))
    }

    pub(super) fn hash(&self) -> Digest {
        Digest::new(Sha256::digest(&self.0).into())
    }
}

/// Compares hashes in constant time.
pub(super) fn is_equal(one: &Digest, other: &Digest) -> bool {
    one.as_bytes().ct_eq(other.as_bytes()).into()
}
