//! The public listener: limits, early answers, and how connections end.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails by panicking")]

mod early_answers;
mod limits;
mod requests;
mod server;
mod shutdown;
