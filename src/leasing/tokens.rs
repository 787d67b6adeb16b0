//! Tokens, as the document's own ones: HS256 JWTs with its claims (`forteleasing-api.md` §6.3).
//!
//! A token says who somebody is. What they may do is asked of the database ([`super::Leasing`]).

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;

use super::codes::{self, Codes, first, keyed};
use super::{Auth, derive, mailbox};
use crate::model::{Clock, Person, PersonId, Random, Role};

/// Whom our tokens are for; those for another service of the same issuer are not taken.
const AUDIENCE: &str = "forte-media";

/// What the key of refresh tokens is derived for.
const LINEAGE: &str = "refresh tokens";

/// How far another node's clock may be off, in seconds (S14).
const LEEWAY: i64 = 30;

/// Mints tokens and reads them back. Cheap enough to build once; share it.
pub struct Tokens {
    issuer: String,
    signing: EncodingKey,
    reading: DecodingKey,
    validation: Validation,
    /// What refresh tokens' secrets and both tokens' names are made with.
    lineage_key: [u8; 32],
    pub(super) mailbox_key: [u8; 32],
    pub(super) codes: Codes,
    pub(super) auth: Auth,
    pub(super) clock: Clock,
    pub(super) random: Random,
}

/// Whom a token is made for.
#[derive(Debug, Clone)]
pub struct Bearer {
    /// The person.
    pub person: Person,
    /// BIN or IIN of their company.
    pub biin: String,
    /// Their device, as it named itself (Q3).
    pub uuid: String,
    /// Name of the session: all tokens that follow from one sign-in share it.
    pub session: String,
}

/// Where a pair of tokens stands in its session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lineage {
    /// The number of the refresh token.
    pub rti: i64,
    /// When both were made.
    pub made_at: Timestamp,
    /// Until when the refresh token is good.
    pub expires_at: Timestamp,
}

/// What a token says. Names and types of the first block are the document's.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    /// End of its life, in seconds since 1970.
    pub exp: i64,
    /// What it opens.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// Number of the refresh token; only refresh tokens have one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rti: Option<String>,
    /// Secret of the refresh token: 16 hex digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtp: Option<String>,
    /// When it was made, in seconds since 1970.
    pub iat: i64,
    /// Who made it.
    pub iss: String,
    /// BIN or IIN of the company.
    pub biin: String,
    /// Number of the company.
    pub company_id: i64,
    /// Number of the person.
    pub user_id: i64,
    /// The device.
    pub uuid: String,

    /// Name of this one token.
    pub jti: String,
    /// Whom it is for.
    pub aud: String,
    /// The session.
    pub sid: String,
    /// The role at the time; for clients to look at, never relied upon.
    pub role: Role,
}

/// The two types of tokens (S13).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Goes with every request.
    Access,
    /// Only gets a new pair.
    Refresh,
}

/// What a sign-in and each refresh give (E2, E3).
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenPair {
    /// Goes with every request.
    pub access_token: String,
    /// Gets the next pair.
    pub refresh_token: String,
}

/// Why a token is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// It was good, but is too old.
    #[error("the token has expired")]
    Expired,
    /// Not one of ours, changed since, or from the future.
    #[error("the token is not valid")]
    Invalid,
    /// A refresh token where an access token is asked for, or the other way round (S13).
    #[error("this is a token of the other type")]
    WrongType,
}

/// A token could not be made.
#[derive(Debug, thiserror::Error)]
#[error("a token could not be made")]
pub struct MintError(#[from] jsonwebtoken::errors::Error);

impl Tokens {
    /// Tokens of this issuer, signed with `secret`.
    #[must_use]
    pub fn new(auth: &Auth, secret: &SecretString, clock: Clock, random: Random) -> Self {
        let key = secret.expose_secret().as_bytes();
        Self {
            issuer: auth.issuer.clone(),
            signing: EncodingKey::from_secret(key),
            reading: DecodingKey::from_secret(key),
            validation: validation(&auth.issuer),
            lineage_key: derive(secret, LINEAGE),
            mailbox_key: derive(secret, mailbox::LABEL),
            auth: auth.clone(),
            codes: Codes::new(derive(secret, codes::LABEL), auth.otp_digits),
            clock,
            random,
        }
    }

    /// A token that goes with every request for the time `ttl`.
    ///
    /// # Errors
    /// When the library cannot sign.
    pub fn mint_access(&self, bearer: &Bearer, ttl: SignedDuration) -> Result<String, MintError> {
        self.sign(&self.claims(bearer, Kind::Access, ttl))
    }

    /// The pair with this number: the same one as often as it is asked for, so that a lost answer can
    /// be given again (S16).
    ///
    /// # Errors
    /// When the library cannot sign.
    pub fn pair(
        &self,
        bearer: &Bearer,
        lineage: &Lineage,
        access_ttl: SignedDuration,
    ) -> Result<TokenPair, MintError> {
        let mut claims = self.claims(bearer, Kind::Access, access_ttl);
        let rti = lineage.rti.to_string();
        claims.iat = lineage.made_at.as_second();
        claims.exp = claims.iat.saturating_add(access_ttl.as_secs());
        claims.jti = self.name_of("access", &rti);
        let access_token = self.sign(&claims)?;
        claims.kind = Kind::Refresh;
        claims.exp = lineage.expires_at.as_second();
        claims.jti = self.name_of("refresh", &rti);
        claims.rtp = Some(self.secret_of(&rti));
        claims.rti = Some(rti);
        Ok(TokenPair { access_token, refresh_token: self.sign(&claims)? })
    }

    /// A number for a refresh token, drawn by chance.
    pub(super) fn new_rti(&self) -> i64 {
        // 62 bits, and never 0, which means "none".
        i64::from_be_bytes(self.random.bytes()).rem_euclid(1 << 62) + 1
    }

    fn name_of(&self, kind: &str, rti: &str) -> String {
        hex::encode(first::<16>(&keyed(&self.lineage_key, &format!("{kind} {rti}"))))
    }

    fn secret_of(&self, rti: &str) -> String {
        hex::encode_upper(first::<8>(&keyed(&self.lineage_key, &format!("secret {rti}"))))
    }

    /// Reads an access token back.
    ///
    /// # Errors
    /// When it is none of ours, is out of its time, or is a refresh token.
    pub fn verify_access(&self, token: &str) -> Result<Claims, TokenError> {
        let claims = self.signed_claims(token)?;
        self.check_times(&claims)?;
        match claims.kind {
            Kind::Access => Ok(claims),
            Kind::Refresh => Err(TokenError::WrongType),
        }
    }

    /// Reads a refresh token back, with its number.
    ///
    /// # Errors
    /// When it is none of ours, is out of its time, or is an access token.
    pub fn verify_refresh(&self, token: &str) -> Result<(Claims, i64), TokenError> {
        let claims = self.signed_claims(token)?;
        self.check_times(&claims)?;
        if claims.kind != Kind::Refresh {
            return Err(TokenError::WrongType);
        }
        let (Some(rti), Some(rtp)) = (&claims.rti, &claims.rtp) else {
            return Err(TokenError::Invalid);
        };
        let right = self.secret_of(rti).as_bytes().ct_eq(rtp.as_bytes());
        let number = rti.parse().ok().filter(|_| bool::from(right));
        number.map(|number| (claims, number)).ok_or(TokenError::Invalid)
    }

    fn claims(&self, bearer: &Bearer, kind: Kind, ttl: SignedDuration) -> Claims {
        let now = self.clock.now().as_second();
        Claims {
            exp: now.saturating_add(ttl.as_secs()),
            kind,
            rti: None,
            rtp: None,
            iat: now,
            iss: self.issuer.clone(),
            biin: bearer.biin.clone(),
            company_id: bearer.person.company.0,
            user_id: bearer.person.id.0,
            uuid: bearer.uuid.clone(),
            jti: hex::encode(self.random.bytes::<16>()),
            aud: AUDIENCE.to_owned(),
            sid: bearer.session.clone(),
            role: bearer.person.role,
        }
    }

    fn sign(&self, claims: &Claims) -> Result<String, MintError> {
        Ok(encode(&header(), claims, &self.signing)?)
    }

    /// Claims with our signature, issuer and audience.
    fn signed_claims(&self, token: &str) -> Result<Claims, TokenError> {
        let read = decode::<Claims>(token, &self.reading, &self.validation)
            .map_err(|_| TokenError::Invalid)?;
        // We never write `kid`, `jku`, `jwk`, `x5u` or another `typ`, so nobody has to read them
        // (S11, S12).
        if read.header == header() { Ok(read.claims) } else { Err(TokenError::Invalid) }
    }

    fn check_times(&self, claims: &Claims) -> Result<(), TokenError> {
        let now = self.clock.now().as_second();
        if claims.iat > now.saturating_add(LEEWAY) {
            return Err(TokenError::Invalid);
        }
        if claims.exp <= now.saturating_sub(LEEWAY) {
            return Err(TokenError::Expired);
        }
        Ok(())
    }
}

impl Claims {
    /// Whom the token is about.
    #[must_use]
    pub const fn person(&self) -> PersonId {
        PersonId(self.user_id)
    }
}

/// `{"typ":"JWT","alg":"HS256"}`, and nothing else.
fn header() -> Header {
    Header::new(Algorithm::HS256)
}

/// One algorithm, one issuer, one audience. Times are left to [`Tokens::check_times`]: the library
/// would ask the machine's clock, not ours. That every claim is there, the type [`Claims`] sees to.
fn validation(issuer: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[AUDIENCE]);
    validation
}
