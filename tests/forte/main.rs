//! The one integration binary: one file a subject, one harness for all.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod harness;

mod events;
mod ledger;
mod outbox;
mod webhook;
