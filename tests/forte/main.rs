//! The one integration binary: one file a subject, one harness for all.

mod blob;
mod blob_s3;
mod harness;
mod spool;
