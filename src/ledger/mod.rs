//! Every SQL statement, migration and transaction.

mod config;

pub use config::Config;
