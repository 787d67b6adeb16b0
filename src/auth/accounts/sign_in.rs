//! Sign-in by login and password.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::timeout;

use super::attempts::{Allowed, AttemptKeys, Attempts, LONGEST_LOGIN};
use super::passwords::{HashError, LONGEST_PASSWORD, Passwords};
use super::totp::TotpKey;
use crate::database::{AccountKind, AccountRow, Database, DatabaseError};
use crate::model::{Clock, Network, Person, PersonId, Random, RateLimiter, address_key};

/// How long an address stays known for an account after a sign-in from it. Longer than the holidays over
/// which 1C is switched off.
pub(in crate::auth) const ADDRESS_KNOWN_FOR: SignedDuration = SignedDuration::from_hours(14 * 24);

/// How often the last use of an address is stored.
const STORED_EVERY: SignedDuration = SignedDuration::from_hours(24);

/// How long a sign-in waits for that.
const STORE_WAIT: Duration = Duration::from_millis(300);

/// Settings of accounts, from several sections.
#[derive(Debug, Clone)]
pub struct AccountConfig {
    /// Wrong passwords per minute, for one account and for one address.
    pub failures_per_minute: usize,
    /// How long the previous password stays valid after a rotation.
    pub rotation_grace: SignedDuration,
    pub hashing_at_once: usize,
    pub hashing_waiting: usize,
    /// The keys of authenticator apps are derived from it. `None` without `auth.secret`: codes cannot be checked.
    pub totp_key: Option<[u8; 32]>,
    /// Whether every reviewer needs an authenticator app.
    pub require_totp: bool,
    /// The networks from which reviewers may sign in; empty: all.
    pub reviewer_networks: Vec<Network>,
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
    pub(super) totp_key: Option<[u8; 32]>,
    require_totp: bool,
    reviewer_networks: Vec<Network>,
    /// In memory of this process.
    attempts: Attempts,
    /// The (address, login) pairs that need not be stored again yet.
    stored: RateLimiter,
}

#[derive(Debug)]
pub struct Credentials {
    pub login: String,
    pub password: SecretString,
    /// The code from an authenticator app; empty if the client sent none.
    pub code: String,
    /// The client's address.
    pub address: IpAddr,
    /// Whether limits by address count it: not loopback, nor a trusted proxy.
    pub is_counted: bool,
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
    /// The password is right, but the account is disabled.
    #[error("this account is disabled")]
    Disabled,
    /// The password is right; the code of the authenticator app is missing.
    #[error("a code of the authenticator app is required")]
    CodeRequired,
    /// The password is right, but the code is wrong, or was used before.
    #[error("the code of the authenticator app is wrong, or was used before")]
    CodeInvalid,
    /// Every reviewer needs an authenticator app, and this account has none.
    #[error("this account needs an authenticator app; see `forte-media account totp`")]
    TotpNotSetUp,
    #[error("too many wrong passwords; try again later")]
    LockedOut { wait: SignedDuration },
    #[error("too many passwords are being checked; try again in a moment")]
    Busy,
    #[error("a password cannot be checked")]
    Hash,
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

const fn locked_out(wait: SignedDuration) -> AccountSignInError {
    AccountSignInError::LockedOut { wait }
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
            totp_key: config.totp_key,
            require_totp: config.require_totp,
            reviewer_networks: config.reviewer_networks.clone(),
            attempts: Attempts::new(config.failures_per_minute),
            stored: RateLimiter::new(1, STORED_EVERY),
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
        let address = credentials.address.to_canonical();
        let is_network_allowed = row.as_ref().is_none_or(|row| allows(&row.networks, address))
            && (kind != AccountKind::Reviewer || self.allows_reviewer(address));
        let is_known = self.is_known(credentials, now).await?;
        let keys = {
            let Credentials { login, address, is_counted, .. } = credentials;
            AttemptKeys::new((kind, login), (*address, *is_counted), is_network_allowed, is_known)
        };
        let attempts = &self.0.attempts;
        let allowed = attempts.check(&keys, now).map_err(locked_out)?;
        let hashes = hashes(row.as_ref(), now);
        // The limit may have been reached since.
        let may_try =
            || attempts.check(&keys, now).is_ok_and(|now| now.is_usual() == allowed.is_usual());
        let on_failure = self.count_failure(keys.clone(), allowed, now);
        let password = truncated(&credentials.password);
        match self.0.passwords.verify(&password, hashes, may_try, on_failure).await? {
            Some(true) => {
                let row = row.ok_or(AccountSignInError::InvalidCredentials)?;
                if !credentials.code.is_empty() {
                    attempts.check_code(&keys, now).map_err(locked_out)?;
                }
                let account = self.signed_in(row, is_network_allowed, &credentials.code).await;
                if let Err(AccountSignInError::CodeInvalid) = account {
                    attempts.count_wrong_code(&keys, now);
                    // A wrong code counts as a wrong password too.
                    self.count_failure(keys, allowed, now)();
                }
                let account = account?;
                self.remember_address(credentials, now).await;
                Ok(account)
            }
            Some(false) if allowed.is_usual() => Err(AccountSignInError::InvalidCredentials),
            // The account is locked, or concurrent attempts have used up the limit.
            _ => Err(match attempts.check(&keys, now) {
                Err(wait) | Ok(Allowed::WhileLocked { wait }) => locked_out(wait),
                Ok(Allowed::Usual) => AccountSignInError::Busy,
            }),
        }
    }

    /// Whether the account was used from this address before.
    async fn is_known(
        &self,
        Credentials { login, address, .. }: &Credentials,
        now: Timestamp,
    ) -> Result<bool, DatabaseError> {
        if !is_plausible_login(login) {
            return Ok(false);
        }
        self.0
            .database
            .is_known_address(login, &address_key(*address), now - ADDRESS_KNOWN_FOR)
            .await
    }

    /// Stores the address. A sign-in does not wait for a busy database, nor fail with it: the next one tries
    /// again.
    async fn remember_address(
        &self,
        Credentials { login, address, .. }: &Credentials,
        now: Timestamp,
    ) {
        let address = address_key(*address);
        let pair = format!("{address} {login}");
        if self.0.stored.is_recent(&pair, now) {
            return;
        }
        let recently = now - STORED_EVERY;
        let storing = self.0.database.remember_address(login, &address, now, recently);
        match timeout(STORE_WAIT, storing).await {
            Ok(Ok(())) => self.0.stored.record(&pair, now),
            Ok(Err(error)) => tracing::debug!(%error, "the address of an account is not stored"),
            Err(_) => tracing::debug!("the address of an account is not stored in time"),
        }
    }

    /// The account of this login. A login that is too long or has control characters is not
    /// looked up, since PostgreSQL rejects NUL; its sign-in costs the hashes all the same.
    async fn account(
        &self,
        kind: AccountKind,
        login: &str,
    ) -> Result<Option<AccountRow>, DatabaseError> {
        if !is_plausible_login(login) {
            return Ok(None);
        }
        let row = self.0.database.account(login).await?;
        Ok(row.filter(|row| row.kind == kind))
    }

    fn count_failure(
        &self,
        keys: AttemptKeys,
        allowed: Allowed,
        now: Timestamp,
    ) -> impl FnOnce() + Send + use<> + 'static {
        let inner = Arc::clone(&self.0);
        move || inner.attempts.count_failure(&keys, allowed, now)
    }

    /// The checks after the password: account, network, code, person.
    async fn signed_in(
        &self,
        row: AccountRow,
        is_network_allowed: bool,
        code: &str,
    ) -> Result<SignedInAccount, AccountSignInError> {
        if !row.active {
            return Err(AccountSignInError::Disabled);
        }
        if !is_network_allowed {
            return Err(AccountSignInError::AddressNotAllowed);
        }
        self.check_code(&row, code).await?;
        let reviewer = match row.person {
            Some(person) => Some(self.reviewer(person).await?),
            None => None,
        };
        Ok(SignedInAccount { login: row.login, reviewer })
    }

    /// Checks the TOTP code if the account has a key, and marks its time step as used.
    async fn check_code(&self, row: &AccountRow, code: &str) -> Result<(), AccountSignInError> {
        if row.totp_id.is_empty() {
            let is_missing = self.0.require_totp && row.kind == AccountKind::Reviewer;
            return if is_missing { Err(AccountSignInError::TotpNotSetUp) } else { Ok(()) };
        }
        let Some(key) = self.0.totp_key else { return Err(AccountSignInError::Hash) };
        let code: String = code.chars().filter(|char| !char.is_whitespace()).collect();
        if code.is_empty() {
            return Err(AccountSignInError::CodeRequired);
        }
        let key = TotpKey::new(&key, &row.totp_id);
        let step = key.matching_step(&code, self.0.clock.now());
        let step = step.ok_or(AccountSignInError::CodeInvalid)?;
        let is_first = self.0.database.use_totp_step(&row.login, step).await?;
        if is_first { Ok(()) } else { Err(AccountSignInError::CodeInvalid) }
    }

    /// Whether reviewers may use the service from this address.
    pub fn allows_reviewer(&self, address: IpAddr) -> bool {
        let networks = &self.0.reviewer_networks;
        let address = address.to_canonical();
        networks.is_empty() || networks.iter().any(|network| network.contains(address))
    }

    /// The person of a reviewer's account, who must be active.
    async fn reviewer(&self, id: PersonId) -> Result<Reviewer, AccountSignInError> {
        let person = self.0.database.active_person(id).await?;
        let person = person.ok_or(AccountSignInError::InvalidCredentials)?;
        let name = self.0.database.person_name(id).await?.unwrap_or_default();
        Ok(Reviewer { person, name })
    }
}

/// Whether a login may be sent to the database: not too long, and without control characters, of which
/// PostgreSQL rejects NUL.
fn is_plausible_login(login: &str) -> bool {
    login.chars().nth(LONGEST_LOGIN).is_none() && !login.chars().any(char::is_control)
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

/// Whether an account with these networks may be used from an address. A network that cannot be parsed allows
/// nothing.
pub(in crate::auth) fn allows(networks: &[String], address: IpAddr) -> bool {
    let contains = |text: &String| text.parse().is_ok_and(|net: Network| net.contains(address));
    networks.is_empty() || networks.iter().any(contains)
}
