//! Settings of the database.

use jiff::SignedDuration;
use secrecy::SecretString;
use serde::Deserialize;

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
}

/// Which vehicles drivers see (Q37), in lists, uploads, videos and push notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmployeesSee {
    /// The vehicles assigned to them; all, as long as the company has no assignments.
    Assigned,
    /// All vehicles of their company.
    All,
}
