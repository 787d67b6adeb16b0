//! The settings of the public listener.

use std::net::SocketAddr;

use jiff::SignedDuration;
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::http::client::Proxies;
use crate::http::config::RequestLimits;

/// hyper does not work with less, and panics when told to.
const LEAST_READ_BUFFER: usize = 8192;

/// The section `[http]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Address and port of the public listener; port 0 takes any free one.
    pub listen: SocketAddr,
    /// What Location, QR codes and links are built from; without it, `listen`.
    pub public_url: Option<String>,
    /// From whom `X-Forwarded-For` is believed (S51).
    pub trusted_proxies: Proxies,
    /// Time for a whole request head, and so for a silent or idle connection (S46).
    pub header_timeout: SignedDuration,
    /// Time in which a peer must take something of an answer.
    pub write_timeout: SignedDuration,
    /// Connections served at a time; more wait in the listener's backlog.
    pub max_connections: usize,
    /// Bytes: the largest request head, and the largest piece of a body read at once.
    pub read_buffer: usize,
    /// Rest after a failure to accept.
    pub accept_pause: SignedDuration,
    /// Time for requests in flight once a shutdown has begun (F27).
    pub shutdown_grace: SignedDuration,
    /// Limits of request bodies and forms.
    pub limits: RequestLimits,
    /// What follows an answer that came before the end of the request body.
    pub linger: Linger,
}

/// The section `[http.linger]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Linger {
    /// Time in which nothing is read, so that the window fills.
    pub quiet: SignedDuration,
    /// Bytes read and thrown away after the quiet time, at most.
    pub drain_bytes: u64,
    /// Time for those bytes.
    pub drain_time: SignedDuration,
    /// Sockets in this state at a time; beyond it they are closed at once.
    pub max_sockets: usize,
}

/// A setting that cannot work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A time of zero or less.
    #[error("{0} must be longer than zero")]
    NotPositive(&'static str),
    /// A size or count outside its range.
    #[error("{key} must be from {least} to {most}")]
    OutOfRange {
        /// The key of the setting.
        key: &'static str,
        /// The least value that works.
        least: usize,
        /// The greatest value that works.
        most: usize,
    },
}

impl Config {
    /// Looks for settings that cannot work.
    ///
    /// # Errors
    /// The first of them.
    pub fn check(&self) -> Result<(), ConfigError> {
        positive("http.header_timeout", self.header_timeout)?;
        positive("http.write_timeout", self.write_timeout)?;
        positive("http.accept_pause", self.accept_pause)?;
        positive("http.shutdown_grace", self.shutdown_grace)?;
        positive("http.linger.quiet", self.linger.quiet)?;
        positive("http.linger.drain_time", self.linger.drain_time)?;
        at_least("http.read_buffer", self.read_buffer, LEAST_READ_BUFFER)?;
        at_least("http.max_connections", self.max_connections, 1)?;
        at_least("http.linger.max_sockets", self.linger.max_sockets, 0)
    }
}

fn positive(key: &'static str, time: SignedDuration) -> Result<(), ConfigError> {
    if time.is_positive() { Ok(()) } else { Err(ConfigError::NotPositive(key)) }
}

/// The upper end is what a semaphore can count; no size here comes near it.
fn at_least(key: &'static str, value: usize, least: usize) -> Result<(), ConfigError> {
    let most = Semaphore::MAX_PERMITS;
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(ConfigError::OutOfRange { key, least, most })
    }
}
