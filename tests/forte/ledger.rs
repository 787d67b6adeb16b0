//! The ledger's promises, on SQLite and on PostgreSQL.

mod finish;
mod gates;
mod outbox;
mod tables;
