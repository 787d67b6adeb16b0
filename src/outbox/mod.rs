//! The outbox: claim messages, deliver them, record the outcome, retry, purge.
//!
//! Messages are rows of the database, written in the transaction of the change they report. A dispatcher
//! leases the due ones, delivers them outside any transaction and records the outcome. If it dies in
//! between, the lease expires and another dispatcher retries: delivery is at least once, and a receiver
//! deduplicates by the message's id (F23, F24). Messages with one subject are delivered in order and do
//! not wait for those with another (F36).
//!
//! Each channel has its own receiver, lease and limit of concurrent attempts: a slow mail server delays
//! no webhook. On a channel without a receiver nothing is claimed, and messages wait in the database.

mod attempts;
mod backoff;
mod compose;
mod config;
mod dispatcher;
mod metrics;
mod receivers;
mod retention;

pub use compose::{CodeOf, Composer, LinkOf};
pub use config::Config;
pub use dispatcher::Outbox;
pub use receivers::Receivers;
pub use retention::Retention;
