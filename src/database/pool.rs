//! Connections, and transactions that write.

use secrecy::ExposeSecret as _;
use sqlx::any::{AnyPoolOptions, install_default_drivers};
use sqlx::{Any, AnyConnection, AnyPool, Transaction};

use super::config::{Config, EmployeesSee};
use super::error::DatabaseError;

/// A transaction that writes, begun by [`Database::write`].
pub(super) type Write = Transaction<'static, Any>;

/// SQLite flushes every transaction: an acknowledged offset must survive a power cut.
const FLUSHED: &str = "FULL";
/// SQLite flushes a transaction with the next flushed one: a power cut loses the last ones, in order.
const WRITTEN: &str = "NORMAL";

/// The records. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Database {
    pub(super) pool: AnyPool,
    /// For statements whose effect a restart may undo: who holds a lease. No flush waits for them.
    pub(super) unflushed: AnyPool,
    pub(super) kind: Kind,
    /// What drivers see: [`Database::with_employees_see`].
    pub(super) employees_see: EmployeesSee,
}

/// Which database is behind the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One file, one node.
    Sqlite,
    /// A server, any number of nodes.
    Postgres,
}

impl Kind {
    fn of(url: &str) -> Result<Self, DatabaseError> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => Ok(Self::Sqlite),
            Some("postgres" | "postgresql") => Ok(Self::Postgres),
            // It is not repeated: it may hold a password.
            _ => Err(DatabaseError::Url),
        }
    }

    const fn begin(self) -> &'static str {
        match self {
            // A transaction that reads first and writes later would die at once with "database is
            // locked" when another one writes: the time-out does not apply to it.
            Self::Sqlite => "BEGIN IMMEDIATE",
            Self::Postgres => "BEGIN",
        }
    }
}

impl Database {
    /// Connects. The tables are not touched: see [`Database::migrate`]. Drivers see what is assigned to
    /// them, until [`Database::with_employees_see`] says otherwise.
    ///
    /// # Errors
    /// When the URL is of another kind of database, or the database is away.
    pub async fn open(config: &Config) -> Result<Self, DatabaseError> {
        install_default_drivers();
        let url = config.url.expose_secret();
        let kind = Kind::of(url)?;
        let mut url = url.to_owned();
        if kind == Kind::Sqlite {
            make_folder(&url)?;
            url = with_creation(&url);
        }
        let pool = connect(config, kind, &url, FLUSHED).await?;
        let unflushed = match kind {
            Kind::Sqlite => connect(config, kind, &url, WRITTEN).await?,
            Kind::Postgres => pool.clone(),
        };
        Ok(Self { pool, unflushed, kind, employees_see: EmployeesSee::Assigned })
    }

    /// Which database this is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// For tests, which insert and read rows directly.
    pub fn pool(&self) -> &AnyPool {
        &self.pool
    }

    /// One trip to the database and back.
    ///
    /// # Errors
    /// When the database is away.
    pub async fn probe(&self) -> Result<(), DatabaseError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Waits for statements under way and closes every connection.
    pub async fn close(&self) {
        self.unflushed.close().await;
        self.pool.close().await;
    }

    /// Begins a transaction that writes.
    pub(super) async fn write(&self) -> Result<Write, DatabaseError> {
        Ok(self.pool.begin_with(self.kind.begin()).await?)
    }
}

async fn connect(
    config: &Config,
    kind: Kind,
    url: &str,
    synchronous: &'static str,
) -> Result<AnyPool, DatabaseError> {
    let busy_timeout = config.sqlite_busy_timeout.as_millis();
    let pool = AnyPoolOptions::new()
        .max_connections(config.max_connections)
        .acquire_timeout(config.acquire_timeout.unsigned_abs())
        // A file does not hang up; asking it each time costs as much as a statement.
        .test_before_acquire(kind == Kind::Postgres)
        .after_connect(move |connection, _| {
            Box::pin(async move { prepare(connection, kind, busy_timeout, synchronous).await })
        })
        .connect(url)
        .await?;
    Ok(pool)
}

async fn prepare(
    connection: &mut AnyConnection,
    kind: Kind,
    busy_timeout: i128,
    synchronous: &str,
) -> Result<(), sqlx::Error> {
    if kind == Kind::Sqlite {
        let pragmas = format!(
            "PRAGMA busy_timeout = {busy_timeout}; PRAGMA journal_mode = WAL; \
             PRAGMA synchronous = {synchronous}; PRAGMA foreign_keys = ON"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(pragmas)).execute(connection).await?;
    }
    Ok(())
}

/// `sqlite://data/forte-media.db` becomes `sqlite://data/forte-media.db?mode=rwc`: made when it is not there.
fn with_creation(url: &str) -> String {
    if url.contains('?') { url.to_owned() } else { format!("{url}?mode=rwc") }
}

fn make_folder(url: &str) -> Result<(), DatabaseError> {
    let path = url.trim_start_matches("sqlite:").trim_start_matches("//");
    let path = path.split('?').next().unwrap_or(path);
    match std::path::Path::new(path).parent() {
        Some(folder) => std::fs::create_dir_all(folder).map_err(DatabaseError::Folder),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::database::column::column;

    /// Reads first and writes later, which is what begins immediate for.
    async fn count_up(database: &Database) {
        let mut write = database.write().await.unwrap();
        let seen =
            sqlx::query("SELECT active FROM companies").fetch_one(&mut *write).await.unwrap();
        tokio::task::yield_now().await;
        sqlx::query("UPDATE companies SET active = $1")
            .bind(column::<i64>(&seen, "active").unwrap() + 1)
            .execute(&mut *write)
            .await
            .unwrap();
        write.commit().await.unwrap();
    }

    #[tokio::test]
    async fn transactions_that_read_first_wait_for_each_other_on_sqlite() {
        let folder = tempfile::tempdir().unwrap();
        let config = Config {
            url: format!("sqlite://{}/new/database.db", folder.path().display()).into(),
            max_connections: 8,
            acquire_timeout: SignedDuration::from_secs(30),
            sqlite_busy_timeout: SignedDuration::from_secs(30),
        };
        let database = Database::open(&config).await.unwrap();
        database.migrate().await.unwrap();
        sqlx::query("UPDATE companies SET active = 0").execute(&database.pool).await.unwrap();
        futures_util::future::join_all((0..8).map(|_| count_up(&database))).await;
        let row =
            sqlx::query("SELECT active FROM companies").fetch_one(&database.pool).await.unwrap();
        assert_eq!(column::<i64>(&row, "active").unwrap(), 8);
    }
}
