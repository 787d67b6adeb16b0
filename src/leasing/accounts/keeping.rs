//! Making, rotating and closing accounts.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};

use super::{AccountKind, Accounts, HashError, LONGEST_LOGIN, LONGEST_PASSWORD};
use crate::database::{AccountOwner, AccountRow, DatabaseError, NewAccount, PasswordRotation};
use crate::model::Network;

/// The account of the public document: a sample, never to be used outside of a demonstration (Q42).
const SAMPLE_LOGIN: &str = "admin_1C";
const SAMPLE_PASSWORD: &str = "pass_1C";

/// The shortest password that is taken, in characters. Ours have 24.
const SHORTEST_PASSWORD: usize = 12;

/// An account to be made.
#[derive(Debug)]
pub struct NewLogin {
    /// Its name.
    pub login: String,
    /// Whom it is for.
    pub owner: AccountOwner,
    /// From where it may be used; empty: from everywhere.
    pub networks: Vec<Network>,
}

/// What becomes of the password that an account had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldPassword {
    /// It is good for the grace beside the new one.
    Graced,
    /// Somebody else may know it: it is good for nothing from now on, and the reviewer's sessions end.
    Refused,
}

/// Why an account is not made or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// The name is not one.
    #[error("a login has 1 to {LONGEST_LOGIN} letters, digits or . _ - @")]
    Login,
    /// The password is not one.
    #[error(
        "a password has {SHORTEST_PASSWORD} characters or more, at most {LONGEST_PASSWORD} bytes"
    )]
    Password,
    /// Everybody knows it (Q42).
    #[error(
        "{SAMPLE_LOGIN} and {SAMPLE_PASSWORD} are the document's sample, which everybody knows"
    )]
    Sample,
    /// There is one of this name.
    #[error("there is an account of this name already")]
    Taken,
    /// There is none of this name.
    #[error("there is no such account that is active")]
    Unknown,
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Accounts {
    /// A password nobody can guess: 144 bits in 24 characters that need no escaping anywhere.
    #[must_use]
    pub fn new_password(&self) -> SecretString {
        URL_SAFE_NO_PAD.encode(self.0.random.bytes::<18>()).into()
    }

    /// Makes an account.
    ///
    /// # Errors
    /// When its name or password cannot be, the name is taken, or the database fails.
    pub async fn add(&self, new: NewLogin, password: &SecretString) -> Result<(), AccountError> {
        check_login(&new.login)?;
        check_password(password)?;
        let account = NewAccount {
            login: new.login,
            owner: new.owner,
            password_hash: self.0.passwords.hash(password).await?,
            networks: new.networks.iter().map(ToString::to_string).collect(),
            now: self.0.clock.now(),
        };
        let added = self.0.database.add_account(&account).await?;
        if added { Ok(()) } else { Err(AccountError::Taken) }
    }

    /// Gives an account another password.
    ///
    /// # Errors
    /// When the password cannot be, there is no such active account, or the database fails.
    pub async fn rotate(
        &self,
        login: &str,
        password: &SecretString,
        old: OldPassword,
    ) -> Result<(), AccountError> {
        check_password(password)?;
        let now = self.0.clock.now();
        let rotation = PasswordRotation {
            login: login.to_owned(),
            password_hash: self.0.passwords.hash(password).await?,
            previous_until: (old == OldPassword::Graced).then(|| now + self.0.rotation_grace),
            now,
        };
        let rotated = self.0.database.rotate_account(&rotation).await?;
        if rotated { Ok(()) } else { Err(AccountError::Unknown) }
    }

    /// Lets an account open nothing any more.
    ///
    /// # Errors
    /// When there is no such account, or the database fails.
    pub async fn disable(&self, login: &str) -> Result<(), AccountError> {
        let disabled = self.0.database.disable_account(login).await?;
        if disabled { Ok(()) } else { Err(AccountError::Unknown) }
    }

    /// Every account, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn list(&self) -> Result<Vec<AccountRow>, AccountError> {
        Ok(self.0.database.accounts().await?)
    }

    /// Whether the document's sample account opens anything here (Q42). Costs nothing when there is
    /// no account of that name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn sample_works(&self) -> Result<bool, AccountError> {
        let Some(row) = self.0.database.account(SAMPLE_LOGIN).await? else { return Ok(false) };
        if row.kind != AccountKind::Exchange || !row.active {
            return Ok(false);
        }
        let hashes = super::hashes(Some(&row), self.0.clock.now());
        let fits = self.0.passwords.fits(&SAMPLE_PASSWORD.into(), hashes, || true, || ()).await?;
        Ok(fits == Some(true))
    }
}

fn check_login(login: &str) -> Result<(), AccountError> {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    let length = login.chars().count();
    if !(1..=LONGEST_LOGIN).contains(&length) || !login.chars().all(plain) {
        return Err(AccountError::Login);
    }
    if login.eq_ignore_ascii_case(SAMPLE_LOGIN) { Err(AccountError::Sample) } else { Ok(()) }
}

fn check_password(password: &SecretString) -> Result<(), AccountError> {
    let password = password.expose_secret();
    if password.eq_ignore_ascii_case(SAMPLE_PASSWORD) {
        return Err(AccountError::Sample);
    }
    let long_enough = password.chars().count() >= SHORTEST_PASSWORD;
    let fits = long_enough && password.len() <= LONGEST_PASSWORD;
    // Blanks around it do not survive every form.
    let plain = !password.chars().any(char::is_control) && password.trim() == password;
    if fits && plain { Ok(()) } else { Err(AccountError::Password) }
}
