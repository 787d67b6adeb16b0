//! The schema version: what the database has, and what this program can work with.

use sqlx::migrate::{MigrateError, Migrator};

use super::error::DatabaseError;
use super::kind::Kind;
use super::pool::{Database, Write};
use super::statement::query;

/// The key of the lock that nodes take while they migrate: any number that no other program uses.
const LOCK: &str = "SELECT COUNT(*) FROM pg_advisory_xact_lock(6361738412)";

/// A migration may take long, and another node may wait for it.
const NO_LIMITS: &str =
    "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

const FORGET_STATEMENTS: &str = "DEALLOCATE ALL";

/// The version of the first migration.
const INITIAL: i64 = 1;

static MIGRATOR: Migrator = {
    let mut migrator = sqlx::migrate!("src/database/migrations");
    // A newer release may have applied one more: `check_version` decides.
    migrator.ignore_missing = true;
    // Its lock belongs to a session, which a pooler may share. Ours belongs to the transaction.
    migrator.locking = false;
    migrator
};

impl Database {
    /// Brings the schema to this program's version, in one transaction. A schema of the next release is
    /// used as it is, because a schema serves its own release and the one before it.
    pub async fn migrate(&self) -> Result<(), DatabaseError> {
        let mut write = self.write().await?;
        if self.kind == Kind::Postgres {
            execute(&mut write, NO_LIMITS).await?;
            execute(&mut write, LOCK).await?;
        }
        let is_pooled = !write.may_prepare();
        if is_pooled {
            // This server connection may have the prepared statements of another client, under the same
            // names.
            execute(&mut write, FORGET_STATEMENTS).await?;
        }
        match MIGRATOR.run_direct(None, write.connection(), false).await {
            Err(MigrateError::VersionMismatch(INITIAL)) => return Err(DatabaseError::OldLayout),
            done => done?,
        }
        if is_pooled {
            execute(&mut write, FORGET_STATEMENTS).await?;
        }
        let version = query("SELECT MAX(version) FROM _sqlx_migrations", vec![]).value(&mut write);
        let version = version.await?.unwrap_or_default();
        write.commit().await?;
        check_version(version)
    }
}

/// Executes a statement without preparing it, and without a limit: another node may migrate for long.
async fn execute(write: &mut Write, sql: &'static str) -> Result<(), DatabaseError> {
    sqlx::raw_sql(sql).execute(write.connection()).await?;
    Ok(())
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
