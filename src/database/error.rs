//! Errors of the database.

use std::path::PathBuf;

use crate::model::MaybeTransient;

/// SQLSTATE classes and codes of transient errors (PostgreSQL, appendix A): connection exceptions,
/// insufficient resources, limits of the server, shutdown and start-up, a read-only standby, serialization
/// failures and deadlocks.
const TRANSIENT_SQLSTATES: &[&str] =
    &["08", "53", "57P", "57014", "55P03", "25P03", "25006", "40001", "40P01"];
/// SQLSTATE classes and codes after which other connections are suspect too: connection exceptions,
/// shutdown and start-up, a primary that has become a read-only standby.
const CONNECTION_SQLSTATES: &[&str] = &["08", "57P", "25006"];
/// SQLite result codes of transient errors: busy, locked, read-only, I/O error, full, and a file that
/// cannot be opened, because no file descriptor is free.
const TRANSIENT_SQLITE_CODES: &[&str] = &["5", "6", "8", "10", "13", "14"];

#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The database is unreachable, full, read-only or too busy; a later attempt may succeed.
    #[error("the database is unreachable or busy")]
    Unavailable(#[source] sqlx::Error),
    /// The database rejected a statement; a retry does not help.
    #[error("the database rejected a statement")]
    Rejected(#[source] sqlx::Error),
    /// A connection pooler is in between, and the settings do not say so.
    #[error("a connection pooler is in front of the database: {0}")]
    Pooler(&'static str, #[source] sqlx::Error),
    #[error("the database column {column} has an unexpected value")]
    Unreadable { column: String, source: sqlx::error::BoxDynError },
    #[error("the database schema cannot be updated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error(
        "this database was created by an earlier version, whose layout is no longer supported; \
         use an empty data folder or an empty database"
    )]
    OldLayout,
    #[error(
        "the database has schema version {found}, and this program supports at most {}; \
         install a newer release",
        known + 1
    )]
    SchemaTooNew { found: i64, known: i64 },
    /// The scheme of `database.url` is not supported.
    #[error("the URL must begin with sqlite:// or postgres://")]
    Url,
    #[error("the file {} cannot be created", .0.display())]
    File(PathBuf, #[source] std::io::Error),
    #[error("cannot connect to the PostgreSQL server {server}")]
    Connect { server: String, source: Box<DatabaseError> },
    #[error("there is no database at {}; `forte-media serve` creates it", .0.display())]
    Missing(PathBuf),
}

impl MaybeTransient for DatabaseError {
    fn is_transient(&self) -> bool {
        match self {
            Self::Unavailable(_) => true,
            Self::Connect { source, .. } => source.is_transient(),
            _ => false,
        }
    }
}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { index, source } => {
                Self::Unreadable { column: index.trim_matches('"').to_owned(), source }
            }
            error => match advice_on_pooler(&error) {
                Some(advice) => Self::Pooler(advice, error),
                None if is_transient(&error) => Self::Unavailable(error),
                None => Self::Rejected(error),
            },
        }
    }
}

/// Named prepared statements that are missing or duplicate belong to another connection of the server.
fn advice_on_pooler(error: &sqlx::Error) -> Option<&'static str> {
    let sqlx::Error::Database(refusal) = error else { return None };
    match refusal.code()?.as_ref() {
        "26000" | "42P05" => Some(
            "it gives each transaction another server connection; set database.pooler = \"transaction\"",
        ),
        "08P01" if refusal.message().contains("startup parameter") => Some(
            "it does not know a parameter of ours; set ignore_startup_parameters = extra_float_digits \
             in PgBouncer",
        ),
        _ => None,
    }
}

/// Whether the connection of the statement, and those opened before, may be unusable.
pub(super) fn is_connection_failure(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(refusal) => refusal.code().is_some_and(|code| {
            CONNECTION_SQLSTATES.iter().any(|known| code.len() == 5 && code.starts_with(known))
        }),
        _ => false,
    }
}

fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(refusal) => {
            refusal.code().is_some_and(|code| is_transient_code(&code))
        }
        _ => false,
    }
}

fn is_transient_code(code: &str) -> bool {
    // SQLSTATEs have five characters. An extended result code of SQLite has the primary one in its low
    // byte.
    if code.len() == 5 {
        return TRANSIENT_SQLSTATES.iter().any(|known| code.starts_with(known));
    }
    let primary =
        code.parse::<u32>().map_or_else(|_| String::new(), |code| (code & 0xff).to_string());
    TRANSIENT_SQLITE_CODES.contains(&primary.as_str())
}
