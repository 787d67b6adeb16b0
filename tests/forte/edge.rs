//! The public listener: limits, early responses, and the end of connections.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod early_responses;
mod limits;
mod requests;
mod server;
mod shutdown;
mod tls;
mod tls_doctor;
mod tls_service;
mod unsent;
