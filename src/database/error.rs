//! What can go wrong with the records.

/// SQLSTATE classes and codes that pass by themselves (PostgreSQL, appendix A): connection
/// exceptions, lack of resources, shutdown and start-up, a read-only stand-by, a lost race.
const PASSING_SQLSTATES: &[&str] = &["08", "53", "57P", "25006", "40001", "40P01"];
/// SQLite result codes that pass by themselves: busy, locked, read-only, I/O error, full.
const PASSING_SQLITE_CODES: &[&str] = &["5", "6", "8", "10", "13"];

/// A failure of the database.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The database is away, full, read-only or too busy: trying again later may help.
    #[error("the database is away")]
    Away(#[source] sqlx::Error),
    /// The database did not accept a statement: trying again does not help.
    #[error("the database did not accept a statement")]
    Broken(#[source] sqlx::Error),
    #[error("the database column {column} has an unexpected value")]
    Unreadable { column: String, source: sqlx::error::BoxDynError },
    #[error("the database schema cannot be updated")]
    Migrate(#[from] sqlx::migrate::MigrateError),
    #[error(
        "this database was made by a version before 0.2, whose layout is no longer supported; \
         use an empty data folder or an empty database"
    )]
    OldLayout,
    #[error(
        "the database has schema version {found}, and this program supports at most {}; \
         install a newer release",
        known + 1
    )]
    SchemaTooNew { found: i64, known: i64 },
    /// `database.url` names no database we speak.
    #[error("database.url must begin with sqlite:// or postgres://")]
    Url,
    /// The folder of the SQLite file cannot be made.
    #[error("the folder of the database cannot be made")]
    Folder(#[source] std::io::Error),
}

impl DatabaseError {
    /// Whether trying again later may help.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Away(_))
    }
}

impl From<sqlx::Error> for DatabaseError {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::ColumnDecode { index, source } => {
                Self::Unreadable { column: index.trim_matches('"').to_owned(), source }
            }
            error if passes(&error) => Self::Away(error),
            error => Self::Broken(error),
        }
    }
}

fn passes(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(refusal) => refusal.code().is_some_and(|code| code_passes(&code)),
        _ => false,
    }
}

fn code_passes(code: &str) -> bool {
    // SQLSTATEs have five characters; SQLite's extended codes carry the plain one in the low byte.
    if code.len() == 5 {
        return PASSING_SQLSTATES.iter().any(|known| code.starts_with(known));
    }
    let plain =
        code.parse::<u32>().map_or_else(|_| String::new(), |code| (code & 0xff).to_string());
    PASSING_SQLITE_CODES.contains(&plain.as_str())
}
