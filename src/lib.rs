//! Takes inspection videos from drivers' phones over bad networks, refuses bad ones in their first
//! kilobytes, stores good ones once and for certain, and tells the report service.
//!
//! This page is the map; `ARCHITECTURE.md` has the picture and a walk through it.

pub mod app;
pub mod blob;
pub mod cli;
pub mod config;
pub mod exchange;
pub mod http;
pub mod inspect;
pub mod leasing;
pub mod ledger;
pub mod library;
pub mod model;
pub mod notify;
pub mod outbox;
pub mod shutdown;
pub mod telemetry;
pub mod upload;
