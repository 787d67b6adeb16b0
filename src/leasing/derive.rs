//! Keys for other purposes than tokens.

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

/// A key of its own for `label`, made from the one secret by HMAC-SHA256: whoever learns it learns
/// neither the secret nor the key of another label.
#[must_use]
pub fn derive(secret: &SecretString, label: &str) -> [u8; 32] {
    // The MAC takes exactly one block without complaint; the secret, of any length, becomes one.
    let mut block = [0; 64];
    let hashed = Sha256::digest(secret.expose_secret());
    block.iter_mut().zip(hashed).for_each(|(byte, hashed)| *byte = hashed);
    Hmac::<Sha256>::new(&block.into()).chain_update(label).finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::derive;

    #[test]
    fn each_label_and_each_secret_has_its_own_key() {
        let secret = "a-secret-of-at-least-thirty-two-bytes".into();
        let other = "b-secret-of-at-least-thirty-two-bytes".into();
        assert_eq!(derive(&secret, "links"), derive(&secret, "links"));
        assert_ne!(derive(&secret, "links"), derive(&secret, "codes"));
        assert_ne!(derive(&secret, "links"), derive(&other, "links"));
    }
}
