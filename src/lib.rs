//! Takes inspection videos from drivers' phones over bad networks, refuses bad ones in their first
//! kilobytes, stores good ones once and for certain, and tells the report service.
//!
//! This page is the map; `ARCHITECTURE.md` has the picture and a walk through it.

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
pub mod shutdown;
pub mod storage;
pub mod telemetry;
pub mod upload;
