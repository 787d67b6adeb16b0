//! The inspection of MP4 files, without a server.

mod bombs;
mod clips;
mod command;
mod completion;
mod corpus;
mod cutting;
mod damage_table;
mod every_check;
mod facts;
mod fragments;
mod fuzzed;
mod movie;
mod mutations;
mod nal;
mod opening;
mod oracle;
mod paths;
mod preview;
mod refusals;
mod samples;
mod settings;
mod tables;
mod top_level;
mod truncated_recording;
