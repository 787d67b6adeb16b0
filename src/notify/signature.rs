//! Signatures of Standard Webhooks: HMAC-SHA-256 over `id.timestamp.body`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use crate::model::EventId;

/// Marks a secret in base64.
const BASE64_PREFIX: &str = "whsec_";
/// Standard Webhooks recommends 24 to 64 random bytes; fewer than 16 can be guessed.
const MIN_LENGTH: usize = 16;

/// Why a webhook secret is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    #[error("no secret is set")]
    Missing,
    #[error("the text after whsec_ must be base64")]
    NotBase64,
    #[error("a secret must have at least {MIN_LENGTH} bytes")]
    TooShort,
}

/// The signing keys: one, or two during a rotation.
pub(super) struct SigningKeys(Vec<standardwebhooks::Webhook>);

impl SigningKeys {
    /// Parses secrets separated by blanks.
    pub(super) fn parse(secrets: &SecretString) -> Result<Self, SecretError> {
        let keys: Vec<_> =
            secrets.expose_secret().split_whitespace().map(key).collect::<Result<_, _>>()?;
        if keys.is_empty() { Err(SecretError::Missing) } else { Ok(Self(keys)) }
    }

    /// The `webhook-signature` header: one signature per key, separated by blanks.
    pub(super) fn sign(&self, id: EventId, body: &str, at: Timestamp) -> String {
        let (id, at, body) = (id.to_string(), at.as_second(), body.as_bytes());
        // Signing fails only for a body that is not UTF-8.
        let signatures = self.0.iter().filter_map(|key| key.sign(&id, at, body).ok());
        signatures.collect::<Vec<_>>().join(" ")
    }
}

fn key(secret: &str) -> Result<standardwebhooks::Webhook, SecretError> {
    let bytes = match secret.strip_prefix(BASE64_PREFIX) {
        Some(encoded) => STANDARD.decode(encoded).map_err(|_| SecretError::NotBase64)?,
        None => secret.as_bytes().to_vec(),
    };
    if bytes.len() < MIN_LENGTH {
        return Err(SecretError::TooShort);
    }
    standardwebhooks::Webhook::from_bytes(bytes).map_err(|_| SecretError::NotBase64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(secrets: &str) -> Result<SigningKeys, SecretError> {
        SigningKeys::parse(&SecretString::from(secrets))
    }

    #[test]
    fn both_keys_sign_during_a_rotation() {
        let keys = read("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD a plain text").err();
        assert_eq!(keys, Some(SecretError::TooShort));
        let keys = read("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD a-plain-text-secret").unwrap();
        let id = "0196c8a0-0000-7000-8000-000000000000".parse().unwrap();
        let header = keys.sign(id, "{}", Timestamp::UNIX_EPOCH);
        let signatures: Vec<&str> = header.split(' ').collect();
        assert_eq!(signatures.len(), 2);
        assert!(signatures.iter().all(|one| one.starts_with("v1,")));
        assert_ne!(signatures.first(), signatures.last());
    }

    #[test]
    fn weak_and_malformed_secrets_are_refused() {
        assert_eq!(read(" ").err(), Some(SecretError::Missing));
        assert_eq!(read("short").err(), Some(SecretError::TooShort));
        assert_eq!(read("whsec_AAAA").err(), Some(SecretError::TooShort));
        assert_eq!(read("whsec_???").err(), Some(SecretError::NotBase64));
    }
}
