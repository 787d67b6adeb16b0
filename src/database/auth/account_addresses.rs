//! The addresses that accounts have been used from. They survive a restart, so that wrong passwords from other
//! addresses never lock out a user at a known address.

use jiff::Timestamp;

use crate::database::column::params;
use crate::database::error::DatabaseError;
use crate::database::pool::Database;
use crate::database::statement::query;

impl Database {
    /// Whether the account was used from this address since `since`.
    pub async fn is_known_address(
        &self,
        login: &str,
        address: &str,
        since: Timestamp,
    ) -> Result<bool, DatabaseError> {
        let sql = "SELECT COUNT(*) FROM account_addresses \
            WHERE login = $1 AND address = $2 AND seen_at > $3";
        let found: Option<i64> =
            query(sql, params![login, address, since]).value(&self.pool).await?;
        Ok(found.unwrap_or_default() > 0)
    }

    /// Stores that the account was used from this address, unless that was stored after `recently`.
    pub async fn remember_address(
        &self,
        login: &str,
        address: &str,
        now: Timestamp,
        recently: Timestamp,
    ) -> Result<(), DatabaseError> {
        let sql = "INSERT INTO account_addresses (login, address, seen_at) VALUES ($1, $2, $3) \
            ON CONFLICT (login, address) DO UPDATE SET seen_at = excluded.seen_at \
            WHERE account_addresses.seen_at < $4";
        query(sql, params![login, address, now, recently]).run(&self.unflushed).await
    }

    /// Deletes up to `limit` addresses that were last used before `before`.
    pub async fn purge_account_addresses(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<u64, DatabaseError> {
        let sql = "DELETE FROM account_addresses WHERE (login, address) IN (SELECT login, address \
            FROM account_addresses WHERE seen_at < $1 ORDER BY seen_at LIMIT $2)";
        query(sql, params![before, limit]).execute(&self.pool).await
    }
}
