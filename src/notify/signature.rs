//! Signatures of Standard Webhooks: HMAC-SHA-256 over `id.timestamp.body`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};

use crate::model::EventId;

/// Marks a secret. It may be missing: the libraries of Standard Webhooks decode base64 in any case.
const PREFIX: &str = "whsec_";
/// Some services show a secret with the version of its signatures.
const VERSION: &str = "v1,";
/// Standard Webhooks recommends 24 to 64 random bytes; fewer than 16 can be guessed.
const MIN_LENGTH: usize = 16;

/// Why a webhook secret is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    #[error("no secret is set")]
    Missing,
    #[error(
        "a secret must be base64, because receivers decode it; create one with \
         `echo whsec_$(openssl rand -base64 32)`"
    )]
    NotBase64,
    #[error(
        "a secret must have at least {MIN_LENGTH} bytes; create one with \
         `echo whsec_$(openssl rand -base64 32)`"
    )]
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
    let encoded = secret.strip_prefix(VERSION).unwrap_or(secret);
    let encoded = encoded.strip_prefix(PREFIX).unwrap_or(encoded);
    let bytes = STANDARD.decode(encoded).map_err(|_| SecretError::NotBase64)?;
    if bytes.len() < MIN_LENGTH {
        return Err(SecretError::TooShort);
    }
    standardwebhooks::Webhook::from_bytes(bytes).map_err(|_| SecretError::NotBase64)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "3f1f0c7bd9a4e2586b7cf1a0934de8215c6b7a8f90e1d2c3b4a5968778695a4b";

    fn read(secrets: &str) -> Result<SigningKeys, SecretError> {
        SigningKeys::parse(&SecretString::from(secrets))
    }

    #[test]
    fn both_keys_sign_during_a_rotation() {
        let keys = read("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD a plain text").err();
        assert_eq!(keys, Some(SecretError::NotBase64));
        let keys =
            "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD whsec_bmV4dC1zZWNyZXQtb2YtdGhlLXdlYmhvb2s=";
        let keys = read(keys).unwrap();
        let id = "0196c8a0-0000-7000-8000-000000000000".parse().unwrap();
        let header = keys.sign(id, "{}", Timestamp::UNIX_EPOCH);
        let signatures: Vec<&str> = header.split(' ').collect();
        assert_eq!(signatures.len(), 2);
        assert!(signatures.iter().all(|one| one.starts_with("v1,")));
        assert_ne!(signatures.first(), signatures.last());
    }

    /// What a receiver computes with the secret as it is written in the settings.
    #[test]
    fn the_libraries_of_standard_webhooks_verify_every_accepted_spelling() {
        let id: EventId = "0196c8a0-0000-7000-8000-000000000000".parse().unwrap();
        for (secret, as_received) in [
            ("whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
            ("C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
            ("v1,whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"),
            // `openssl rand -hex 32` happens to be base64.
            (HEX, HEX),
        ] {
            let receiver = standardwebhooks::Webhook::new(as_received).unwrap();
            let sent = read(secret).unwrap().sign(id, "{}", Timestamp::UNIX_EPOCH);
            assert_eq!(sent, receiver.sign(&id.to_string(), 0, b"{}").unwrap(), "{secret}");
        }
    }

    #[test]
    fn weak_and_malformed_secrets_are_refused() {
        assert_eq!(read(" ").err(), Some(SecretError::Missing));
        assert_eq!(read("short").err(), Some(SecretError::NotBase64));
        assert_eq!(read("a-secret-in-words-of-some-length").err(), Some(SecretError::NotBase64));
        assert_eq!(read("whsec_AAAA").err(), Some(SecretError::TooShort));
        assert_eq!(read("whsec_???").err(), Some(SecretError::NotBase64));
    }
}
