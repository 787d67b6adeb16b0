//! Settings of people and reports.

use std::ops::RangeInclusive;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, de::Error};

/// Fewest bytes of the secret that signs tokens: as many as the HMAC-SHA-256 made with it (S15).
const SHORTEST_SECRET: usize = 32;

/// How many digits a code may have: with fewer, five guesses are too good a chance.
const DIGITS: RangeInclusive<u32> = 4..=8;

/// The secret in every configuration we ship as an example: known to all, so never taken (S15).
const SAMPLE_SECRET: &str = "sample-secret-replace-it-with-your-own";

/// `[auth]`: tokens and one-time codes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// What tokens and links are signed with; none until the owner sets one.
    #[serde(deserialize_with = "strong_secret")]
    pub secret: Option<SecretString>,
    /// How long an access token lives.
    pub access_ttl: SignedDuration,
    /// How long a refresh token lives, counted again at each use.
    pub refresh_ttl: SignedDuration,
    /// How long a one-time code can be used.
    pub otp_ttl: SignedDuration,
    /// How many digits a one-time code has.
    #[serde(deserialize_with = "digits")]
    pub otp_digits: u32,
    /// Written into tokens, and asked of them.
    pub issuer: String,
}

/// `[leasing]`: the business side.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The zone of times that come without one.
    #[serde(deserialize_with = "jiff::fmt::serde::tz::required::deserialize")]
    pub time_zone: TimeZone,
}

/// As in the document's example, or longer.
fn digits<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let digits = u32::deserialize(from)?;
    if DIGITS.contains(&digits) {
        return Ok(digits);
    }
    Err(D::Error::custom("it is from 4 to 8"))
}

/// Refuses a secret that can be guessed or that everybody has (S15).
fn strong_secret<'de, D: Deserializer<'de>>(from: D) -> Result<Option<SecretString>, D::Error> {
    let secret = Option::<SecretString>::deserialize(from)?;
    let Some(text) = secret.as_ref().map(ExposeSecret::expose_secret) else { return Ok(None) };
    if text == SAMPLE_SECRET {
        return Err(D::Error::custom("this is the secret of the samples, which everybody knows"));
    }
    if text.len() < SHORTEST_SECRET {
        return Err(D::Error::custom(format!("it needs at least {SHORTEST_SECRET} bytes")));
    }
    Ok(secret)
}
