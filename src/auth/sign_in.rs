//! One-time codes: requested for a BIN or IIN, exchanged for a session.

use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq as _;

use super::email_mask;
use super::service::Auth;
use super::tokens::{MintError, RefreshToken, TokenError, TokenPair, TokenSubject};
use crate::database::{CodeRequestOutcome, DatabaseError, NewChallenge, NewSession};
use crate::model::{Biin, ChallengeId, DeviceId, Person, Role, SessionId};

#[derive(Debug, Clone)]
pub struct CodeRequest {
    pub biin: Biin,
    pub role: Role,
    pub device: DeviceId,
    /// Push token of the device; empty: no push.
    pub fcm: String,
    /// As typed; empty for a director.
    pub mobile: String,
    /// Empty for a director.
    pub first_name: String,
    /// The key of the client's network, for the rate limits.
    pub address: String,
}

#[derive(Debug, Clone)]
pub struct SignInRequest {
    pub biin: Biin,
    /// Must be the device that requested the code.
    pub device: DeviceId,
    pub code: String,
}

pub struct SignedIn {
    pub person: Person,
    pub pair: TokenPair,
}

/// Why a code, a sign-in or a refresh is refused.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Too many codes were requested; the next one is allowed after this time.
    #[error("too many codes were requested")]
    RateLimited(SignedDuration),
    /// Wrong, used, replaced by a newer one, or blocked after too many attempts.
    #[error("the code is not valid")]
    InvalidCode,
    #[error("the code has expired")]
    ExpiredCode,
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The refresh token had been used already; its session has been ended.
    #[error("the refresh token had been used already")]
    TokenReused,
    /// The session has ended, or the person or the company is inactive.
    #[error("the session has ended")]
    SessionEnded,
    #[error(transparent)]
    Mint(#[from] MintError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Auth {
    /// Mails a code to the owner of a BIN or IIN and returns the masked address. An unknown BIN runs the
    /// same statements and returns a decoy, so neither the response nor its timing reveals which exist.
    pub async fn request_code(&self, request: CodeRequest) -> Result<String, SignInError> {
        let biin = request.biin.clone();
        if !biin.has_valid_check_digit() {
            tracing::info!(biin = biin.masked(), "BIN or IIN with a wrong check digit");
        }
        let context = self.enqueue_context();
        let challenge = self.new_challenge(request, context.now);
        let limits = &self.config.limits;
        let judge = |traffic: &_| limits.judge(traffic, challenge.now);
        let outcome =
            self.database.request_code(&challenge, limits.windows(), judge, &context).await?;
        self.wakeup.notify_one();
        // Computed in any case, so that both cases take the same time.
        let decoy = email_mask::decoy(&self.decoy_key, &biin);
        match outcome {
            CodeRequestOutcome::Sent(address) => Ok(email_mask::masked(&address)),
            CodeRequestOutcome::NoRecipient => Ok(decoy),
            CodeRequestOutcome::Wait(wait) => {
                tracing::info!(biin = biin.masked(), "too many code requests");
                Err(SignInError::RateLimited(wait))
            }
        }
    }

    fn new_challenge(&self, request: CodeRequest, now: Timestamp) -> NewChallenge {
        let CodeRequest { biin, role, device, fcm, mobile, first_name, address } = request;
        NewChallenge {
            id: ChallengeId::mint(&self.clock, &self.random),
            biin,
            role,
            device,
            fcm,
            mobile,
            first_name,
            address,
            now,
            expires_at: now + self.config.otp_ttl,
        }
    }

    /// Opens a session with the code that this device requested last.
    pub async fn sign_in(&self, request: &SignInRequest) -> Result<SignedIn, SignInError> {
        let latest = self.database.latest_challenge(&request.biin, &request.device).await?;
        let Some(challenge) = latest.filter(|challenge| challenge.open) else {
            return Err(SignInError::InvalidCode);
        };
        if self.clock.now() > challenge.expires_at {
            return Err(SignInError::ExpiredCode);
        }
        let code = self.code_of(challenge.id);
        if !bool::from(code.as_bytes().ct_eq(request.code.as_bytes())) {
            let limit = self.config.limits.wrong_per_code;
            self.database.count_wrong_code(challenge.id, limit).await?;
            return Err(SignInError::InvalidCode);
        }
        let session = self.new_session(request.device.clone(), String::new());
        let opened = self.database.redeem_code(challenge.id, session.clone()).await?;
        // None: a concurrent request used or blocked the code, or the company became inactive.
        let opened = opened.ok_or(SignInError::InvalidCode)?;
        let pair = self.first_pair(opened.person, opened.biin, &session, self.access_ttl())?;
        Ok(SignedIn { person: opened.person, pair })
    }

    /// Opens a session for a person who has been authenticated in another way.
    pub async fn open_session(
        &self,
        person: &Person,
        device: DeviceId,
        fcm: &str,
        access_ttl: SignedDuration,
    ) -> Result<TokenPair, SignInError> {
        let session = self.new_session(device, fcm.to_owned());
        let biin = self.database.open_session(person, &session).await?;
        let biin = biin.ok_or(SignInError::SessionEnded)?;
        self.first_pair(*person, biin, &session, access_ttl)
    }

    fn new_session(&self, device: DeviceId, fcm: String) -> NewSession {
        let now = self.clock.now();
        let ttl = self.config.refresh_ttl;
        let ttl = self.config.refresh_at_most.map_or(ttl, |limit| limit.min(ttl));
        NewSession {
            id: SessionId::mint(&self.clock, &self.random),
            device,
            fcm,
            rti: self.tokens.new_rti(),
            expires_at: now + ttl,
            now,
        }
    }

    fn first_pair(
        &self,
        person: Person,
        biin: String,
        session: &NewSession,
        access_ttl: SignedDuration,
    ) -> Result<TokenPair, SignInError> {
        let uuid = session.device.as_str().to_owned();
        let subject = TokenSubject { person, biin, uuid, session: session.id.to_string() };
        let NewSession { rti, now: issued_at, expires_at, .. } = *session;
        let refresh = RefreshToken { rti, issued_at, expires_at };
        Ok(self.tokens.mint_pair(&subject, &refresh, access_ttl)?)
    }
}
