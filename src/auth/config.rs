//! Settings of sign-in.

use std::ops::RangeInclusive;

use jiff::SignedDuration;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, de::Error};

use super::limits::Limits;

/// As long as the output of the HMAC-SHA-256 that is keyed with it.
const MIN_SECRET_BYTES: usize = 32;

/// With fewer digits, five guesses succeed too often.
const OTP_DIGITS: RangeInclusive<u32> = 4..=8;

/// The secret of every example configuration that we publish.
const SAMPLE_SECRET: &str = "sample-secret-replace-it-with-your-own";

/// `[auth]`: tokens, one-time codes, password hashing.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Signs tokens and links. Has no default.
    #[serde(deserialize_with = "strong_secret")]
    pub secret: Option<SecretString>,
    pub access_ttl: SignedDuration,
    /// Starts again at each refresh.
    pub refresh_ttl: SignedDuration,
    pub otp_ttl: SignedDuration,
    #[serde(deserialize_with = "otp_digits")]
    pub otp_digits: u32,
    /// How long a device stays confirmed.
    pub confirmed_for: SignedDuration,
    /// How long a device stays known after its last session was used.
    pub known_for: SignedDuration,
    /// How long a used refresh token still gets the response of its first use.
    pub refresh_grace: SignedDuration,
    /// The longest life of a session, however often it is refreshed; not set: no limit.
    pub refresh_at_most: Option<SignedDuration>,
    /// The claim `iss`: written into tokens and required of them.
    pub issuer: String,
    pub purge_every: SignedDuration,
    /// At least a day, because the limits count over a day.
    pub purge_after: SignedDuration,
    /// Rows of one kind per purge.
    pub purge_batch: u32,
    pub limits: Limits,
    /// Account passwords hashed at a time.
    pub hashing_at_once: usize,
    /// Account passwords that may wait to be hashed.
    pub hashing_waiting: usize,
}

fn otp_digits<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let digits = u32::deserialize(from)?;
    if OTP_DIGITS.contains(&digits) {
        return Ok(digits);
    }
    Err(D::Error::custom("must be from 4 to 8"))
}

/// Rejects a secret that is short or published.
fn strong_secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SecretString>, D::Error> {
    let secret = Option::<SecretString>::deserialize(from)?;
    let Some(text) = secret.as_ref().map(ExposeSecret::expose_secret) else { return Ok(None) };
    if text == SAMPLE_SECRET {
        return Err(D::Error::custom("is the published secret of the samples; set your own"));
    }
    if text.len() < MIN_SECRET_BYTES {
        return Err(D::Error::custom(format!("must have at least {MIN_SECRET_BYTES} bytes")));
    }
    Ok(secret)
}
