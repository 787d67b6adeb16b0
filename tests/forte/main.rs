//! All integration tests in one binary: a module per subject, and a shared harness.

#![expect(clippy::unwrap_used, reason = "a failed assumption fails the test")]

mod accounts;
mod architecture;
mod cli;
mod clients;
mod config;
mod contract;
mod database;
mod decisions;
mod demo;
mod deploy;
mod edge;
mod events;
mod events_command;
mod harness;
mod health;
mod inspect;
mod lists;
mod mail;
mod mail_dialogue;
mod main_job;
mod multipart;
mod nul;
mod onec;
mod onec_queue;
mod outbox;
mod pictures;
mod plausibility;
mod playback;
mod preflight;
mod pushes;
mod qr;
mod retention;
mod shutdown;
mod sign_in;
mod spool;
mod storage;
mod storage_s3;
mod storm;
mod telemetry;
mod tokens;
mod tus;
mod upload_command;
mod video_facts;
mod webhook;
