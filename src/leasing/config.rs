//! Settings of people and reports.

use std::ops::RangeInclusive;

use jiff::SignedDuration;
use jiff::tz::TimeZone;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, de::Error};

use super::Limits;
use crate::database::EmployeesSee;
use crate::model::VehicleGuid;

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
    /// How long a used refresh token may come again and get the same answer (S16).
    pub refresh_grace: SignedDuration,
    /// How long a session lives at most, however often it is used; not set: for ever (Q19).
    pub refresh_at_most: Option<SignedDuration>,
    /// Written into tokens, and asked of them.
    pub issuer: String,
    /// How often old sign-ins are forgotten.
    pub purge_every: SignedDuration,
    /// How old they are then; at least a day, over which the limits count.
    pub purge_after: SignedDuration,
    /// How many rows of a kind are forgotten at a time.
    pub purge_batch: u32,
    /// How often codes may be asked for and guessed.
    pub limits: Limits,
    /// Passwords of accounts hashed at a time.
    pub hashing_at_once: usize,
    /// Passwords of accounts that wait for that.
    pub hashing_waiting: usize,
}

/// `[leasing]`: the business side.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The zone of times that come without one.
    #[serde(deserialize_with = "jiff::fmt::serde::tz::required::deserialize")]
    pub time_zone: TimeZone,
    /// Longest side of a kept picture, in pixels.
    pub picture_side: u32,
    /// Memory that reading a picture may take, in bytes.
    pub picture_memory: u64,
    /// Pictures read at a time.
    pub pictures_at_once: usize,
    /// What a vehicle's QR code says.
    pub qr_template: Template,
    /// Whether a QR code is shown to people of the vehicle's company only.
    pub qr_requires_login: bool,
    /// QR codes a minute for one address (S62).
    pub qr_per_minute: usize,
    /// How long before its deadline a report is called to mind.
    pub remind_before: SignedDuration,
    /// How often such reports are looked for.
    pub remind_every: SignedDuration,
    /// How many reports are marked in one transaction.
    pub remind_batch: u32,
    /// How many rows of a list are read from the database at a time.
    pub list_page: u16,
    /// The most rows a client may ask for with `limit`.
    pub list_most: u16,
    /// What is written beside a report whose deadline has passed (Q11).
    pub expired_title: String,
    /// What drivers see, and are told of (Q37).
    pub employees_see: EmployeesSee,
    /// Whether directors find their employees in the answer to a sign-in (Q7).
    pub employees_in_profile: bool,
}

/// As in the document's example, or longer.
fn digits<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let digits = u32::deserialize(from)?;
    if DIGITS.contains(&digits) {
        return Ok(digits);
    }
    Err(D::Error::custom("it is from 4 to 8"))
}

/// A text with `{guid}` in it.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Template(String);

/// Where the vehicle's key comes in.
const GUID: &str = "{guid}";
/// The longest text of a code, in bytes: more makes it too fine for a phone.
const LONGEST_TEMPLATE: usize = 300;

impl Template {
    /// The text about this vehicle.
    pub(super) fn filled(&self, vehicle: VehicleGuid) -> String {
        self.0.replace(GUID, &vehicle.to_string())
    }
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.matches(GUID).count() != 1 || text.len() > LONGEST_TEMPLATE {
            return Err(format!("it needs {GUID} once, and at most {LONGEST_TEMPLATE} bytes"));
        }
        Ok(Self(text))
    }
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
