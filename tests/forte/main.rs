//! The one integration binary: one file a subject, one harness for all.

mod harness;
mod inspect;
