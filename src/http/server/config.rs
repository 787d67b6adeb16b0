//! The section `[http]`: settings of the public listener.

use std::net::SocketAddr;

use jiff::SignedDuration;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::certificate::{TlsConfig, TlsError};
use crate::http::client::TrustedProxies;
use crate::http::config::RequestLimits;
use crate::http::cors::AllowedOrigin;

/// hyper panics on a smaller buffer.
const MIN_READ_BUFFER: usize = 8192;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Port 0 picks a free port.
    pub listen: SocketAddr,
    /// The base of Location and links; the address that the client has used if not set.
    pub public_url: Option<String>,
    /// The proxies whose `Forwarded` and `X-Forwarded-…` headers are believed.
    pub trusted_proxies: TrustedProxies,
    /// The other origins whose pages may send videos.
    pub allow_origins: Vec<AllowedOrigin>,
    /// Time for a whole request head, and so for an idle connection.
    pub header_timeout: SignedDuration,
    /// Time in which the client must accept some bytes of a response.
    pub write_timeout: SignedDuration,
    /// Bytes per second of a response that the client must take, averaged over the following time.
    pub minimum_rate: u64,
    /// Counts only the time in which we wait for the client.
    pub minimum_rate_over: SignedDuration,
    /// Connections without a complete request head, in all.
    pub max_silent: usize,
    /// Connections without a complete request head, of one address.
    pub max_silent_per_address: usize,
    /// Connections served at a time; more wait in the listener's backlog.
    pub max_connections: usize,
    /// Bytes: the largest request head, and the largest chunk of a body read at once.
    pub read_buffer: usize,
    /// Pause after a failure to accept.
    pub accept_pause: SignedDuration,
    /// Time for requests in flight once a shutdown has begun.
    pub shutdown_grace: SignedDuration,
    pub tls: TlsConfig,
    pub limits: RequestLimits,
    pub linger: Linger,
}

/// The section `[http.linger]`: the close after a response that came before the end of the request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Linger {
    /// The longest rest of a request body that is awaited so that the connection can be used again, in
    /// bytes.
    pub rest_bytes: u64,
    /// Time for that rest.
    pub rest_time: SignedDuration,
    /// Time in which nothing is read, so that the receive window fills.
    pub quiet: SignedDuration,
    /// Bytes read and discarded after the quiet time, at most.
    pub drain_bytes: u64,
    /// Time for those bytes.
    pub drain_time: SignedDuration,
    /// Sockets in this state at a time; more are closed at once.
    pub max_sockets: usize,
}

/// An invalid setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    #[error("{0} must be longer than zero")]
    NotPositive(&'static str),
    #[error("{key} must be from {least} to {most}")]
    OutOfRange { key: &'static str, least: usize, most: usize },
    #[error(transparent)]
    Tls(#[from] TlsError),
}

impl Config {
    /// Reports the first invalid setting.
    pub fn check(&self) -> Result<(), ConfigError> {
        positive("http.header_timeout", self.header_timeout)?;
        positive("http.write_timeout", self.write_timeout)?;
        positive("http.minimum_rate_over", self.minimum_rate_over)?;
        positive("http.accept_pause", self.accept_pause)?;
        positive("http.shutdown_grace", self.shutdown_grace)?;
        positive("http.linger.rest_time", self.linger.rest_time)?;
        positive("http.linger.quiet", self.linger.quiet)?;
        positive("http.linger.drain_time", self.linger.drain_time)?;
        at_least("http.read_buffer", self.read_buffer, MIN_READ_BUFFER)?;
        at_least("http.max_connections", self.max_connections, 1)?;
        at_least("http.max_silent", self.max_silent, 1)?;
        at_least("http.max_silent_per_address", self.max_silent_per_address, 1)?;
        at_least("http.linger.max_sockets", self.linger.max_sockets, 0)?;
        positive("http.tls.handshake_timeout", self.tls.handshake_timeout)?;
        positive("http.tls.reload_every", self.tls.reload_every)?;
        self.tls.load()?;
        Ok(())
    }
}

impl Config {
    /// Bytes that the client must take within `minimum_rate_over`.
    pub(super) fn minimum_taken(&self) -> u64 {
        let seconds = u64::try_from(self.minimum_rate_over.as_secs()).unwrap_or(0).max(1);
        self.minimum_rate.saturating_mul(seconds)
    }
}

fn positive(key: &'static str, time: SignedDuration) -> Result<(), ConfigError> {
    if time.is_positive() { Ok(()) } else { Err(ConfigError::NotPositive(key)) }
}

/// The upper limit is that of a semaphore; no sensible size comes near it.
fn at_least(key: &'static str, value: usize, least: usize) -> Result<(), ConfigError> {
    let most = Semaphore::MAX_PERMITS;
    if (least..=most).contains(&value) {
        Ok(())
    } else {
        Err(ConfigError::OutOfRange { key, least, most })
    }
}
