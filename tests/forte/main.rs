//! The one integration binary: one file a subject, one harness for all.

#![expect(clippy::unwrap_used, reason = "a test stops where its world is not as it says")]

mod harness;
mod inspect;
