//! The supported database systems.

use super::error::DatabaseError;

/// The database system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One file, one node.
    Sqlite,
    /// A server, any number of nodes.
    Postgres,
}

impl Kind {
    pub(super) fn of(url: &str) -> Result<Self, DatabaseError> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => Ok(Self::Sqlite),
            Some("postgres" | "postgresql") => Ok(Self::Postgres),
            // The error does not contain the URL, which may contain a password.
            _ => Err(DatabaseError::Url),
        }
    }

    /// The statement that begins a write transaction.
    pub(super) const fn begin(self) -> &'static str {
        match self {
            // A deferred transaction that reads first and writes later fails at once with "database is
            // locked" if another one has written meanwhile: the busy timeout does not apply.
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }
}
