//! `account`: reviewers' accounts, and those of 1C.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;

use super::answer::{Answer, print_message};
use crate::app::account_config;
use crate::auth::{AccountError, AccountSpec, Accounts, OldPassword};
use crate::config::Settings;
use crate::database::{AccountOwner, AccountRow, Database};
use crate::model::{Clock, CompanyId, Network, Random};

/// More than any password needs; keeps a wrong path from being read without end.
const LONGEST_FILE: u64 = 4096;

/// Makes and closes the accounts of reviewers and of 1C
#[derive(Debug, Clone, Subcommand)]
pub enum Account {
    /// Makes an account. Its password is made too, and printed once
    #[command(
        after_help = "Example:\n  forte-media account add reviewer aigul --name \"Айгуль С.\"\n  \
                            forte-media account add exchange office-1c --network 10.1.0.0/16"
    )]
    Add(Add),
    /// Gives an account another password; the old one is good for a day beside it
    #[command(after_help = "Example:\n  forte-media account rotate office-1c\n  \
                            forte-media account rotate aigul --at-once")]
    Rotate {
        /// Its name
        login: String,
        /// Somebody else may know the old password: it opens nothing any more, and sessions that it
        /// opened end
        #[arg(long)]
        at_once: bool,
        /// Where its password comes from
        #[command(flatten)]
        password: Password,
    },
    /// Lists accounts; never their passwords
    #[command(after_help = "Example:\n  forte-media account list --json")]
    List {
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Closes an account, for good
    #[command(after_help = "Example:\n  forte-media account disable aigul")]
    Disable {
        /// Its name
        login: String,
    },
}

/// An account to be made.
#[derive(Debug, Clone, Args)]
pub struct Add {
    /// What it opens
    kind: Kind,
    /// Its name
    login: String,
    /// What the reviewer is called; the login, unless given
    #[arg(long)]
    name: Option<String>,
    /// A reviewer of this company only, by its BIN or IIN; without it, of all companies
    #[arg(long, value_name = "BIN")]
    company: Option<String>,
    /// Where it may be used from; may be given several times. Without it, from everywhere
    #[arg(long = "network", value_name = "CIDR")]
    networks: Vec<Network>,
    #[command(flatten)]
    password: Password,
}

/// What an account opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Watching and deciding
    Reviewer,
    /// The exchange with 1C
    Exchange,
}

/// Where a password comes from.
#[derive(Debug, Clone, Args)]
pub struct Password {
    /// Takes the password from this file instead of making one
    #[arg(long, value_name = "FILE")]
    password_file: Option<PathBuf>,
}

impl Account {
    /// Does what was asked and says so. The answer is "no" when an account is not there, or there
    /// already.
    ///
    /// # Errors
    /// When an argument cannot be, the database fails, or nobody reads what is said.
    pub async fn run(self, settings: Settings) -> anyhow::Result<Answer> {
        let database = Database::open(&settings.database).await.context("database.url")?;
        database.migrate().await?;
        let (clock, random) = (Clock::system(), Random::system());
        let accounts = Accounts::new(database.clone(), clock, random, &account_config(&settings));
        let answer = self.answer(&database, &accounts).await;
        database.close().await;
        let said = match answer {
            Ok(said) => said,
            Err(error) if is_no(&error) => {
                print_message(&error.to_string());
                return Ok(Answer::No);
            }
            Err(error) => return Err(error),
        };
        io::stdout().write_all(said.data.as_bytes())?;
        print_message(&said.words);
        Ok(Answer::Done)
    }

    async fn answer(&self, database: &Database, accounts: &Accounts) -> anyhow::Result<Said> {
        match self {
            Self::Add(add) => add.run(database, accounts).await,
            Self::Rotate { login, at_once, password } => {
                let given = password.take(accounts)?;
                let (old, effect) = match at_once {
                    true => (OldPassword::Revoke, "no longer works"),
                    false => (
                        OldPassword::KeepDuringGrace,
                        "works until `onec.rotation_grace` has passed",
                    ),
                };
                accounts.rotate(login, &given.secret, old).await?;
                Ok(given.said(&format!("{login} has a new password; the old one {effect}")))
            }
            Self::List { json } => list(accounts, *json).await,
            Self::Disable { login } => {
                accounts.disable(login).await?;
                Ok(Said::words(format!("{login} is closed and can no longer sign in")))
            }
        }
    }
}

impl Add {
    async fn run(&self, database: &Database, accounts: &Accounts) -> anyhow::Result<Said> {
        let owner = self.owner(database).await?;
        let given = self.password.take(accounts)?;
        let (login, networks) = (self.login.clone(), self.networks.clone());
        accounts.add(AccountSpec { login, owner, networks }, &given.secret).await?;
        Ok(given.said(&format!("{} can sign in", self.login)))
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
        Ok(AccountOwner::NewReviewer { company, name })
    }
}

/// A password, and whether its owner has to be told.
struct Given {
    secret: SecretString,
    is_new: bool,
}

impl Given {
    fn said(&self, words: &str) -> Said {
        if !self.is_new {
            return Said::words(words.to_owned());
        }
        let data = format!("{}\n", self.secret.expose_secret());
        Said { data, words: format!("{words}; its password is printed this once") }
    }
}

impl Password {
    fn take(&self, accounts: &Accounts) -> anyhow::Result<Given> {
        Ok(match &self.password_file {
            Some(path) => {
                let secret = read(path).with_context(|| path.display().to_string())?;
                Given { secret, is_new: false }
            }
            None => Given { secret: accounts.new_password(), is_new: true },
        })
    }
}

/// The file's first line: the line end that editors leave is not part of a password.
fn read(path: &Path) -> anyhow::Result<SecretString> {
    let mut text = String::new();
    File::open(path)?.take(LONGEST_FILE).read_to_string(&mut text)?;
    Ok(text.trim_end_matches(['\r', '\n']).into())
}

/// What the command has to say.
struct Said {
    data: String,
    words: String,
}

impl Said {
    fn words(words: String) -> Self {
        Self { data: String::new(), words }
    }
}

fn is_no(error: &anyhow::Error) -> bool {
    let known = error.downcast_ref::<AccountError>();
    matches!(known, Some(AccountError::Exists | AccountError::NotFound))
}

async fn list(accounts: &Accounts, json: bool) -> anyhow::Result<Said> {
    let rows = accounts.list().await?;
    let line = |row: &AccountRow| -> anyhow::Result<String> {
        Ok(if json { serde_json::to_string(&Shown::of(row))? } else { columns(row) } + "\n")
    };
    let data = rows.iter().map(line).collect::<anyhow::Result<String>>()?;
    Ok(Said { data, words: format!("{} accounts", rows.len()) })
}

/// An account on a line, for people.
fn columns(row: &AccountRow) -> String {
    let state = if row.active { "active" } else { "closed" };
    let (kind, networks) = (row.kind.as_str(), row.networks.join(","));
    let line = format!("{:<24}  {kind:<8}  {state}  {:.0}  {networks}", row.login, row.created_at);
    line.trim_end().to_owned()
}

/// An account as programs read it.
#[derive(Serialize)]
struct Shown<'a> {
    login: &'a str,
    kind: &'static str,
    active: bool,
    person_id: Option<i64>,
    networks: &'a [String],
    made_at: Timestamp,
    /// Until when the password before is good.
    previous_until: Option<Timestamp>,
}

impl<'a> Shown<'a> {
    fn of(row: &'a AccountRow) -> Self {
        Self {
            login: &row.login,
            kind: row.kind.as_str(),
            active: row.active,
            person_id: row.person.map(|person| person.0),
            networks: &row.networks,
            made_at: row.created_at,
            previous_until: row.previous_until,
        }
    }
}
