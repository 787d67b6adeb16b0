//! The S3 back end. Its design is based on measurements; each trap is described where it is avoided.
//!
//! - The SDK's own retries are off: it does not retry 409, and cannot resolve an unclear response.
//! - Checksums are computed while the bytes arrive from the phone, sent as a header, and verified by
//!   the store.
//! - No multipart uploads: objects are small, and one conditional PUT is all or nothing.

mod client;
mod credentials;
mod failure;
mod get;
mod list;
mod put;

pub(super) use client::S3;
