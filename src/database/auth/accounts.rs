//! Accounts with a password, of reviewers and of 1C nodes.

use jiff::Timestamp;
use sqlx::FromRow;

use crate::database::column::{Stored, params, word_columns};
use crate::database::counters::{Counter, next_number};
use crate::database::error::DatabaseError;
use crate::database::pool::{Database, Write};
use crate::database::statement::query;
use crate::model::{CompanyId, PersonId, Role, word_enum};

use super::sessions::{EndReason, end_all};

word_enum! {
    /// The kind of an account; each has routes of its own.
    AccountKind {
        /// A reviewer, who is also a row of `people`.
        Reviewer = "reviewer",
        /// A 1C node (E12).
        Exchange = "exchange",
    }
}

word_columns!(AccountKind);

/// The owner of a new account.
#[derive(Debug, Clone)]
pub enum AccountOwner {
    /// A reviewer to be created. A reviewer of the lessor sees the reports of every company.
    Reviewer { company: CompanyId, name: String },
    /// A 1C node.
    Exchange,
}

#[derive(Debug, Clone)]
pub struct NewAccount {
    pub login: String,
    pub owner: AccountOwner,
    pub password_hash: String,
    /// The networks it may be used from; empty: all.
    pub networks: Vec<String>,
    pub now: Timestamp,
}

#[derive(Debug, Clone, FromRow)]
pub struct AccountRow {
    pub login: String,
    pub kind: AccountKind,
    /// Set for a reviewer's account.
    #[sqlx(rename = "person_id", try_from = "Stored<Option<PersonId>>")]
    pub person: Option<PersonId>,
    pub password_hash: String,
    /// The hash of the previous password; empty if there is none.
    pub previous_hash: String,
    /// The previous password is valid before this time; `None`: it is not valid.
    #[sqlx(try_from = "Stored<Option<Timestamp>>")]
    pub previous_until: Option<Timestamp>,
    /// The networks it may be used from; empty: all.
    #[sqlx(try_from = "Stored<Vec<String>>")]
    pub networks: Vec<String>,
    /// The TOTP key is derived from it; empty: the sign-in needs no code.
    pub totp_id: String,
    #[sqlx(try_from = "Stored<Timestamp>")]
    pub created_at: Timestamp,
    #[sqlx(try_from = "Stored<bool>")]
    pub active: bool,
}

/// A new password for an account.
#[derive(Debug, Clone)]
pub struct PasswordRotation {
    pub login: String,
    pub password_hash: String,
    /// The old password stays valid until then. `None`: it becomes invalid at once, and the reviewer's
    /// sessions end.
    pub previous_until: Option<Timestamp>,
    pub now: Timestamp,
}

const COLUMNS: &str = "login, kind, person_id, password_hash, previous_hash, previous_until, \
                       networks, totp_id, created_at, active";

impl Database {
    /// Inserts an account, and its reviewer if that is a new person. Returns `false` if the login is
    /// taken.
    pub async fn add_account(&self, new: &NewAccount) -> Result<bool, DatabaseError> {
        let mut write = self.write().await?;
        if !insert(&mut write, new).await? {
            return Ok(false);
        }
        if let AccountOwner::Reviewer { company, name } = &new.owner {
            let person = insert_reviewer(&mut write, *company, name).await?;
            let sql = "UPDATE accounts SET person_id = $1 WHERE login = $2";
            query(sql, params![person, new.login]).execute(&mut write).await?;
        }
        write.commit().await?;
        Ok(true)
    }

    pub async fn account(&self, login: &str) -> Result<Option<AccountRow>, DatabaseError> {
        let sql = format!("SELECT {COLUMNS} FROM accounts WHERE login = $1");
        query(sqlx::AssertSqlSafe(sql), params![login]).optional(&self.pool).await
    }

    /// Every account, ordered by login.
    pub async fn accounts(&self) -> Result<Vec<AccountRow>, DatabaseError> {
        let sql = format!("SELECT {COLUMNS} FROM accounts ORDER BY login");
        query(sqlx::AssertSqlSafe(sql), vec![]).all(&self.pool).await
    }

    /// Replaces the password of an active account. With [`PasswordRotation::previous_until`] the old one stays
    /// valid until then; otherwise it is revoked, and the reviewer's sessions end. Returns `false` if there is no
    /// such active account.
    pub async fn rotate_account(&self, rotation: &PasswordRotation) -> Result<bool, DatabaseError> {
        let mut write = self.write().await?;
        let sql = "UPDATE accounts SET previous_until = $1, password_hash = $2, \
            previous_hash = CASE WHEN $3 = 1 THEN password_hash ELSE '' END \
            WHERE login = $4 AND active = 1 RETURNING person_id";
        let (login, hash, until) =
            (&rotation.login, &rotation.password_hash, rotation.previous_until);
        let person: Option<Option<PersonId>> =
            query(sql, params![until, hash, until.is_some(), login]).value(&mut write).await?;
        let Some(person) = person else { return Ok(false) };
        if let Some(person) = person.filter(|_| until.is_none()) {
            end_all(&mut write, person, EndReason::Revoked, rotation.now).await?;
        }
        write.commit().await?;
        Ok(true)
    }

    /// Deactivates an account, and the person of a reviewer's account (S17). Returns `false` if there is
    /// no such account.
    pub async fn disable_account(&self, login: &str) -> Result<bool, DatabaseError> {
        let mut write = self.write().await?;
        let sql = "UPDATE accounts SET active = 0 WHERE login = $1";
        let is_found = query(sql, params![login]).changes_one(&mut write).await?;
        let sql = "UPDATE people SET active = 0 WHERE role = 'reviewer' AND id IN \
            (SELECT person_id FROM accounts WHERE login = $1 AND person_id > 0)";
        query(sql, params![login]).execute(&mut write).await?;
        write.commit().await?;
        Ok(is_found)
    }

    /// Sets the id from which an account's TOTP key is derived; empty: no codes. Returns `false` if no active
    /// reviewer has this login.
    pub async fn set_totp(&self, login: &str, totp_id: &str) -> Result<bool, DatabaseError> {
        let sql = "UPDATE accounts SET totp_id = $1, totp_step = 0 \
            WHERE login = $2 AND active = 1 AND kind = 'reviewer'";
        query(sql, params![totp_id, login]).changes_one(&self.pool).await
    }

    /// Marks the code of a time step as used. Returns `false` if this code or a later one was used before.
    pub async fn use_totp_step(&self, login: &str, step: u64) -> Result<bool, DatabaseError> {
        let sql = "UPDATE accounts SET totp_step = $1 WHERE login = $2 AND totp_step < $1";
        query(sql, params![step, login]).changes_one(&self.pool).await
    }

    /// The company or private lessee with this BIN or IIN.
    pub async fn company_by_biin(&self, biin: &str) -> Result<Option<CompanyId>, DatabaseError> {
        let sql = "SELECT id FROM companies WHERE biin = $1 AND biin <> ''";
        query(sql, params![biin]).value(&self.pool).await
    }

    /// First and last name, separated by a space.
    pub async fn person_name(&self, person: PersonId) -> Result<Option<String>, DatabaseError> {
        let sql = "SELECT first_name || ' ' || last_name FROM people WHERE id = $1";
        let name: Option<String> = query(sql, params![person]).value(&self.pool).await?;
        Ok(name.map(|name| name.trim().to_owned()))
    }
}

async fn insert(write: &mut Write, new: &NewAccount) -> Result<bool, DatabaseError> {
    let kind = match &new.owner {
        AccountOwner::Reviewer { .. } => AccountKind::Reviewer,
        AccountOwner::Exchange => AccountKind::Exchange,
    };
    let sql = "INSERT INTO accounts (login, kind, person_id, password_hash, previous_hash, \
        previous_until, networks, created_at, active) \
        VALUES ($1, $2, 0, $3, '', 0, $4, $5, 1) ON CONFLICT DO NOTHING";
    query(sql, params![new.login, kind, new.password_hash, new.networks, new.now])
        .changes_one(&mut *write)
        .await
}

async fn insert_reviewer(
    write: &mut Write,
    company: CompanyId,
    name: &str,
) -> Result<PersonId, DatabaseError> {
    let number = next_number(write, Counter::People).await?;
    let sql = "INSERT INTO people (id, company_id, role, mobile, first_name, last_name, \
        patronic_name, active) VALUES ($1, $2, $3, '', $4, '', '', 1)";
    query(sql, params![number, company, Role::Reviewer, name]).execute(&mut *write).await?;
    Ok(PersonId(number))
}
