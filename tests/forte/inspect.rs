//! The inspection of MP4 files, without a server.

mod bombs;
mod clips;
mod command;
mod completion;
mod corpus;
mod cutting;
mod facts;
mod fragments;
mod movie;
mod mutations;
mod nal;
mod opening;
mod paths;
mod preview;
mod samples;
mod settings;
mod tables;
mod top_level;
