//! Guarantees of the database, on SQLite and on PostgreSQL.

mod finish;
mod leases;
mod outbox;
mod tables;
