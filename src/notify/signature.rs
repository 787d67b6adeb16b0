//! Signing as Standard Webhooks has it: HMAC-SHA-256 over `id.timestamp.body`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use super::Message;

/// What marks a secret written in base64.
const ENCODED: &str = "whsec_";
/// Standard Webhooks asks for 24 to 64 random bytes; less than this is guessed.
const FEWEST_BYTES: usize = 16;

/// The secret cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// There is none.
    #[error("there is no secret")]
    Missing,
    /// It begins as base64 and is not.
    #[error("what follows whsec_ must be base64")]
    NotBase64,
    /// It is too easily guessed.
    #[error("a secret has at least {FEWEST_BYTES} bytes")]
    Short,
}

/// The keys in use: one, or two while they change.
pub(super) struct Keys(Vec<standardwebhooks::Webhook>);

impl Keys {
    /// Reads secrets separated by blanks.
    pub(super) fn read(secrets: &SecretString) -> Result<Self, SecretError> {
        let keys: Vec<_> =
            secrets.expose_secret().split_whitespace().map(key).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(SecretError::Missing) } else { Ok(Self(keys)) }
    }

    /// The `webhook-signature` header: one signature a key, separated by blanks.
    pub(super) fn sign(&self, message: &Message<'_>, at: Timestamp) -> String {
        let (id, at, body) = (message.id.to_string(), at.as_second(), message.body.as_bytes());
        // Signing fails for a body that is not UTF-8 only, and this one is text.
        let signatures = self.0.iter().filter_map(|key| key.sign(&id, at, body).ok());
        signatures.collect::<Vec<_>>().join(" ")
    }
}

fn key(secret: &str) -> Result<standardwebhooks::Webhook, SecretError> {
    let bytes = match secret.strip_prefix(ENCODED) {
        Some(encoded) => STANDARD.decode(encoded).map_err(|_| SecretError::NotBase64)?,
        None => secret.as_bytes().to_vec(),
    };
    if bytes.len() < FEWEST_BYTES {
        return Err(SecretError::Short);
    }
    standardwebhooks::Webhook::from_bytes(bytes).map_err(|_| SecretError::NotBase64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(secrets: &str) -> Result<Keys, SecretError> {
        Keys::read(&SecretString::from(secrets))
    }

    #[test]
    fn both_keys_sign_while_they_change() {
        let keys = read("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD a plain text").err();
        assert_eq!(keys, Some(SecretError::Short));
        let keys = read("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD a-plain-text-secret").unwrap();
        let id = "0196c8a0-0000-7000-8000-000000000000".parse().unwrap();
        let header = keys.sign(&Message { id, body: "{}" }, Timestamp::UNIX_EPOCH);
        let signatures: Vec<&str> = header.split(' ').collect();
        assert_eq!(signatures.len(), 2);
        assert!(signatures.iter().all(|one| one.starts_with("v1,")));
        assert_ne!(signatures.first(), signatures.last());
    }

    #[test]
    fn secrets_that_protect_nothing_are_refused() {
        assert_eq!(read(" ").err(), Some(SecretError::Missing));
        assert_eq!(read("short").err(), Some(SecretError::Short));
        assert_eq!(read("whsec_AAAA").err(), Some(SecretError::Short));
        assert_eq!(read("whsec_???").err(), Some(SecretError::NotBase64));
    }
}
