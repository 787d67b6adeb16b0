//! `account`: reviewers' accounts, and those of 1C.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::json;

use super::answer::{Answer, Output};
use super::terminal_qr::terminal_qr;
use crate::app::account_config;
use crate::auth::{AccountError, AccountSpec, Accounts, OldPassword, TotpSetup};
use crate::config::Settings;
use crate::database::{AccountOwner, AccountRow, Database, DatabaseError};
use crate::model::{Clock, CompanyId, Network, Random, text_of};

/// Bytes read from a password file at most, so that a wrong path is harmless.
const MAX_PASSWORD_FILE: u64 = 4096;

/// Manages the accounts of reviewers and of 1C
#[derive(Debug, Clone, Subcommand)]
pub enum Account {
    /// Adds an account. Its password is generated, and printed only once
    #[command(
        after_help = "Example:\n  forte-media account add reviewer aigul --name \"Айгуль С.\"\n  \
                            forte-media account add exchange office-1c --network 10.1.0.0/16"
    )]
    Add(Add),
    /// Sets a new password. The old one stays valid for `onec.rotation_grace`
    #[command(after_help = "Example:\n  forte-media account rotate office-1c\n  \
                            forte-media account rotate aigul --at-once")]
    Rotate {
        /// Login of the account
        login: String,
        /// Revoke the old password at once, and end the reviewer's sessions: for a password that has
        /// leaked
        #[arg(long)]
        at_once: bool,
        #[command(flatten)]
        password: Password,
    },
    /// Lists accounts, without their passwords
    #[command(after_help = "Example:\n  forte-media account list --json")]
    List {
        /// Print one JSON object per line
        #[arg(long)]
        json: bool,
    },
    /// Requires a code from an authenticator app when this reviewer signs in
    ///
    /// Prints a new key and its QR code, only once. An earlier key stops working.
    #[command(after_help = "Example:\n  forte-media account totp aigul\n  \
                            forte-media account totp aigul --off")]
    Totp {
        /// Login of the reviewer's account
        login: String,
        /// Require no code any more: for a lost phone
        #[arg(long)]
        off: bool,
    },
    /// Disables an account permanently
    #[command(after_help = "Example:\n  forte-media account disable aigul")]
    Disable {
        /// Login of the account
        login: String,
    },
}

/// The arguments of `account add`.
#[derive(Debug, Clone, Args)]
pub struct Add {
    /// Who uses the account
    kind: Kind,
    /// Login of the new account
    login: String,
    /// Name of the reviewer [default: the login]
    #[arg(long)]
    name: Option<String>,
    /// BIN or IIN of the only company whose reports the reviewer sees [default: all companies]
    #[arg(long, value_name = "BIN")]
    company: Option<String>,
    /// Network from which the account may be used; may be repeated [default: everywhere]
    #[arg(long = "network", value_name = "CIDR")]
    networks: Vec<Network>,
    #[command(flatten)]
    password: Password,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// A person who watches videos and decides about them
    Reviewer,
    /// A node of 1C
    Exchange,
}

#[derive(Debug, Clone, Args)]
pub struct Password {
    /// Read the password from the first line of this file instead of generating one
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl Account {
    /// The answer is "no" if the account is missing, or the login taken.
    pub async fn run(self, settings: Settings) -> anyhow::Result<Answer> {
        let database = self.open(&settings).await.context("database.url")?;
        let (clock, random) = (Clock::system(), Random::system());
        let accounts = Accounts::new(database.clone(), clock, random, &account_config(&settings));
        let output = self.output(&database, &accounts).await;
        database.close().await;
        let output = output.or_else(|error| match error.downcast_ref() {
            Some(AccountError::Exists | AccountError::NotFound) => {
                Ok(Output { answer: Answer::No, ..Output::message(error.to_string()) })
            }
            _ => Err(error),
        })?;
        Ok(output.print()?)
    }

    async fn open(&self, settings: &Settings) -> Result<Database, DatabaseError> {
        if matches!(self, Self::List { .. }) {
            return Database::open_existing(&settings.database).await;
        }
        let database = Database::open(&settings.database).await?;
        database.migrate().await?;
        Ok(database)
    }

    async fn output(&self, database: &Database, accounts: &Accounts) -> anyhow::Result<Output> {
        match self {
            Self::Add(add) => add.run(database, accounts).await,
            Self::Rotate { login, at_once, password } => {
                let password = password.take(accounts)?;
                let (old, effect) = match at_once {
                    true => (OldPassword::Revoke, "no longer works"),
                    false => (
                        OldPassword::KeepDuringGrace,
                        "works until `onec.rotation_grace` has passed",
                    ),
                };
                accounts.rotate(login, &password.secret, old).await?;
                Ok(password.output(format!("{login} has a new password; the old one {effect}")))
            }
            Self::List { json } => list(accounts, *json).await,
            Self::Totp { login, off: true } => {
                accounts.remove_totp(login).await?;
                Ok(Output::message(format!("{login} signs in without a code")))
            }
            Self::Totp { login, off: false } => totp(accounts, login).await,
            Self::Disable { login } => {
                accounts.disable(login).await?;
                Ok(Output::message(format!("{login} is disabled and can no longer sign in")))
            }
        }
    }
}

impl Add {
    async fn run(&self, database: &Database, accounts: &Accounts) -> anyhow::Result<Output> {
        let owner = self.owner(database).await?;
        let password = self.password.take(accounts)?;
        let (login, networks) = (self.login.clone(), self.networks.clone());
        accounts.add(AccountSpec { login, owner, networks }, &password.secret).await?;
        Ok(password.output(format!("{} can sign in", self.login)))
    }

    async fn owner(&self, database: &Database) -> anyhow::Result<AccountOwner> {
        if self.kind == Kind::Exchange {
            if self.name.is_some() || self.company.is_some() {
                bail!("--name and --company are for reviewers");
            }
            return Ok(AccountOwner::Exchange);
        }
        let company = match &self.company {
            None => CompanyId::LESSOR,
            Some(biin) => {
                let found = database.company_by_biin(biin).await?;
                found.context("--company: there is no company with this BIN or IIN")?
            }
        };
        let name = self.name.clone().unwrap_or_else(|| self.login.clone());
        Ok(AccountOwner::Reviewer { company, name })
    }
}

struct NewPassword {
    secret: SecretString,
    /// Whether it must be printed, because nobody knows it yet.
    generated: bool,
}

impl NewPassword {
    fn output(&self, message: String) -> Output {
        if !self.generated {
            return Output::message(message);
        }
        let data = format!("{}\n", self.secret.expose_secret());
        Output { data, ..Output::message(message + "; its password is printed only once") }
    }
}

impl Password {
    fn take(&self, accounts: &Accounts) -> anyhow::Result<NewPassword> {
        Ok(match &self.password_file {
            Some(path) => {
                let secret = read(path).with_context(|| path.display().to_string())?;
                NewPassword { secret, generated: false }
            }
            None => NewPassword { secret: accounts.new_password(), generated: true },
        })
    }
}

/// Without the line end that editors append.
fn read(path: &Path) -> io::Result<SecretString> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MAX_PASSWORD_FILE).read_to_end(&mut bytes)?;
    Ok(text_of(&bytes)?.trim_end_matches(['\r', '\n']).into())
}

/// Prints a new key as text, as a URL and as a QR code.
async fn totp(accounts: &Accounts, login: &str) -> anyhow::Result<Output> {
    let TotpSetup { secret, url } = accounts.set_up_totp(login).await?;
    let (secret, url) = (secret.expose_secret(), url.expose_secret());
    let data = format!("{secret}\n{url}\n{}\n", terminal_qr(url)?);
    let message = format!("{login} signs in with a code from now on; the key is printed only once");
    Ok(Output { data, ..Output::message(message) })
}

async fn list(accounts: &Accounts, json: bool) -> anyhow::Result<Output> {
    let rows = accounts.list().await?;
    let line = if json { fields } else { columns };
    let data = rows.iter().map(|row| line(row) + "\n").collect();
    Ok(Output { data, ..Output::message(format!("{} accounts", rows.len())) })
}

/// A line for people.
fn columns(row: &AccountRow) -> String {
    let state = if row.active { "active" } else { "disabled" };
    let (kind, networks) = (row.kind.as_str(), row.networks.join(","));
    let line = format!("{:<24}  {kind:<8}  {state}  {:.0}  {networks}", row.login, row.created_at);
    line.trim_end().to_owned()
}

/// A JSON object.
fn fields(row: &AccountRow) -> String {
    json!({
        "login": row.login,
        "kind": row.kind,
        "active": row.active,
        "person_id": row.person.map(|person| person.0),
        "networks": row.networks,
        "totp": !row.totp_id.is_empty(),
        "created_at": row.created_at,
        "previous_until": row.previous_until,
    })
    .to_string()
}
