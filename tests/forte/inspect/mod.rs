//! The inspection of MP4 files, without a server.

mod corpus;
