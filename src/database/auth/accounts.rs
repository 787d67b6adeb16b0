//! Accounts with a password: reviewers, and nodes of 1C.

use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::database::counters::{Counter, next_number};
use crate::database::error::DatabaseError;
use crate::database::pool::{Database, Write};
use crate::database::rows::{json, micros, number, optional_time, text, time, unreadable};
use crate::model::{CompanyId, PersonId, Role};

use super::sessions::{EndReason, end_all};

/// What an account opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountKind {
    /// Watches and decides, as a person.
    Reviewer,
    /// The exchange with 1C (E12).
    Exchange,
}

impl AccountKind {
    /// The word in the database and in lists.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reviewer => "reviewer",
            Self::Exchange => "exchange",
        }
    }

    /// Reads the word back.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Reviewer, Self::Exchange].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Whom a new account is for.
#[derive(Debug, Clone)]
pub enum AccountOwner {
    /// A new reviewer of this company; of the lessor's: sees every company.
    NewReviewer {
        /// Whose reports they see.
        company: CompanyId,
        /// What they are called.
        name: String,
    },
    /// A reviewer who is there already.
    Reviewer(PersonId),
    /// A node of 1C.
    Exchange,
}

/// An account to be recorded.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Its name.
    pub login: String,
    /// Whom it is for.
    pub owner: AccountOwner,
    /// The hash of its password.
    pub password_hash: String,
    /// From where it may be used; empty: from everywhere.
    pub networks: Vec<String>,
    /// The present moment.
    pub now: Timestamp,
}

/// An account.
#[derive(Debug, Clone)]
pub struct AccountRow {
    /// Its name.
    pub login: String,
    /// What it opens.
    pub kind: AccountKind,
    /// The person, for a reviewer.
    pub person: Option<PersonId>,
    /// The hash of its password.
    pub password_hash: String,
    /// The hash of the password before; may be empty.
    pub previous_hash: String,
    /// Until when the password before is good, if there was one.
    pub previous_until: Option<Timestamp>,
    /// From where it may be used; empty: from everywhere.
    pub networks: Vec<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Whether it opens anything.
    pub active: bool,
}

/// A hash that takes the place of another one.
#[derive(Debug, Clone)]
pub struct PasswordRotation {
    /// The account.
    pub login: String,
    /// The hash of the new password.
    pub password_hash: String,
    /// Until when the old password is good beside it; none: it is good for nothing any more, and the
    /// reviewer's sessions end.
    pub previous_until: Option<Timestamp>,
    /// The present moment.
    pub now: Timestamp,
}

const COLUMNS: &str = "login, kind, person_id, password_hash, previous_hash, previous_until, \
                       networks, created_at, active";

impl Database {
    /// Records an account, and its reviewer when that is a new one. False when the name is taken.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn add_account(&self, new: &NewAccount) -> Result<bool, DatabaseError> {
        let mut write = self.write().await?;
        if !insert(&mut write, new).await? {
            return Ok(false);
        }
        if let AccountOwner::NewReviewer { company, name } = &new.owner {
            let person = insert_reviewer(&mut write, *company, name).await?;
            sqlx::query("UPDATE accounts SET person_id = $1 WHERE login = $2")
                .bind(person.0)
                .bind(new.login.as_str())
                .execute(&mut *write)
                .await?;
        }
        write.commit().await?;
        Ok(true)
    }

    /// An account by its name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn account(&self, login: &str) -> Result<Option<AccountRow>, DatabaseError> {
        let sql = format!("SELECT {COLUMNS} FROM accounts WHERE login = $1");
        let row =
            sqlx::query(sqlx::AssertSqlSafe(sql)).bind(login).fetch_optional(&self.pool).await?;
        row.as_ref().map(read).transpose()
    }

    /// Every account, by name.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn accounts(&self) -> Result<Vec<AccountRow>, DatabaseError> {
        let sql = format!("SELECT {COLUMNS} FROM accounts ORDER BY login");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&self.pool).await?;
        rows.iter().map(read).collect()
    }

    /// Gives an account another password; the one it had is good for a while longer, or else for
    /// nothing any more, and nor is what was opened by it. False when there is no such active account.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn rotate_account(&self, rotation: &PasswordRotation) -> Result<bool, DatabaseError> {
        let mut write = self.write().await?;
        let row = sqlx::query(
            "UPDATE accounts SET previous_until = $1, password_hash = $2, \
             previous_hash = CASE WHEN $3 = 1 THEN password_hash ELSE '' END \
             WHERE login = $4 AND active = 1 RETURNING person_id",
        )
        .bind(micros(rotation.previous_until))
        .bind(rotation.password_hash.as_str())
        .bind(i64::from(rotation.previous_until.is_some()))
        .bind(rotation.login.as_str())
        .fetch_optional(&mut *write)
        .await?;
        let Some(row) = row else { return Ok(false) };
        let person = number(&row, "person_id")?;
        if rotation.previous_until.is_none() && person != 0 {
            end_all(&mut write, PersonId(person), EndReason::Revoked, rotation.now).await?;
        }
        write.commit().await?;
        Ok(true)
    }

    /// Lets an account open nothing any more; its reviewer may no longer act either (S17). False
    /// when there is no such account.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn disable_account(&self, login: &str) -> Result<bool, DatabaseError> {
        let mut write = self.write().await?;
        let done = sqlx::query("UPDATE accounts SET active = 0 WHERE login = $1")
            .bind(login)
            .execute(&mut *write)
            .await?;
        sqlx::query(
            "UPDATE people SET active = 0 WHERE role = 'reviewer' AND id IN \
             (SELECT person_id FROM accounts WHERE login = $1 AND person_id > 0)",
        )
        .bind(login)
        .execute(&mut *write)
        .await?;
        write.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    /// The number of the company or private lessee with this BIN or IIN.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn company_by_biin(&self, biin: &str) -> Result<Option<CompanyId>, DatabaseError> {
        let row = sqlx::query("SELECT id FROM companies WHERE biin = $1 AND biin <> ''")
            .bind(biin)
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| Ok(CompanyId(number(&row, "id")?))).transpose()
    }

    /// What a person is called.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn person_name(&self, person: PersonId) -> Result<Option<String>, DatabaseError> {
        let row = sqlx::query("SELECT first_name, last_name FROM people WHERE id = $1")
            .bind(person.0)
            .fetch_optional(&self.pool)
            .await?;
        let Some(row) = row else { return Ok(None) };
        let name = format!("{} {}", text(&row, "first_name")?, text(&row, "last_name")?);
        Ok(Some(name.trim().to_owned()))
    }
}

async fn insert(write: &mut Write, new: &NewAccount) -> Result<bool, DatabaseError> {
    let (kind, person) = match &new.owner {
        AccountOwner::NewReviewer { .. } => (AccountKind::Reviewer, 0),
        AccountOwner::Reviewer(person) => (AccountKind::Reviewer, person.0),
        AccountOwner::Exchange => (AccountKind::Exchange, 0),
    };
    let done = sqlx::query(
        "INSERT INTO accounts (login, kind, person_id, password_hash, previous_hash, \
         previous_until, networks, created_at, active) VALUES ($1, $2, $3, $4, '', $5, $6, $7, 1) \
         ON CONFLICT DO NOTHING",
    )
    .bind(new.login.as_str())
    .bind(kind.as_str())
    .bind(person)
    .bind(new.password_hash.as_str())
    .bind(micros(None))
    .bind(serde_json::json!(new.networks).to_string())
    .bind(new.now.as_microsecond())
    .execute(&mut **write)
    .await?;
    Ok(done.rows_affected() == 1)
}

async fn insert_reviewer(
    write: &mut Write,
    company: CompanyId,
    name: &str,
) -> Result<PersonId, DatabaseError> {
    let number = next_number(write, Counter::People).await?;
    sqlx::query(
        "INSERT INTO people (id, company_id, role, mobile, first_name, last_name, \
         patronic_name, active) VALUES ($1, $2, $3, '', $4, '', '', 1)",
    )
    .bind(number)
    .bind(company.0)
    .bind(Role::Reviewer.as_str())
    .bind(name)
    .execute(&mut **write)
    .await?;
    Ok(PersonId(number))
}

fn read(row: &AnyRow) -> Result<AccountRow, DatabaseError> {
    let word = text(row, "kind")?;
    let person = number(row, "person_id")?;
    Ok(AccountRow {
        login: text(row, "login")?,
        kind: AccountKind::from_word(&word).ok_or_else(|| unreadable("kind", &word))?,
        person: (person != 0).then_some(PersonId(person)),
        password_hash: text(row, "password_hash")?,
        previous_hash: text(row, "previous_hash")?,
        previous_until: optional_time(row, "previous_until")?,
        networks: json(row, "networks")?,
        created_at: time(row, "created_at")?,
        active: number(row, "active")? != 0,
    })
}
