//! New databases: SQLite always, PostgreSQL if `FORTE_TEST_POSTGRES` is set.

use std::thread;

use forte_media::database::{Config, Database, Pooler};
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use sqlx::{Connection as _, PgConnection, Row as _};
use tempfile::TempDir;
use url::Url;
use uuid::Uuid;

use super::external;

/// The administrator's URL of a PostgreSQL server, such as `postgres://postgres@127.0.0.1/postgres`.
const SERVER: &str = "FORTE_TEST_POSTGRES";

/// Defines two tests for each `async fn name(db: Db)`: `name::on_sqlite` and `name::on_postgresql`.
macro_rules! on_both_databases {
    ($($name:ident,)*) => {$(
        mod $name {
            use crate::harness::db::Db;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                super::$name(Db::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgresql() {
                if let Some(db) = Db::postgresql().await {
                    super::$name(db).await;
                }
            }
        }
    )*};
}
pub(crate) use on_both_databases;

/// A migrated database that only this test uses. It is removed when dropped.
pub(crate) struct Db {
    pub(crate) database: Database,
    pub(crate) config: Config,
    files: Files,
}

/// Removes the database when dropped.
enum Files {
    Folder(#[expect(dead_code, reason = "held for its drop")] TempDir),
    Server(PostgresDatabase),
}

impl Db {
    /// A new file in a temporary folder.
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("database.db").display());
        Self::open(url, Files::Folder(folder)).await
    }

    /// A new database on the server; `None` if no server is configured.
    pub(crate) async fn postgresql() -> Option<Self> {
        let server = external::env_var_or_skip(SERVER, "tests of the database on PostgreSQL")?;
        Some(Self::on_server(server).await)
    }

    /// A new database on this server.
    pub(crate) async fn on_server(server: String) -> Self {
        let database = PostgresDatabase::create(server).await;
        Self::open(database.url(), Files::Server(database)).await
    }

    async fn open(url: String, files: Files) -> Self {
        let config = Config {
            url: url.into(),
            max_connections: 8,
            acquire_timeout: SignedDuration::from_secs(30),
            statement_timeout: SignedDuration::from_secs(30),
            sqlite_busy_timeout: SignedDuration::from_secs(30),
            pooler: Pooler::None,
        };
        let database = Database::open(&config).await.unwrap();
        database.migrate().await.unwrap();
        Self { database, config, files }
    }

    /// Opens the same database as another process would.
    pub(crate) async fn open_again(&self) -> Database {
        Database::open(&self.config).await.unwrap()
    }

    /// Makes new sessions on PostgreSQL read-only, as those to a standby are, or no longer.
    pub(crate) async fn set_read_only(&self, read_only: bool) {
        let Files::Server(database) = &self.files else { panic!("only PostgreSQL has standbys") };
        let setting = format!("SET default_transaction_read_only = {read_only}");
        database.administer("ALTER DATABASE", &setting).await.unwrap();
    }

    /// Ends the sessions of all other connections, as a fail-over does.
    pub(crate) async fn end_sessions(&self) {
        let sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
            WHERE datname = current_database() AND pid <> pg_backend_pid()";
        self.execute(sql).await;
    }

    /// Holds SQLite's write lock until the connection is closed, as a long transaction does.
    pub(crate) async fn lock_sqlite(&self) -> sqlx::AnyConnection {
        self.try_lock_sqlite().await.unwrap()
    }

    /// As [`Db::lock_sqlite`]; fails while another process holds the lock, such as a suspended one.
    pub(crate) async fn try_lock_sqlite(&self) -> sqlx::Result<sqlx::AnyConnection> {
        let mut connection = self.connect().await;
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await?;
        Ok(connection)
    }

    async fn connect(&self) -> sqlx::AnyConnection {
        sqlx::AnyConnection::connect(self.config.url.expose_secret()).await.unwrap()
    }

    /// Executes a statement on its own connection, without the program.
    pub(crate) async fn execute(&self, sql: impl Into<String>) {
        let mut connection = self.connect().await;
        let sql = sqlx::AssertSqlSafe(sql.into());
        sqlx::query(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// The rows of a query, each as text.
    pub(crate) async fn rows(&self, sql: impl Into<String>) -> Vec<String> {
        let mut connection = self.connect().await;
        let sql = sqlx::AssertSqlSafe(sql.into());
        let rows = sqlx::query(sql).fetch_all(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        let text = |row: &sqlx::any::AnyRow| {
            let cell = |at: usize| {
                let number = |_| row.try_get::<i64, _>(at).unwrap().to_string();
                row.try_get::<String, _>(at).unwrap_or_else(number)
            };
            (0..row.len()).map(cell).collect::<Vec<_>>().join("|")
        };
        rows.iter().map(text).collect()
    }

    /// The names of all tables, except those of sqlx.
    pub(crate) async fn tables(&self) -> Vec<String> {
        let sql = if self.config.url.expose_secret().starts_with("sqlite") {
            "SELECT name FROM sqlite_master WHERE type = 'table' AND substr(name, 1, 1) <> '_' \
             ORDER BY name"
        } else {
            "SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = 'public' \
             AND substr(tablename, 1, 1) <> '_' ORDER BY tablename"
        };
        self.rows(sql).await
    }

    /// Every row of every table, each as text.
    pub(crate) async fn dump(&self) -> Vec<String> {
        let mut all = Vec::new();
        for table in self.tables().await {
            let mut rows = self.rows(format!("SELECT * FROM {table}")).await;
            rows.sort();
            all.extend(rows.into_iter().map(|row| format!("{table}: {row}")));
        }
        all
    }

    /// The number that a query returns.
    pub(crate) async fn number(&self, sql: impl Into<String>) -> i64 {
        let mut connection = self.connect().await;
        let sql = sqlx::AssertSqlSafe(sql.into());
        let row = sqlx::query(sql).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        row.try_get(0).unwrap()
    }
}

/// A database on a server.
struct PostgresDatabase {
    server: String,
    name: String,
}

impl PostgresDatabase {
    async fn create(server: String) -> Self {
        let database = Self { server, name: format!("forte_{}", Uuid::new_v4().simple()) };
        database.administer("CREATE DATABASE", "").await.unwrap();
        database
    }

    fn url(&self) -> String {
        let mut url = Url::parse(&self.server).unwrap();
        url.set_path(&self.name);
        url.into()
    }

    async fn administer(&self, statement: &str, options: &str) -> Result<(), sqlx::Error> {
        let mut server = PgConnection::connect(&self.server).await?;
        let sql = sqlx::AssertSqlSafe(format!("{statement} {} {options}", self.name));
        sqlx::query(sql).execute(&mut server).await?;
        server.close().await
    }
}

impl Drop for PostgresDatabase {
    /// Ignores errors, so that a failed test still reports its own error.
    fn drop(&mut self) {
        thread::scope(|scope| {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                // FORCE closes the connections that are still open.
                let dropped =
                    runtime.unwrap().block_on(self.administer("DROP DATABASE", "(FORCE)"));
                dropped.unwrap_or_default();
            });
        });
    }
}
