//! Sign-in by login and password.

use std::net::IpAddr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};

use super::passwords::{HashError, LONGEST_PASSWORD, Passwords};
use crate::database::{AccountKind, AccountRow, Database, DatabaseError};
use crate::model::{Clock, Network, Person, PersonId, Random, RateLimiter, address_key};

/// The window in which failures are counted.
const FAILURE_WINDOW: SignedDuration = SignedDuration::from_secs(60);
/// How long an address stays trusted for an account after a sign-in from it. Longer than the holidays
/// over which 1C is switched off.
const TRUSTED_FOR: SignedDuration = SignedDuration::from_hours(14 * 24);

/// In characters.
pub(super) const LONGEST_LOGIN: usize = 64;

/// Settings of accounts, from several sections.
#[derive(Debug, Clone)]
pub struct AccountConfig {
    /// Wrong passwords per minute, for one account and for one address.
    pub failures_per_minute: usize,
    /// How long the previous password stays valid after a rotation.
    pub rotation_grace: SignedDuration,
    pub hashing_at_once: usize,
    pub hashing_waiting: usize,
}

/// The accounts. Cheap to clone.
#[derive(Clone)]
pub struct Accounts(pub(super) Arc<Inner>);

pub(super) struct Inner {
    pub(super) database: Database,
    pub(super) clock: Clock,
    pub(super) random: Random,
    pub(super) passwords: Passwords,
    pub(super) rotation_grace: SignedDuration,
    failures: RateLimiter,
    /// (address, account) pairs of recent sign-ins. In memory of this process, as the failures are.
    trusted: RateLimiter,
}

#[derive(Debug)]
pub struct Credentials {
    pub login: String,
    pub password: SecretString,
    /// The client's address.
    pub address: IpAddr,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedInAccount {
    pub login: String,
    /// Set for a reviewer's account.
    pub reviewer: Option<Reviewer>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewer {
    pub person: Person,
    pub name: String,
}

/// Why a sign-in by password is refused.
#[derive(Debug, thiserror::Error)]
pub enum AccountSignInError {
    /// Unknown login or wrong password; the response does not say which.
    #[error("login or password is wrong")]
    InvalidCredentials,
    /// The password is right, but the account is limited to other networks.
    #[error("this account may not be used from this address")]
    AddressNotAllowed,
    #[error("too many wrong passwords; try again later")]
    LockedOut { wait: SignedDuration },
    #[error("too many passwords are being checked; try again in a moment")]
    Busy,
    #[error("a password cannot be checked")]
    Hash,
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl From<HashError> for AccountSignInError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::Failed => Self::Hash,
        }
    }
}

impl Accounts {
    pub fn new(database: Database, clock: Clock, random: Random, config: &AccountConfig) -> Self {
        let (at_once, waiting) = (config.hashing_at_once, config.hashing_waiting);
        Self(Arc::new(Inner {
            database,
            clock,
            passwords: Passwords::new(at_once, waiting, random.clone()),
            random,
            rotation_grace: config.rotation_grace,
            failures: RateLimiter::new(config.failures_per_minute, FAILURE_WINDOW),
            trusted: RateLimiter::new(1, TRUSTED_FOR),
        }))
    }

    /// Checks a login and password. An unknown login costs the same two hashes as a known one.
    pub async fn sign_in(
        &self,
        kind: AccountKind,
        credentials: &Credentials,
    ) -> Result<SignedInAccount, AccountSignInError> {
        let now = self.0.clock.now();
        let row = self.account(kind, &credentials.login).await?;
        let allowed = row.as_ref().is_none_or(|row| allows(row, credentials.address));
        let keys = self.failure_keys(kind, credentials, allowed, now);
        self.check_failures(&keys, now)?;
        let hashes = hashes(row.as_ref(), now);
        let may_try = || self.check_failures(&keys, now).is_ok();
        let on_failure = self.count_failure(keys.clone(), now);
        let password = truncated(&credentials.password);
        match self.0.passwords.verify(&password, hashes, may_try, on_failure).await? {
            Some(true) => {
                let account = self.signed_in(row, allowed).await?;
                self.0.trusted.record(&trusted_key(kind, credentials), now);
                Ok(account)
            }
            Some(false) => Err(AccountSignInError::InvalidCredentials),
            // Concurrent attempts have used up the limit.
            None => Err(self.check_failures(&keys, now).err().unwrap_or(AccountSignInError::Busy)),
        }
    }

    /// The active account of this login. A login that is too long or has control characters is not
    /// looked up, since PostgreSQL rejects NUL; its sign-in costs the hashes all the same.
    async fn account(
        &self,
        kind: AccountKind,
        login: &str,
    ) -> Result<Option<AccountRow>, DatabaseError> {
        let too_long = login.chars().nth(LONGEST_LOGIN).is_some();
        if too_long || login.chars().any(char::is_control) {
            return Ok(None);
        }
        let row = self.0.database.account(login).await?;
        Ok(row.filter(|row| row.kind == kind && row.active))
    }

    /// The keys under which failures are counted: the address and the account. A stranger must not be
    /// able to lock an account, so failures from networks that the account does not allow are not
    /// counted for it, and failures from a trusted address have a counter of their own.
    fn failure_keys(
        &self,
        kind: AccountKind,
        credentials: &Credentials,
        allowed: bool,
        now: Timestamp,
    ) -> Vec<String> {
        let trusted = trusted_key(kind, credentials);
        let is_trusted = self.0.trusted.is_recent(&trusted, now);
        let account = if is_trusted { trusted } else { login_key(kind, &credentials.login) };
        let account = allowed.then_some(account);
        [Some(address_key(credentials.address)), account].into_iter().flatten().collect()
    }

    fn count_failure(
        &self,
        keys: Vec<String>,
        now: Timestamp,
    ) -> impl FnOnce() + Send + use<> + 'static {
        let inner = Arc::clone(&self.0);
        move || keys.iter().for_each(|key| inner.failures.record(key, now))
    }

    fn check_failures(&self, keys: &[String], now: Timestamp) -> Result<(), AccountSignInError> {
        let wait = keys.iter().filter_map(|key| self.0.failures.retry_after(key, now)).max();
        wait.map_or(Ok(()), |wait| Err(AccountSignInError::LockedOut { wait }))
    }

    async fn signed_in(
        &self,
        row: Option<AccountRow>,
        allowed: bool,
    ) -> Result<SignedInAccount, AccountSignInError> {
        let row = row.ok_or(AccountSignInError::InvalidCredentials)?;
        if !allowed {
            return Err(AccountSignInError::AddressNotAllowed);
        }
        let reviewer = match row.person {
            Some(person) => Some(self.reviewer(person).await?),
            None => None,
        };
        Ok(SignedInAccount { login: row.login, reviewer })
    }

    /// The person of a reviewer's account, who must be active.
    async fn reviewer(&self, id: PersonId) -> Result<Reviewer, AccountSignInError> {
        let person = self.0.database.active_person(id).await?;
        let person = person.ok_or(AccountSignInError::InvalidCredentials)?;
        let name = self.0.database.person_name(id).await?.unwrap_or_default();
        Ok(Reviewer { person, name })
    }
}

/// Contains a blank after the address, so it equals no other key.
fn trusted_key(kind: AccountKind, credentials: &Credentials) -> String {
    format!("{} {}", address_key(credentials.address), login_key(kind, &credentials.login))
}

fn login_key(kind: AccountKind, login: &str) -> String {
    let login: String = login.chars().take(LONGEST_LOGIN).collect();
    format!("{} {login}", kind.as_str())
}

/// An overlong password becomes the empty one, which matches no account.
fn truncated(password: &SecretString) -> SecretString {
    if password.expose_secret().len() > LONGEST_PASSWORD { "".into() } else { password.clone() }
}

/// The hash of the current password, and of the previous one during the grace.
pub(super) fn hashes(row: Option<&AccountRow>, now: Timestamp) -> [Option<String>; 2] {
    let previous = |row: &AccountRow| {
        let valid = row.previous_until.is_some_and(|until| now < until);
        (valid && !row.previous_hash.is_empty()).then(|| row.previous_hash.clone())
    };
    [row.map(|row| row.password_hash.clone()), row.and_then(previous)]
}

/// A network that cannot be parsed allows nothing.
fn allows(row: &AccountRow, address: IpAddr) -> bool {
    let address = address.to_canonical();
    let contains = |text: &String| text.parse().is_ok_and(|net: Network| net.contains(address));
    row.networks.is_empty() || row.networks.iter().any(contains)
}
