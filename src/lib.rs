//! Receives inspection videos from drivers' phones over unreliable networks, refuses unusable ones
//! within their first kilobytes, stores the others exactly once, and notifies the report service.
//!
//! This page lists the modules; `ARCHITECTURE.md` has a diagram, a paragraph for each module, and
//! walkthroughs.

pub mod app;
pub mod auth;
pub mod cli;
pub mod config;
pub mod database;
pub mod events;
pub mod http;
pub mod inspect;
pub mod leasing;
pub mod model;
pub mod notify;
pub mod onec;
pub mod outbox;
pub mod playback;
pub mod proof;
pub mod shutdown;
pub mod storage;
pub mod telemetry;
pub mod upload;
