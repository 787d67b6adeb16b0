//! Guarantees of the database, on SQLite and on PostgreSQL.

mod broken_connections;
mod finish;
mod leases;
mod outbox;
mod pooler;
mod tables;
