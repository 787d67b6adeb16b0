//! Connection pools and write transactions.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::{AnyConnection, AnyPool, Connection as _};
use tokio::time::timeout;
use url::Url;

use super::config::{Config, EmployeesSee, Pooler};
pub(super) use super::connection::Write;
use super::connection::{Pool, Writers};
use super::error::DatabaseError;
pub use super::kind::Kind;
use super::statement::query;

/// `PRAGMA synchronous`: SQLite flushes every commit, so that an acknowledged offset survives a power
/// failure.
const FLUSHED: &str = "FULL";
/// `PRAGMA synchronous`: SQLite flushes a commit together with a later one. A power failure loses the
/// latest commits, in order.
const UNFLUSHED: &str = "NORMAL";

/// The port of PostgreSQL in a URL without one.
const DEFAULT_PORT: u16 = 5432;

/// Limit for the attempt that finds out why there is no connection.
const ONE_ATTEMPT: Duration = Duration::from_secs(2);

/// The file of the first layout, which is no longer supported. The start is refused: a new database beside it
/// would look like a loss of data.
const OLD_FILE: &str = "ledger.db";

/// The database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    pub(super) pool: Pool,
    /// For statements that a power failure may undo, such as acquiring a lease. They do not wait for a
    /// flush.
    pub(super) unflushed: Pool,
    pub(super) kind: Kind,
    /// See [`Database::with_employees_see`].
    pub(super) employees_see: EmployeesSee,
}

impl Database {
    /// Connects, without migrating: see [`Database::migrate`]. Creates the file of SQLite. Drivers see the
    /// vehicles assigned to them unless [`Database::with_employees_see`] is called.
    pub async fn open(config: &Config) -> Result<Self, DatabaseError> {
        let url = config.url.expose_secret();
        if let Some(file) = file_of(url)? {
            refuse_old_layout(file)?;
            if url.split_once('?').is_none_or(|(_, options)| !options.contains("mode=ro")) {
                create(file).map_err(|error| DatabaseError::File(file.to_owned(), error))?;
            }
        }
        Self::connect(config).await
    }

    /// Connects to a database that exists, for commands that only read.
    pub async fn open_existing(config: &Config) -> Result<Self, DatabaseError> {
        match file_of(config.url.expose_secret())? {
            Some(file) if !file.exists() => Err(DatabaseError::Missing(file.to_owned())),
            _ => Self::connect(config).await,
        }
    }

    async fn connect(config: &Config) -> Result<Self, DatabaseError> {
        install_default_drivers();
        let mut url = config.url.expose_secret().to_owned();
        let kind = Kind::of(&url)?;
        if config.pooler == Pooler::Transaction {
            // The migrations prepare statements by name, which must not be kept for later.
            url = with_parameter(&url, "statement-cache-capacity=0");
        }
        let wait = config.acquire_timeout.unsigned_abs();
        let writers = file_of(&url)?.map(|file| Writers::of(file, wait));
        let pool = match connect(config, kind, &url, FLUSHED, writers.clone()).await {
            Err(error @ DatabaseError::Unavailable(_)) if kind == Kind::Postgres => {
                return Err(why_unreachable(&url, error).await);
            }
            connected => connected?,
        };
        let unflushed = match kind {
            Kind::Sqlite => connect(config, kind, &url, UNFLUSHED, writers).await?,
            Kind::Postgres => pool.clone(),
        };
        Ok(Self { pool, unflushed, kind, employees_see: EmployeesSee::Assigned })
    }

    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// For tests, which insert and read rows directly.
    pub fn pool(&self) -> &AnyPool {
        &self.pool.connections
    }

    /// How many statements have run. For tests, which compare what requests cost.
    pub fn statements(&self) -> u64 {
        match self.kind {
            Kind::Sqlite => self.pool.statements() + self.unflushed.statements(),
            Kind::Postgres => self.pool.statements(), // the same pool
        }
    }

    /// Runs a trivial query, to check the connection.
    pub async fn probe(&self) -> Result<(), DatabaseError> {
        query("SELECT 1", vec![]).run(&self.pool).await
    }

    /// The clock of the database server; `None` for SQLite, which has none of its own.
    pub async fn server_time(&self) -> Result<Option<Timestamp>, DatabaseError> {
        if self.kind == Kind::Sqlite {
            return Ok(None);
        }
        let sql = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS BIGINT)";
        query(sql, vec![]).value(&self.pool).await
    }

    /// Waits for running statements, and closes all connections.
    pub async fn close(&self) {
        self.unflushed.connections.close().await;
        self.pool.connections.close().await;
    }

    /// Begins a write transaction.
    pub(super) async fn write(&self) -> Result<Write, DatabaseError> {
        self.pool.begin(self.kind.begin()).await
    }
}

/// The pool reports only that its limit has passed; one more attempt finds the cause.
async fn why_unreachable(url: &str, error: DatabaseError) -> DatabaseError {
    let attempt = timeout(ONE_ATTEMPT, AnyConnection::connect(url)).await;
    let source = match attempt {
        Ok(Err(cause)) => cause.into(),
        Ok(Ok(_)) | Err(_) => error,
    };
    let server = Url::parse(url).ok().and_then(|url| {
        Some(format!("{}:{}", url.host_str()?, url.port().unwrap_or(DEFAULT_PORT)))
    });
    DatabaseError::Connect { server: server.unwrap_or_default(), source: Box::new(source) }
}

async fn connect(
    config: &Config,
    kind: Kind,
    url: &str,
    synchronous: &'static str,
    writers: Option<Writers>,
) -> Result<Pool, DatabaseError> {
    let settings = Arc::new(config.clone());
    let options = AnyPoolOptions::new()
        .max_connections(config.max_connections)
        .acquire_timeout(config.acquire_timeout.unsigned_abs())
        // A connection to a file does not break, and the test would cost as much as a statement.
        .test_before_acquire(kind == Kind::Postgres)
        .after_connect(move |connection, _| {
            let settings = Arc::clone(&settings);
            Box::pin(async move { prepare(connection, &settings, kind, synchronous).await })
        });
    let limit = config.statement_timeout.unsigned_abs();
    Ok(Pool::connect(options, url, limit, config.pooler, writers).await?)
}

async fn prepare(
    connection: &mut AnyConnection,
    config: &Config,
    kind: Kind,
    synchronous: &str,
) -> Result<(), sqlx::Error> {
    let settings = match kind {
        Kind::Sqlite => format!(
            "PRAGMA busy_timeout = {}; PRAGMA journal_mode = WAL; PRAGMA synchronous = {synchronous}; \
             PRAGMA foreign_keys = ON",
            config.sqlite_busy_timeout.as_millis()
        ),
        // A session SET would stay on a server connection that the pooler gives to other clients.
        Kind::Postgres if config.pooler == Pooler::Transaction => return Ok(()),
        // Without these settings the server keeps the locks of a disconnected client for two hours.
        Kind::Postgres => {
            let limit = config.statement_timeout.as_millis();
            format!(
                "SET statement_timeout = {limit}; SET idle_in_transaction_session_timeout = {}; \
                 SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; \
                 SET tcp_keepalives_count = 3; SET tcp_user_timeout = 30000",
                2 * limit
            )
        }
    };
    sqlx::raw_sql(sqlx::AssertSqlSafe(settings)).execute(connection).await.map(drop)
}

fn with_parameter(url: &str, parameter: &str) -> String {
    let separator = if url.contains('?') { '&' } else { '?' };
    format!("{url}{separator}{parameter}")
}

/// The file of a SQLite database that has one.
fn file_of(url: &str) -> Result<Option<&Path>, DatabaseError> {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    let path = path.split('?').next().unwrap_or(path);
    let has_file = Kind::of(url)? == Kind::Sqlite && path != ":memory:";
    Ok(has_file.then(|| Path::new(path)))
}

fn refuse_old_layout(file: &Path) -> Result<(), DatabaseError> {
    let is_old = file.with_file_name(OLD_FILE).exists() && !file.exists();
    if is_old { Err(DatabaseError::OldLayout) } else { Ok(()) }
}

/// Creates an empty file, which is a new database. Only the user of the service may read it, whatever the
/// umask, nor the files that SQLite puts beside it, which get the same permissions.
fn create(file: &Path) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    OpenOptions::new().create(true).append(true).mode(0o600).open(file)?;
    fs::set_permissions(file, fs::Permissions::from_mode(0o600))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::database::column::params;

    /// Reads first and writes later, the case that needs `BEGIN IMMEDIATE`.
    async fn count_up(database: &Database) {
        let mut write = database.write().await.unwrap();
        let seen: Option<i64> =
            query("SELECT active FROM companies", vec![]).value(&mut write).await.unwrap();
        tokio::task::yield_now().await;
        let sql = "UPDATE companies SET active = $1";
        query(sql, params![seen.unwrap() + 1]).run(&mut write).await.unwrap();
        write.commit().await.unwrap();
    }

    async fn open(folder: &tempfile::TempDir, max_connections: u32) -> Database {
        open_with(folder, max_connections, SignedDuration::from_secs(30)).await
    }

    async fn open_with(
        folder: &tempfile::TempDir,
        max_connections: u32,
        sqlite_busy_timeout: SignedDuration,
    ) -> Database {
        let config = Config {
            url: format!("sqlite://{}/new/database.db", folder.path().display()).into(),
            max_connections,
            acquire_timeout: SignedDuration::from_secs(30),
            statement_timeout: SignedDuration::from_secs(30),
            sqlite_busy_timeout,
            pooler: Pooler::None,
        };
        let database = Database::open(&config).await.unwrap();
        database.migrate().await.unwrap();
        database
    }

    #[tokio::test]
    async fn transactions_that_read_first_wait_for_each_other_on_sqlite() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(&folder, 8).await;
        query("UPDATE companies SET active = 0", vec![]).run(&database.pool).await.unwrap();
        futures_util::future::join_all((0..8).map(|_| count_up(&database))).await;
        let sum: Option<i64> =
            query("SELECT active FROM companies", vec![]).value(&database.pool).await.unwrap();
        assert_eq!(sum, Some(8));
    }

    /// SQLite's own waiting is by polling, so that one of many writers waits longer than its limit.
    #[tokio::test]
    async fn writers_of_a_process_queue_however_briefly_sqlite_waits() {
        let folder = tempfile::tempdir().unwrap();
        let database = open_with(&folder, 8, SignedDuration::from_millis(1)).await;
        query("UPDATE companies SET active = 0", vec![]).run(&database.pool).await.unwrap();
        let sql = "UPDATE companies SET active = active + 1";
        let in_transaction = |_| async {
            let mut write = database.write().await.unwrap();
            query(sql, vec![]).run(&mut write).await.unwrap();
            tokio::time::sleep(Duration::from_millis(5)).await;
            write.commit().await.unwrap();
        };
        let alone = |at: u32| {
            let pool = if at.is_multiple_of(2) { &database.pool } else { &database.unflushed };
            async move { query(sql, vec![]).run(pool).await.unwrap() }
        };
        let transactions = futures_util::future::join_all((0..20).map(in_transaction));
        let statements = futures_util::future::join_all((0..40).map(alone));
        tokio::join!(transactions, statements);
        let sum: Option<i64> =
            query("SELECT active FROM companies", vec![]).value(&database.pool).await.unwrap();
        assert_eq!(sum, Some(60));
    }

    /// As when the disk is full: SQLite has ended the transaction, so the `ROLLBACK` fails.
    #[tokio::test]
    async fn a_transaction_that_sqlite_rolled_back_leaves_no_unusable_connection() {
        let folder = tempfile::tempdir().unwrap();
        let database = open(&folder, 1).await;
        let mut write = database.write().await.unwrap();
        let sql = "INSERT OR ROLLBACK INTO counters (name, value) VALUES ('people', 0)";
        query(sql, vec![]).run(&mut write).await.unwrap_err();
        drop(write);
        database.write().await.unwrap().commit().await.unwrap();
    }
}
