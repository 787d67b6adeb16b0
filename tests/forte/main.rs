//! The one integration binary: one file a subject, one harness for all.

#![expect(clippy::unwrap_used, reason = "a test stops where its world is not as it says")]

mod accounts;
mod architecture;
mod blob;
mod blob_s3;
mod cli;
mod clients;
mod config;
mod contract;
mod decisions;
mod demo;
mod edge;
mod events;
mod exchange;
mod exchange_out;
mod facts_door;
mod form_door;
mod harness;
mod inspect;
mod ledger;
mod library;
mod lists;
mod mail;
mod main_job;
mod nul;
mod outbox;
mod pictures;
mod plausibility;
mod preflight;
mod pushes;
mod qr;
mod shutdown;
mod sign_in;
mod spool;
mod storm;
mod telemetry;
mod tokens;
mod tus_door;
mod upload_command;
mod webhook;
