//! Accounts with a password: who comes in by one.

mod keeping;
mod passwords;

use std::net::IpAddr;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use super::address::address_key;
use crate::database::{AccountRow, Database, DatabaseError};
use crate::model::{Clock, Network, Person, PersonId, Random, Recent};

pub use crate::database::AccountKind;
pub use keeping::{AccountError, NewLogin, OldPassword};
pub use passwords::HashError;

use passwords::Passwords;

/// The stretch in which failures count (S70).
const LATELY: SignedDuration = SignedDuration::from_secs(60);
/// How long an account is at home at an address from which it came in: 1C is a week on holiday, too.
const AT_HOME: SignedDuration = SignedDuration::from_hours(14 * 24);

/// The longest password that is looked at, in bytes.
const LONGEST_PASSWORD: usize = 256;
/// The longest name of an account, in characters.
const LONGEST_LOGIN: usize = 64;

/// What the settings say about accounts.
#[derive(Debug, Clone)]
pub struct AccountRules {
    /// Wrong passwords a minute, for one account and from one address.
    pub failures_per_minute: usize,
    /// How long the password before is good beside the new one.
    pub rotation_grace: SignedDuration,
    /// Passwords hashed at a time.
    pub hashing_at_once: usize,
    /// Passwords that wait for that.
    pub hashing_waiting: usize,
}

/// The accounts. Cheap to clone.
#[derive(Clone)]
pub struct Accounts(Arc<Inner>);

struct Inner {
    database: Database,
    clock: Clock,
    random: Random,
    passwords: Passwords,
    failures: Recent,
    /// From where accounts came in. Of this process only, as failures are.
    homes: Recent,
    rotation_grace: SignedDuration,
}

/// A name, a password, and where they came from.
#[derive(Debug)]
pub struct Attempt {
    /// The name.
    pub login: String,
    /// The password.
    pub password: SecretString,
    /// The client's address.
    pub address: IpAddr,
}

/// Somebody whose password was right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entered {
    /// The account.
    pub login: String,
    /// Who, when it is a reviewer's.
    pub reviewer: Option<Reviewer>,
}

/// Somebody who watches and decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reviewer {
    /// Who.
    pub person: Person,
    /// What they are called.
    pub name: String,
}

/// Why nobody comes in.
#[derive(Debug, thiserror::Error)]
pub enum EnterError {
    /// No such account, or not this password: nobody learns which.
    #[error("login or password is wrong")]
    Wrong,
    /// The password is right, but the account is not for this address.
    #[error("this account may not be used from here")]
    Elsewhere,
    /// Too many wrong ones lately (S70).
    #[error("too many wrong passwords")]
    LockedOut {
        /// How long that lasts.
        wait: SignedDuration,
    },
    /// Too many at this moment.
    #[error("too many passwords are being checked")]
    Busy,
    /// The database is away: ask again.
    #[error("the database is away")]
    Away(#[source] DatabaseError),
    /// Ours to mend.
    #[error("something is broken")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl From<DatabaseError> for EnterError {
    fn from(error: DatabaseError) -> Self {
        if error.is_transient() { Self::Away(error) } else { Self::Internal(error.into()) }
    }
}

impl From<HashError> for EnterError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::Broken => Self::Internal(error.into()),
        }
    }
}

impl Accounts {
    /// The accounts of this database.
    #[must_use]
    pub fn new(database: Database, clock: Clock, random: Random, rules: &AccountRules) -> Self {
        let AccountRules { failures_per_minute, rotation_grace, .. } = *rules;
        let (at_once, waiting) = (rules.hashing_at_once, rules.hashing_waiting);
        let passwords = Passwords::new(at_once, waiting, random.clone());
        let failures = Recent::new(failures_per_minute, LATELY);
        let homes = Recent::new(1, AT_HOME);
        Self(Arc::new(Inner {
            database,
            clock,
            random,
            passwords,
            failures,
            homes,
            rotation_grace,
        }))
    }

    /// Lets somebody in by name and password. Unknown names cost what known ones cost.
    ///
    /// # Errors
    /// When the account, the password or the address is not right, there were too many wrong tries,
    /// or the database fails.
    pub async fn enter(&self, kind: AccountKind, by: &Attempt) -> Result<Entered, EnterError> {
        let now = self.0.clock.now();
        let row = self.account(kind, &by.login).await?;
        let here = row.as_ref().is_none_or(|row| is_open_to(row, by.address));
        let keys = self.failure_keys(kind, by, here, now);
        self.check_failures(&keys, now)?;
        let still = || self.check_failures(&keys, now).is_ok();
        let hashes = hashes(row.as_ref(), now);
        let wrong = self.noting(keys.clone(), now);
        match self.0.passwords.fits(&shortened(&by.password), hashes, still, wrong).await? {
            Some(true) => {
                let entered = self.admitted(row, here).await?;
                self.0.homes.note(&home_key(kind, by), now);
                Ok(entered)
            }
            Some(false) => Err(EnterError::Wrong),
            // Others have used up the tries meanwhile.
            None => Err(self.check_failures(&keys, now).err().unwrap_or(EnterError::Busy)),
        }
    }

    /// The active account of this name. What can be no name is not looked up: a database may choke on
    /// it. It costs the hashes nevertheless.
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

    /// By what failures are counted: by the address, and by the account. Strangers must not be able to
    /// lock an account: not those from where it may not be used, nor others at the address where it is
    /// at home. There its failures are counted apart, and as many.
    fn failure_keys(
        &self,
        kind: AccountKind,
        by: &Attempt,
        here: bool,
        now: Timestamp,
    ) -> Vec<String> {
        let home = home_key(kind, by);
        let at_home = self.0.homes.has_happened(&home, now);
        let account = if at_home { home } else { login_key(kind, &by.login) };
        let account = here.then_some(account);
        [Some(address_key(by.address)), account].into_iter().flatten().collect()
    }

    fn noting(&self, keys: Vec<String>, now: Timestamp) -> impl FnOnce() + Send + 'static {
        let inner = Arc::clone(&self.0);
        move || {
            for key in &keys {
                inner.failures.note(key, now);
            }
        }
    }

    fn check_failures(&self, keys: &[String], now: Timestamp) -> Result<(), EnterError> {
        let wait = keys.iter().filter_map(|key| self.0.failures.too_often(key, now)).max();
        wait.map_or(Ok(()), |wait| Err(EnterError::LockedOut { wait }))
    }

    /// A reviewer has to be somebody who may still act (S17).
    async fn admitted(&self, row: Option<AccountRow>, here: bool) -> Result<Entered, EnterError> {
        let Some(row) = row else { return Err(EnterError::Wrong) };
        if !here {
            return Err(EnterError::Elsewhere);
        }
        let reviewer = match row.person {
            Some(person) => Some(self.reviewer(person).await?),
            None => None,
        };
        Ok(Entered { login: row.login, reviewer })
    }

    async fn reviewer(&self, id: PersonId) -> Result<Reviewer, EnterError> {
        let person = self.0.database.active_person(id).await?.ok_or(EnterError::Wrong)?;
        let name = self.0.database.person_name(id).await?.unwrap_or_default();
        Ok(Reviewer { person, name })
    }
}

/// An account at an address. Addresses have no blanks, and no other key begins with one and has one.
fn home_key(kind: AccountKind, by: &Attempt) -> String {
    format!("{} {}", address_key(by.address), login_key(kind, &by.login))
}

fn login_key(kind: AccountKind, login: &str) -> String {
    // Whatever is sent as a name, its key is short.
    let name: String = login.chars().take(LONGEST_LOGIN).collect();
    format!("{} {name}", kind.as_str())
}

/// More than anybody's password is as wrong as anything, and costs no more.
fn shortened(password: &SecretString) -> SecretString {
    use secrecy::ExposeSecret as _;

    if password.expose_secret().len() > LONGEST_PASSWORD { "".into() } else { password.clone() }
}

/// Today's password, and the one before while that is good.
fn hashes(row: Option<&AccountRow>, now: Timestamp) -> [Option<String>; 2] {
    let previous = |row: &AccountRow| {
        let good = row.previous_until.is_some_and(|until| now < until);
        (good && !row.previous_hash.is_empty()).then(|| row.previous_hash.clone())
    };
    [row.map(|row| row.password_hash.clone()), row.and_then(previous)]
}

/// A network that cannot be read lets nobody in.
fn is_open_to(row: &AccountRow, address: IpAddr) -> bool {
    let address = address.to_canonical();
    let holds = |text: &String| text.parse().is_ok_and(|net: Network| net.contains(address));
    row.networks.is_empty() || row.networks.iter().any(holds)
}
