//! Adding, rotating and disabling accounts.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};

use super::attempts::LONGEST_LOGIN;
use super::passwords::{HashError, LONGEST_PASSWORD};
use super::sign_in::{Accounts, hashes};
use super::totp::TotpKey;
use crate::database::{
    AccountKind, AccountOwner, AccountRow, DatabaseError, NewAccount, PasswordRotation,
};
use crate::model::Network;

/// The account of the published API document, refused outside the demo.
const SAMPLE_LOGIN: &str = "admin_1C";
const SAMPLE_PASSWORD: &str = "pass_1C";

/// In characters. Generated passwords have 24.
const SHORTEST_PASSWORD: usize = 12;

#[derive(Debug)]
pub struct AccountSpec {
    pub login: String,
    pub owner: AccountOwner,
    /// The networks it may be used from; empty: all.
    pub networks: Vec<Network>,
}

/// The key of an authenticator app in both forms that apps accept.
#[derive(Debug)]
pub struct TotpSetup {
    /// In base32, for typing.
    pub secret: SecretString,
    /// An `otpauth://` URL, for a QR code.
    pub url: SecretString,
}

/// What a rotation does with the previous password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OldPassword {
    /// It stays valid during the grace.
    KeepDuringGrace,
    /// It becomes invalid at once, and the reviewer's sessions end.
    Revoke,
}

/// Why an account is not added or changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    #[error("a login has 1 to {LONGEST_LOGIN} letters, digits or . _ - @")]
    InvalidLogin,
    #[error(
        "a password has at least {SHORTEST_PASSWORD} characters and at most {LONGEST_PASSWORD} \
         bytes, no control characters, and no blanks around it"
    )]
    InvalidPassword,
    #[error(
        "{SAMPLE_LOGIN} and {SAMPLE_PASSWORD} are the published samples of the API document; \
         choose others"
    )]
    Sample,
    #[error("an account with this login exists already")]
    Exists,
    #[error("no active account has this login")]
    NotFound,
    #[error("auth.secret is not set; the keys of authenticator apps are derived from it")]
    NoSecret,
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
}

impl Accounts {
    /// A random password: 144 bits in 24 characters that need no escaping.
    pub fn new_password(&self) -> SecretString {
        URL_SAFE_NO_PAD.encode(self.0.random.bytes::<18>()).into()
    }

    pub async fn add(
        &self,
        spec: AccountSpec,
        password: &SecretString,
    ) -> Result<(), AccountError> {
        check_login(&spec.login)?;
        check_password(password)?;
        let account = NewAccount {
            login: spec.login,
            owner: spec.owner,
            password_hash: self.0.passwords.hash(password).await?,
            networks: spec.networks.iter().map(ToString::to_string).collect(),
            now: self.0.clock.now(),
        };
        let added = self.0.database.add_account(&account).await?;
        if added { Ok(()) } else { Err(AccountError::Exists) }
    }

    /// Sets another password.
    pub async fn rotate(
        &self,
        login: &str,
        password: &SecretString,
        old: OldPassword,
    ) -> Result<(), AccountError> {
        check_password(password)?;
        let now = self.0.clock.now();
        let keep = old == OldPassword::KeepDuringGrace;
        let rotation = PasswordRotation {
            login: login.to_owned(),
            password_hash: self.0.passwords.hash(password).await?,
            previous_until: keep.then(|| now + self.0.rotation_grace),
            now,
        };
        let rotated = self.0.database.rotate_account(&rotation).await?;
        if rotated { Ok(()) } else { Err(AccountError::NotFound) }
    }

    pub async fn disable(&self, login: &str) -> Result<(), AccountError> {
        let disabled = self.0.database.disable_account(login).await?;
        if disabled { Ok(()) } else { Err(AccountError::NotFound) }
    }

    /// Creates a TOTP key for a reviewer's account. From then on each sign-in needs a code.
    pub async fn set_up_totp(&self, login: &str) -> Result<TotpSetup, AccountError> {
        let key = self.0.totp_key.ok_or(AccountError::NoSecret)?;
        let totp_id = hex::encode(self.0.random.bytes::<16>());
        if !self.0.database.set_totp(login, &totp_id).await? {
            return Err(AccountError::NotFound);
        }
        let key = TotpKey::new(&key, &totp_id);
        Ok(TotpSetup { secret: key.secret().into(), url: key.url(login).into() })
    }

    /// Lets a reviewer sign in without a code.
    pub async fn remove_totp(&self, login: &str) -> Result<(), AccountError> {
        let removed = self.0.database.set_totp(login, "").await?;
        if removed { Ok(()) } else { Err(AccountError::NotFound) }
    }

    /// Every account, by login.
    pub async fn list(&self) -> Result<Vec<AccountRow>, AccountError> {
        Ok(self.0.database.accounts().await?)
    }

    /// Whether the published sample account can sign in. Hashes nothing if no account has its login.
    pub async fn sample_works(&self) -> Result<bool, AccountError> {
        let Some(row) = self.0.database.account(SAMPLE_LOGIN).await? else { return Ok(false) };
        if row.kind != AccountKind::Exchange || !row.active {
            return Ok(false);
        }
        let hashes = hashes(Some(&row), self.0.clock.now());
        let sample = SAMPLE_PASSWORD.into();
        let matches = self.0.passwords.verify(&sample, hashes, || true, || ()).await?;
        Ok(matches == Some(true))
    }
}

fn check_login(login: &str) -> Result<(), AccountError> {
    let valid = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@');
    let length = login.chars().count();
    if !(1..=LONGEST_LOGIN).contains(&length) || !login.chars().all(valid) {
        return Err(AccountError::InvalidLogin);
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
    // Some forms strip blanks around a value.
    let plain = !password.chars().any(char::is_control) && password.trim() == password;
    if fits && plain { Ok(()) } else { Err(AccountError::InvalidPassword) }
}
