//! Settings of the database.

use jiff::SignedDuration;
use secrecy::SecretString;
use serde::Deserialize;

use crate::model::setting_words;

/// The `[database]` section.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `sqlite://FILE` or `postgres://…`; a secret, because it may contain a password.
    pub url: SecretString,
    pub max_connections: u32,
    /// How long to wait for a free connection.
    pub acquire_timeout: SignedDuration,
    /// Limit for each statement, on this side of the connection.
    pub statement_timeout: SignedDuration,
    /// How long a SQLite statement waits for another writer.
    pub sqlite_busy_timeout: SignedDuration,
    pub pooler: Pooler,
}

/// What is between this program and PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pooler {
    /// Nothing, or a pooler that gives each connection a server connection of its own.
    None,
    /// A pooler such as `PgBouncer` that may give each transaction another server connection.
    Transaction,
}

setting_words!(Pooler { None = "none", Transaction = "transaction" });

/// Which vehicles drivers see (Q37), in lists, uploads, videos and push notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmployeesSee {
    /// The vehicles assigned to them; all, as long as the company has no assignments.
    Assigned,
    /// All vehicles of their company.
    All,
}

setting_words!(EmployeesSee { Assigned = "assigned", All = "all" });
