//! The schema version: what the database has, and what this program can work with.

use sqlx::Row as _;
use sqlx::migrate::{MigrateError, Migrator};

use super::error::DatabaseError;
use super::pool::Database;

/// The version of the first migration.
const INITIAL: i64 = 1;

static MIGRATOR: Migrator = {
    let mut migrator = sqlx::migrate!("src/database/migrations");
    // A newer release may have applied one more: `check_version` decides.
    migrator.ignore_missing = true;
    migrator
};

impl Database {
    /// Brings the schema to this program's version. A schema of the next release is used as it is,
    /// because a schema serves its own release and the one before it.
    pub async fn migrate(&self) -> Result<(), DatabaseError> {
        match MIGRATOR.run(&self.pool.connections).await {
            Err(MigrateError::VersionMismatch(INITIAL)) => return Err(DatabaseError::OldLayout),
            done => done?,
        }
        let row = sqlx::query("SELECT MAX(version) FROM _sqlx_migrations");
        check_version(row.fetch_one(&self.pool.connections).await?.try_get(0)?)
    }
}

fn check_version(found: i64) -> Result<(), DatabaseError> {
    let known = MIGRATOR.iter().map(|migration| migration.version).max().unwrap_or_default();
    if found > known + 1 {
        return Err(DatabaseError::SchemaTooNew { found, known });
    }
    if found > known {
        tracing::warn!(found, known, "the schema is of the next release; update this program soon");
    }
    Ok(())
}
