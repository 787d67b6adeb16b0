//! Keys and short HMACs derived from the one secret.

use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};

/// The label of the key behind [`totp_key`].
const TOTP_LABEL: &str = "codes of authenticator apps";

/// Derives a key for one purpose by HMAC-SHA256. The key reveals neither the secret nor the key of
/// another label.
pub fn derive_key(secret: &SecretString, label: &str) -> [u8; 32] {
    // The secret has any length; its hash fits into one block of the MAC.
    mac(&Sha256::digest(secret.expose_secret()).into(), label)
}

/// The key from which the TOTP keys of accounts are derived.
pub fn totp_key(secret: &SecretString) -> [u8; 32] {
    derive_key(secret, TOTP_LABEL)
}

/// HMAC-SHA256 of `text`.
pub(super) fn mac(key: &[u8; 32], text: &str) -> [u8; 32] {
    let mut block = [0; 64];
    block.iter_mut().zip(key).for_each(|(byte, key)| *byte = *key);
    Hmac::<Sha256>::new(&block.into()).chain_update(text).finalize().into_bytes().into()
}

/// The first `N` bytes of a MAC.
pub(super) fn prefix<const N: usize>(mac: &[u8; 32]) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.iter_mut().zip(mac).for_each(|(byte, mac)| *byte = *mac);
    bytes
}

#[cfg(test)]
mod tests {
    use super::derive_key;

    #[test]
    fn each_label_and_each_secret_gives_another_key() {
        let secret = "a-secret-of-at-least-thirty-two-bytes".into();
        let other = "b-secret-of-at-least-thirty-two-bytes".into();
        assert_eq!(derive_key(&secret, "links"), derive_key(&secret, "links"));
        assert_ne!(derive_key(&secret, "links"), derive_key(&secret, "codes"));
        assert_ne!(derive_key(&secret, "links"), derive_key(&other, "links"));
    }
}
