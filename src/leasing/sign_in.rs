//! Signing in: a code by mail (E1), and what the right one opens (E2).

use jiff::{SignedDuration, Timestamp};
use subtle::ConstantTimeEq as _;

use super::tokens::Lineage;
use super::{Bearer, Leasing, MintError, TokenError, TokenPair, mailbox};
use crate::database::{CodeRequestOutcome, DatabaseError, NewChallenge, NewSession};
use crate::model::{Biin, ChallengeId, DeviceId, EventId, Person, Role, SessionId};

/// What somebody says who wants a code.
#[derive(Debug, Clone)]
pub struct Asking {
    /// BIN or IIN.
    pub biin: Biin,
    /// As whom.
    pub role: Role,
    /// On which device.
    pub device: DeviceId,
    /// Where the device is told; empty: nowhere.
    pub fcm: String,
    /// Telephone; empty for a director.
    pub mobile: String,
    /// First name; empty for a director.
    pub first_name: String,
    /// From which network, for the limits.
    pub address: String,
}

/// What somebody says who has a code.
#[derive(Debug, Clone)]
pub struct Login {
    /// BIN or IIN.
    pub biin: Biin,
    /// The device for which the code was asked (S6).
    pub device: DeviceId,
    /// The code.
    pub code: String,
}

/// Who has come in, with their tokens.
pub struct SignedIn {
    /// Who.
    pub person: Person,
    /// Their tokens.
    pub pair: TokenPair,
}

/// Why somebody does not come in.
#[derive(Debug, thiserror::Error)]
pub enum SignInError {
    /// Codes were asked for too often (S3, S4).
    #[error("codes were asked for too often")]
    TooOften(SignedDuration),
    /// Not the code, or not any more: used, burned, replaced, for another device.
    #[error("the code is not valid")]
    WrongCode,
    /// The code is too old (S5).
    #[error("the code has expired")]
    OldCode,
    /// The refresh token is not taken.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// The refresh token was used before; its session has been ended (S16).
    #[error("the token was used before")]
    Reused,
    /// The session has ended, or the person may no longer act (S17).
    #[error("the session has ended")]
    Ended,
    /// The database is away: ask again.
    #[error("the database is away")]
    Away(#[source] DatabaseError),
    /// Ours to mend.
    #[error("something is broken")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<DatabaseError> for SignInError {
    fn from(error: DatabaseError) -> Self {
        if error.is_transient() { Self::Away(error) } else { Self::Internal(error.into()) }
    }
}

impl From<MintError> for SignInError {
    fn from(error: MintError) -> Self {
        Self::Internal(error.into())
    }
}

impl Leasing {
    /// Sends a code to the owner of a BIN or IIN; gives the mask of where it went. Who does not know
    /// whether there is such an owner learns nothing (S1).
    ///
    /// # Errors
    /// When codes were asked for too often, or the database fails.
    pub async fn ask_for_code(&self, asking: Asking) -> Result<String, SignInError> {
        let biin = asking.biin.clone();
        if !biin.checks() {
            tracing::info!(biin = biin.masked(), "the check digit is wrong");
        }
        let new = self.new_challenge(asking);
        let limits = &self.tokens.auth.limits;
        let judge = |traffic: &_| limits.judge(traffic, new.now);
        let asked = self.database.request_code(&new, limits.windows(), judge).await?;
        self.wakeup.notify_one();
        // Made in any case: both ways take as long.
        let made_up = mailbox::made_up(&self.tokens.mailbox_key, &biin);
        match asked {
            CodeRequestOutcome::Sent(address) => Ok(mailbox::masked(&address)),
            CodeRequestOutcome::NoRecipient => Ok(made_up),
            CodeRequestOutcome::Wait(wait) => {
                tracing::info!(biin = biin.masked(), "codes are asked for too often");
                Err(SignInError::TooOften(wait))
            }
        }
    }

    fn new_challenge(&self, asking: Asking) -> NewChallenge {
        let (clock, random) = (&self.tokens.clock, &self.tokens.random);
        let now = clock.now();
        NewChallenge {
            id: ChallengeId::mint(clock, random),
            biin: asking.biin,
            role: asking.role,
            device: asking.device,
            fcm: asking.fcm,
            mobile: asking.mobile,
            first_name: asking.first_name,
            address: asking.address,
            now,
            expires_at: now + self.tokens.auth.otp_ttl,
            mail: EventId::mint(clock, random),
            warning: EventId::mint(clock, random),
        }
    }

    /// Opens a session for who has the code that was last asked for from this device.
    ///
    /// # Errors
    /// When the code is wrong or too old, or the database fails.
    pub async fn sign_in(&self, login: &Login) -> Result<SignedIn, SignInError> {
        let latest = self.database.latest_challenge(&login.biin, &login.device).await?;
        let Some(challenge) = latest.filter(|challenge| challenge.open) else {
            return Err(SignInError::WrongCode);
        };
        if self.tokens.clock.now() > challenge.expires_at {
            return Err(SignInError::OldCode);
        }
        let code = self.code_of(challenge.id);
        if !bool::from(code.as_bytes().ct_eq(login.code.as_bytes())) {
            let most = self.tokens.auth.limits.wrong_per_code;
            self.database.count_wrong_code(challenge.id, most).await?;
            return Err(SignInError::WrongCode);
        }
        let session = self.new_session(login.device.clone(), String::new());
        let let_in = self.database.redeem_code(challenge.id, session.clone()).await?;
        // Others have used it up or burned it in the meantime, or the company may no longer act.
        let let_in = let_in.ok_or(SignInError::WrongCode)?;
        let access_ttl = self.tokens.auth.access_ttl;
        let pair = self.first_pair(let_in.person, let_in.biin, &session, access_ttl)?;
        Ok(SignedIn { person: let_in.person, pair })
    }

    /// Opens a session for somebody who is known without a code, with access tokens of this life.
    ///
    /// # Errors
    /// When they may not act, or the database fails.
    pub async fn open_session(
        &self,
        person: &Person,
        device: DeviceId,
        fcm: &str,
        access_ttl: SignedDuration,
    ) -> Result<TokenPair, SignInError> {
        let session = self.new_session(device, fcm.to_owned());
        let biin = self.database.open_session(person, &session).await?;
        let biin = biin.ok_or(SignInError::Ended)?;
        self.first_pair(*person, biin, &session, access_ttl)
    }

    fn new_session(&self, device: DeviceId, fcm: String) -> NewSession {
        let (clock, random) = (&self.tokens.clock, &self.tokens.random);
        let now = clock.now();
        NewSession {
            id: SessionId::mint(clock, random),
            device,
            fcm,
            rti: self.tokens.new_rti(),
            expires_at: self.first_end(now),
            now,
        }
    }

    /// Until when the first refresh token of a session is good.
    fn first_end(&self, now: Timestamp) -> Timestamp {
        let auth = &self.tokens.auth;
        now + auth.refresh_at_most.map_or(auth.refresh_ttl, |most| most.min(auth.refresh_ttl))
    }

    fn first_pair(
        &self,
        person: Person,
        biin: String,
        session: &NewSession,
        access_ttl: SignedDuration,
    ) -> Result<TokenPair, SignInError> {
        let uuid = session.device.as_str().to_owned();
        let bearer = Bearer { person, biin, uuid, session: session.id.to_string() };
        let lineage =
            Lineage { rti: session.rti, made_at: session.now, expires_at: session.expires_at };
        Ok(self.tokens.pair(&bearer, &lineage, access_ttl)?)
    }
}
