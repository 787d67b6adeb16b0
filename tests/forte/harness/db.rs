//! Fresh ledgers: SQLite always, PostgreSQL when a server is named.

use std::thread;

use forte_media::database::{Config, Database};
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use sqlx::{Connection as _, PgConnection, Row as _};
use tempfile::TempDir;
use url::Url;
use uuid::Uuid;

use super::external;

/// The administrator's URL of a PostgreSQL server, such as `postgres://postgres@127.0.0.1/postgres`.
const SERVER: &str = "FORTE_TEST_POSTGRES";

/// Makes two tests of each `async fn name(db: Db)`: `name::on_sqlite` and `name::on_postgresql`.
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

/// A database of this test alone, with its tables made. It goes when this is dropped.
pub(crate) struct Db {
    /// The database on it.
    pub(crate) database: Database,
    /// How it was opened.
    pub(crate) config: Config,
    _home: Home,
}

enum Home {
    Folder(#[expect(dead_code, reason = "held for its drop")] TempDir),
    Server(#[expect(dead_code, reason = "held for its drop")] PostgresDatabase),
}

impl Db {
    /// A new file in a temporary folder.
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}", folder.path().join("database.db").display());
        Self::open(url, Home::Folder(folder)).await
    }

    /// A new database on the named server; `None` when none is named.
    pub(crate) async fn postgresql() -> Option<Self> {
        let server = external::env_var_or_skip(SERVER, "tests of the database on PostgreSQL")?;
        let database = PostgresDatabase::create(server).await;
        Some(Self::open(database.url(), Home::Server(database)).await)
    }

    async fn open(url: String, home: Home) -> Self {
        let config = Config {
            url: url.into(),
            max_connections: 8,
            acquire_timeout: SignedDuration::from_secs(30),
            sqlite_busy_timeout: SignedDuration::from_secs(30),
        };
        let database = Database::open(&config).await.unwrap();
        database.migrate().await.unwrap();
        Self { database, config, _home: home }
    }

    /// The same database as another process would open it.
    pub(crate) async fn opened_again(&self) -> Database {
        Database::open(&self.config).await.unwrap()
    }

    /// Holds the writer's place, as a long transaction of somebody else does, until it is dropped.
    pub(crate) async fn held_sqlite(&self) -> sqlx::AnyConnection {
        let url = self.config.url.expose_secret();
        let mut connection = sqlx::AnyConnection::connect(url).await.unwrap();
        sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut connection).await.unwrap();
        connection
    }

    /// Does to the tables what the program never does.
    pub(crate) async fn tamper(&self, sql: &'static str) {
        let mut connection =
            sqlx::AnyConnection::connect(self.config.url.expose_secret()).await.unwrap();
        sqlx::query(sql).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// The same, in words that are put together.
    pub(crate) async fn change(&self, sql: String) {
        let mut connection =
            sqlx::AnyConnection::connect(self.config.url.expose_secret()).await.unwrap();
        sqlx::query(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// The rows a query answers, each as text: to compare whole tables.
    pub(crate) async fn rows(&self, sql: &'static str) -> Vec<String> {
        self.rows_of(sql.to_owned()).await
    }

    async fn rows_of(&self, sql: String) -> Vec<String> {
        let sql = sqlx::AssertSqlSafe(sql);
        let mut connection =
            sqlx::AnyConnection::connect(self.config.url.expose_secret()).await.unwrap();
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

    /// Every table of ours.
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
            let mut rows = self.rows_of(format!("SELECT * FROM {table}")).await;
            rows.sort();
            all.extend(rows.into_iter().map(|row| format!("{table}: {row}")));
        }
        all
    }

    /// The one number a query answers.
    pub(crate) async fn number(&self, sql: &'static str) -> i64 {
        self.count(sql.to_owned()).await
    }

    /// The same, for a query that is put together.
    pub(crate) async fn count(&self, sql: String) -> i64 {
        let mut connection =
            sqlx::AnyConnection::connect(self.config.url.expose_secret()).await.unwrap();
        let row = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_one(&mut connection).await.unwrap();
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

    async fn administer(&self, verb: &str, how: &str) -> Result<(), sqlx::Error> {
        let mut server = PgConnection::connect(&self.server).await?;
        let sql = sqlx::AssertSqlSafe(format!("{verb} {} {how}", self.name));
        sqlx::query(sql).execute(&mut server).await?;
        server.close().await
    }
}

impl Drop for PostgresDatabase {
    /// As well as it goes: a test that has failed must still tell why.
    fn drop(&mut self) {
        thread::scope(|scope| {
            scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                // Connections of the database may still be open: they are cut.
                let gone = runtime.unwrap().block_on(self.administer("DROP DATABASE", "(FORCE)"));
                gone.unwrap_or_default();
            });
        });
    }
}
