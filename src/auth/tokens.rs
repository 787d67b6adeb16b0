//! Access and refresh tokens: HS256 JWTs with the claims of the owner's API document.
//!
//! A token identifies a person and a session. Rights are read from the database at each request.

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use utoipa::ToSchema;

use super::config::Config;
use super::keys::{derive_key, mac, prefix};
use crate::model::{Clock, Person, PersonId, Random, Role};

/// The claim `aud`. Tokens of the same issuer for another service are rejected.
const AUDIENCE: &str = "forte-media";

/// The label of the key behind `rtp` and `jti`.
const REFRESH_LABEL: &str = "refresh tokens";

/// Tolerated clock difference between nodes, in seconds.
const LEEWAY: i64 = 30;

/// Mints and verifies tokens.
pub struct Tokens {
    issuer: String,
    signing: EncodingKey,
    verifying: DecodingKey,
    validation: Validation,
    refresh_key: [u8; 32],
    clock: Clock,
    random: Random,
}

/// The person, device and session that a token is minted for.
#[derive(Debug, Clone)]
pub struct TokenSubject {
    pub person: Person,
    /// BIN or IIN of the company.
    pub biin: String,
    /// The id that the device chose for itself.
    pub uuid: String,
    /// Shared by all tokens that follow from one sign-in.
    pub session: String,
}

/// The row of a refresh token, from which its pair can be minted again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshToken {
    pub rti: i64,
    /// When both tokens of the pair were issued.
    pub issued_at: Timestamp,
    pub expires_at: Timestamp,
}

/// The claims of a token. Names and types of the first block are those of the API document.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Claims {
    /// Seconds since 1970.
    pub exp: i64,
    #[serde(rename = "type")]
    pub kind: TokenKind,
    /// Id of the refresh token; access tokens have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rti: Option<String>,
    /// Secret of the refresh token, 16 hex digits; access tokens have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rtp: Option<String>,
    /// Seconds since 1970.
    pub iat: i64,
    pub iss: String,
    /// BIN or IIN of the company.
    pub biin: String,
    pub company_id: i64,
    pub user_id: i64,
    /// The device.
    pub uuid: String,

    pub jti: String,
    pub aud: String,
    /// The session.
    pub sid: String,
    /// The role when the token was minted, for clients only: the server never relies on it.
    pub role: Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    /// Sent with every request.
    Access,
    /// Exchanged for a new pair.
    Refresh,
}

/// The response to a sign-in and to a refresh.
#[derive(Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct TokenPair {
    pub access_token: String,
    pub refresh_token: String,
}

/// Why a token is rejected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    #[error("the token has expired")]
    Expired,
    /// Not signed by us, altered, or issued in the future.
    #[error("the token is not valid")]
    Invalid,
    /// An access token where a refresh token is required, or the reverse.
    #[error("the token is of the wrong type")]
    WrongType,
}

#[derive(Debug, thiserror::Error)]
#[error("a token cannot be signed")]
pub struct MintError(#[from] jsonwebtoken::errors::Error);

impl Tokens {
    pub fn new(config: &Config, secret: &SecretString, clock: Clock, random: Random) -> Self {
        let key = secret.expose_secret().as_bytes();
        Self {
            issuer: config.issuer.clone(),
            signing: EncodingKey::from_secret(key),
            verifying: DecodingKey::from_secret(key),
            validation: validation(&config.issuer),
            refresh_key: derive_key(secret, REFRESH_LABEL),
            clock,
            random,
        }
    }

    pub fn mint_access(
        &self,
        subject: &TokenSubject,
        ttl: SignedDuration,
    ) -> Result<String, MintError> {
        self.sign(&self.claims(subject, TokenKind::Access, ttl))
    }

    /// Mints the pair of a refresh token. The same row always gives the same two tokens, so a response
    /// that was lost on the way can be sent again.
    pub fn mint_pair(
        &self,
        subject: &TokenSubject,
        refresh: &RefreshToken,
        access_ttl: SignedDuration,
    ) -> Result<TokenPair, MintError> {
        let mut claims = self.claims(subject, TokenKind::Access, access_ttl);
        let rti = refresh.rti.to_string();
        claims.iat = refresh.issued_at.as_second();
        claims.exp = claims.iat.saturating_add(access_ttl.as_secs());
        claims.jti = self.jti("access", &rti);
        let access_token = self.sign(&claims)?;
        claims.kind = TokenKind::Refresh;
        claims.exp = refresh.expires_at.as_second();
        claims.jti = self.jti("refresh", &rti);
        claims.rtp = Some(self.rtp(&rti));
        claims.rti = Some(rti);
        Ok(TokenPair { access_token, refresh_token: self.sign(&claims)? })
    }

    /// A random id for a refresh token: 62 bits, never 0, which means "none" in the database.
    pub(super) fn new_rti(&self) -> i64 {
        i64::from_be_bytes(self.random.bytes()).rem_euclid(1 << 62) + 1
    }

    fn jti(&self, kind: &str, rti: &str) -> String {
        hex::encode(prefix::<16>(&mac(&self.refresh_key, &format!("{kind} {rti}"))))
    }

    fn rtp(&self, rti: &str) -> String {
        hex::encode_upper(prefix::<8>(&mac(&self.refresh_key, &format!("secret {rti}"))))
    }

    pub fn verify_access(&self, token: &str) -> Result<Claims, TokenError> {
        self.verify(token, TokenKind::Access)
    }

    /// Also returns the id of the refresh token.
    pub fn verify_refresh(&self, token: &str) -> Result<(Claims, i64), TokenError> {
        let claims = self.verify(token, TokenKind::Refresh)?;
        let (Some(rti), Some(rtp)) = (&claims.rti, &claims.rtp) else {
            return Err(TokenError::Invalid);
        };
        let matches = bool::from(self.rtp(rti).as_bytes().ct_eq(rtp.as_bytes()));
        let id = rti.parse().ok().filter(|_| matches);
        id.map(|id| (claims, id)).ok_or(TokenError::Invalid)
    }

    fn verify(&self, token: &str, kind: TokenKind) -> Result<Claims, TokenError> {
        let decoded = decode::<Claims>(token, &self.verifying, &self.validation)
            .map_err(|_| TokenError::Invalid)?;
        // Our headers carry no `kid`, `jku`, `jwk`, `x5u` or other `typ`, so none is interpreted.
        if decoded.header != header() {
            return Err(TokenError::Invalid);
        }
        self.check_times(&decoded.claims)?;
        if decoded.claims.kind == kind { Ok(decoded.claims) } else { Err(TokenError::WrongType) }
    }

    fn claims(&self, subject: &TokenSubject, kind: TokenKind, ttl: SignedDuration) -> Claims {
        let now = self.clock.now().as_second();
        Claims {
            exp: now.saturating_add(ttl.as_secs()),
            kind,
            rti: None,
            rtp: None,
            iat: now,
            iss: self.issuer.clone(),
            biin: subject.biin.clone(),
            company_id: subject.person.company.0,
            user_id: subject.person.id.0,
            uuid: subject.uuid.clone(),
            jti: hex::encode(self.random.bytes::<16>()),
            aud: AUDIENCE.to_owned(),
            sid: subject.session.clone(),
            role: subject.person.role,
        }
    }

    fn sign(&self, claims: &Claims) -> Result<String, MintError> {
        Ok(encode(&header(), claims, &self.signing)?)
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
    pub const fn person(&self) -> PersonId {
        PersonId(self.user_id)
    }
}

/// `{"typ":"JWT","alg":"HS256"}` and nothing else.
fn header() -> Header {
    Header::new(Algorithm::HS256)
}

/// One algorithm, one issuer, one audience. Times are checked by [`Tokens::check_times`] because the
/// library reads the system clock. The type [`Claims`] requires every claim.
fn validation(issuer: &str) -> Validation {
    let mut validation = Validation::new(Algorithm::HS256);
    validation.required_spec_claims.clear();
    validation.validate_exp = false;
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[AUDIENCE]);
    validation
}
