//! Errors of the database.

/// SQLSTATE classes and codes of transient errors (PostgreSQL, appendix A): connection exceptions,
/// insufficient resources, shutdown and start-up, a read-only standby, serialization failures and
/// deadlocks.
const TRANSIENT_SQLSTATES: &[&str] = &["08", "53", "57P", "25006", "40001", "40P01"];
/// SQLSTATE classes and codes after which other connections are suspect too: connection exceptions,
/// shutdown and start-up, a primary that has become a read-only standby.
const CONNECTION_SQLSTATES: &[&str] = &["08", "57P", "25006"];
/// SQLite result codes of transient errors: busy, locked, read-only, I/O error, full.
const TRANSIENT_SQLITE_CODES: &[&str] = &["5", "6", "8", "10", "13"];

#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The database is unreachable, full, read-only or too busy; a later attempt may succeed.
    #[error("the database is unreachable or busy")]
    Unavailable(#[source] sqlx::Error),
    /// The database rejected a statement; a retry does not help.
    #[error("the database rejected a statement")]
    Rejected(#[source] sqlx::Error),
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
    #[error("database.url must begin with sqlite:// or postgres://")]
    Url,
    #[error("the folder of the database cannot be created")]
    Folder(#[source] std::io::Error),
}

impl DatabaseError {
    /// Whether a later attempt may succeed.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }
}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { index, source } => {
                Self::Unreadable { column: index.trim_matches('"').to_owned(), source }
            }
            error if is_transient(&error) => Self::Unavailable(error),
            error => Self::Rejected(error),
        }
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
