//! The accept loop of the public listener, on hyper.
//!
//! What axum's own loop does not do: limits for silent peers and for buffers, a bounded number of
//! connections, and above all a close that lets an early answer arrive (`lingering`).
//!
//! # What a handler does to refuse midway
//!
//! Drop the request body, whole and everywhere (also in tasks that it was handed to), and answer
//! with `Connection: close`. The rest is done here: hyper stops reading, the answer is written,
//! the socket lingers. A handler that answers but keeps the body goes on receiving. A body that
//! was announced with `Expect: 100-continue` is asked for at the first read: a handler that
//! refuses on the head alone must not touch it, then no `100` is sent.
//!
//! A handler whose peer has gone is not dropped; it finds out at its next read of the body, or
//! never. Its answer is then thrown away.

mod config;
mod connection;
mod lingering;
mod patient;
mod unread;

use std::io;
use std::sync::Arc;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use config::{Config, ConfigError, Linger};
use connection::{Accepted, Server};

/// Serves `router` on `listener` until `shutdown`, then lets requests in flight finish for
/// `config.shutdown_grace`, cuts the rest, and returns when the last connection has ended.
///
/// Handlers find the peer's address in the extension `axum::extract::ConnectInfo<SocketAddr>`.
/// Dropping the returned future cuts all connections.
///
/// # Errors
/// A setting that cannot work; nothing has been served then.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    config: Config,
    shutdown: CancellationToken,
) -> Result<(), ConfigError> {
    config.check()?;
    let grace = config.shutdown_grace.unsigned_abs();
    let cut = CancellationToken::new();
    let _cut_when_dropped = cut.clone().drop_guard();
    let connections = TaskTracker::new();
    let acceptor = Acceptor::new(listener, &config);
    let server = Arc::new(Server::new(router, config, shutdown.clone()));
    while let Some(accepted) = shutdown.run_until_cancelled(acceptor.next()).await {
        let connection = Arc::clone(&server).serve(accepted);
        connections.spawn(cut.clone().run_until_cancelled_owned(connection));
    }
    drop(acceptor);
    connections.close();
    if timeout(grace, connections.wait()).await.is_err() {
        tracing::warn!(left = connections.len(), "cutting connections that outlived the grace");
        cut.cancel();
        connections.wait().await;
    }
    Ok(())
}

/// The listener and the places behind it.
struct Acceptor {
    listener: TcpListener,
    places: Arc<Semaphore>,
    pause: std::time::Duration,
}

impl Acceptor {
    fn new(listener: TcpListener, config: &Config) -> Self {
        let places = Arc::new(Semaphore::new(config.max_connections));
        Self { listener, places, pause: config.accept_pause.unsigned_abs() }
    }

    /// The next peer, as soon as there is a place for it. Failures are waited out: a listener
    /// must outlive a shortage of files or memory.
    async fn next(&self) -> Accepted {
        loop {
            match self.accept().await {
                Ok(accepted) => return accepted,
                Err(error) if concerns_one_peer(error.kind()) => {}
                Err(error) => {
                    tracing::error!(%error, "cannot accept connections");
                    sleep(self.pause).await;
                }
            }
        }
    }

    async fn accept(&self) -> io::Result<Accepted> {
        let places = Arc::clone(&self.places);
        let place = places.acquire_owned().await.map_err(io::Error::other)?;
        let (stream, peer) = self.listener.accept().await?;
        // Answers are small and whole; waiting to fill a segment would only delay them.
        stream.set_nodelay(true)?;
        Ok(Accepted { stream, peer, place })
    }
}

/// A connection that broke while it waited in the backlog says nothing about the next one.
fn concerns_one_peer(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, InvalidInput};
    // Setting an option on a socket whose peer has already gone is `InvalidInput` on macOS.
    matches!(kind, ConnectionAborted | ConnectionRefused | ConnectionReset | InvalidInput)
}
