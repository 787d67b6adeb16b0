//! Tests of the MP4 inspection, without a server.

mod chunking;
mod clips;
mod command;
mod completion;
mod corpus;
mod damage_table;
mod every_check;
mod facts;
mod finding_paths;
mod first_box;
mod fragments;
mod fuzzed;
mod movie;
mod mutations;
mod nal;
mod oracle;
mod preview;
mod refusals;
mod resource_exhaustion;
mod samples;
mod settings;
mod tables;
mod top_level;
mod truncated_recording;
