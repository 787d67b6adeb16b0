//! One-time codes: requested for a BIN or IIN, exchanged for a session.

use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq as _;

use super::email_mask;
use super::service::Auth;
use super::tokens::{MintError, RefreshToken, TokenError, TokenPair, TokenSubject};
use crate::database::{
    CodeRequestOutcome, DatabaseError, Guess, GuessOutcome, NewChallenge, NewSession, RedeemedCode,
    SessionCredential,
};
use crate::model::{Biin, ChallengeId, DeviceId, Origin, Person, Role, SessionId};

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
    pub origin: Origin,
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
    /// The mail server refuses mails to the company's mailbox.
    #[error("mails to the company's mailbox are refused")]
    MailRefused,
    /// Wrong, used, replaced by a newer one, or blocked after too many attempts.
    #[error("the code is not valid")]
    InvalidCode,
    #[error("the code has expired")]
    ExpiredCode,
    /// Too many wrong codes were entered for the company: this device must be confirmed first.
    #[error("the device must be confirmed")]
    UnconfirmedDevice,
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The request names another device than the one that the token was given to.
    #[error("the token belongs to another device")]
    OtherDevice,
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
        let decide = |recent: &_| limits.decide_request(recent, self.has_links(), challenge.now);
        let outcome =
            self.database.request_code(&challenge, limits.windows(), decide, &context).await?;
        self.wakeup.notify_one();
        // Made in any case, so that both cases take the same time.
        let decoy = self.decoy(&biin).await?;
        match outcome {
            CodeRequestOutcome::Sent(address) => Ok(email_mask::masked(&address)),
            CodeRequestOutcome::NoRecipient => Ok(decoy),
            CodeRequestOutcome::Undeliverable => Err(SignInError::MailRefused),
            CodeRequestOutcome::Wait(wait) => {
                tracing::info!(biin = biin.masked(), "too many code requests");
                Err(SignInError::RateLimited(wait))
            }
        }
    }

    async fn decoy(&self, biin: &Biin) -> Result<String, DatabaseError> {
        let last = self.database.last_company().await?;
        let choice = email_mask::decoy_choice(&self.decoy_key, biin, last);
        let local = self.database.mailbox_from(choice.local).await?;
        let domain = self.database.mailbox_from(choice.domain).await?;
        Ok(email_mask::decoy(local.as_deref(), domain.as_deref()))
    }

    fn new_challenge(&self, request: CodeRequest, now: Timestamp) -> NewChallenge {
        let CodeRequest { biin, role, device, fcm, mobile, first_name, origin } = request;
        NewChallenge {
            id: ChallengeId::mint(&self.clock, &self.random),
            biin,
            role,
            device,
            fcm,
            mobile,
            first_name,
            origin,
            now,
            expires_at: now + self.config.otp_ttl,
        }
    }

    /// Opens a session with the code that this device requested last.
    pub async fn sign_in(&self, request: &SignInRequest) -> Result<SignedIn, SignInError> {
        let (session, refresh) = self.new_session(request.device.clone(), String::new());
        let RedeemedCode { person, biin } = self.redeem_code(request, &session).await?;
        let pair = self.first_pair(person, biin, &session, &refresh, self.access_ttl())?;
        Ok(SignedIn { person, pair })
    }

    /// Inserts this session if the code is the one that the device requested last.
    pub(super) async fn redeem_code(
        &self,
        request: &SignInRequest,
        session: &NewSession,
    ) -> Result<RedeemedCode, SignInError> {
        let latest = self.database.latest_challenge(&request.biin, &request.device).await?;
        let Some(challenge) = latest.filter(|challenge| challenge.open) else {
            return Err(SignInError::InvalidCode);
        };
        if self.clock.now() > challenge.expires_at {
            return Err(SignInError::ExpiredCode);
        }
        let code = self.code_of(challenge.id);
        let is_right = bool::from(code.as_bytes().ct_eq(request.code.as_bytes()));
        let guess = Guess { challenge: challenge.id, is_right, now: self.clock.now() };
        let limits = &self.config.limits;
        let decide = |traffic: &_| limits.decide_guess(traffic, self.has_links());
        match self.database.guess_code(guess, decide, session.clone()).await? {
            GuessOutcome::Redeemed(redeemed) => Ok(redeemed),
            GuessOutcome::Invalid => Err(SignInError::InvalidCode),
            GuessOutcome::Unconfirmed => Err(SignInError::UnconfirmedDevice),
        }
    }

    /// Opens a session for a person who has been authenticated in another way.
    pub async fn open_session(
        &self,
        person: &Person,
        device: DeviceId,
        fcm: &str,
        access_ttl: SignedDuration,
    ) -> Result<TokenPair, SignInError> {
        let (session, refresh) = self.new_session(device, fcm.to_owned());
        let biin = self.database.open_session(person, &session).await?;
        let biin = biin.ok_or(SignInError::SessionEnded)?;
        self.first_pair(*person, biin, &session, &refresh, access_ttl)
    }

    /// A new session of an app, with its first refresh token.
    fn new_session(&self, device: DeviceId, fcm: String) -> (NewSession, RefreshToken) {
        let now = self.clock.now();
        let ttl = self.config.refresh_ttl;
        let ttl = self.config.refresh_at_most.map_or(ttl, |limit| limit.min(ttl));
        let (rti, expires_at) = (self.tokens.new_rti(), now + ttl);
        let id = SessionId::mint(&self.clock, &self.random);
        let credential = SessionCredential::RefreshToken { rti, expires_at };
        let session = NewSession { id, device, fcm, credential, now };
        (session, RefreshToken { rti, issued_at: now, expires_at })
    }

    fn first_pair(
        &self,
        person: Person,
        biin: String,
        session: &NewSession,
        refresh: &RefreshToken,
        access_ttl: SignedDuration,
    ) -> Result<TokenPair, SignInError> {
        let uuid = session.device.as_str().to_owned();
        let subject = TokenSubject { person, biin, uuid, session: session.id.to_string() };
        Ok(self.tokens.mint_pair(&subject, refresh, access_ttl)?)
    }
}
