//! Settings of the database.

use jiff::SignedDuration;
use secrecy::SecretString;
use serde::Deserialize;

/// `[database]`: the database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `sqlite://FILE` or `postgres://…`; a secret, because it may carry a password.
    pub url: SecretString,
    /// Most connections at once.
    pub max_connections: u32,
    /// How long to wait for a free connection.
    pub acquire_timeout: SignedDuration,
    /// How long a SQLite statement waits for the writer before it.
    pub sqlite_busy_timeout: SignedDuration,
}

/// What drivers see (Q37). It holds for lists, uploads, videos and notes to phones alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EmployeesSee {
    /// The vehicles assigned to them; all, as long as the company has no assignment.
    Assigned,
    /// All vehicles of their company.
    All,
}
