//! The accept loop of the public listener, on hyper.
//!
//! It adds to axum's own loop: a check of request heads (`heads`), timeouts for silent and slow clients,
//! limits for buffers and for the number of connections, and a lingering close that lets an early response
//! arrive (`linger`). With `http.tls` it also accepts TLS (`tls`); the layers above it are the same.
//!
//! # How a handler refuses a request before the body has been read
//!
//! It drops the request body everywhere (also in tasks that hold it) and responds with
//! `Connection: close`. hyper then stops reading, the response is written, the socket lingers. A
//! handler that responds but keeps the body goes on receiving. A client that sends
//! `Expect: 100-continue` gets its `100` at the first read of the body: a handler that refuses by
//! the head alone must not read it.
//!
//! A handler is not dropped when its client disconnects. It finds out at its next read of the body,
//! or never; its response is then discarded.

mod body_state;
mod certificate;
mod client_stream;
mod config;
mod connection;
mod heads;
mod linger;
mod plain;
mod silent;
mod timed_stream;
mod tls;
mod transport;
mod unsent;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use certificate::{Certificate, TlsConfig, TlsError, Validity};
pub use config::{Config, ConfigError, Linger};
use connection::{Accepted, Server};
use tls::Tls;
pub use unsent::WhenUnsent;

/// Also counts the shortages of memory that `accept` reports, which have the same remedies.
const OUT_OF_FILES: &str = "forte_media_out_of_files_total";

/// Serves `router` on `listener` until `shutdown`, then gives requests in flight
/// `config.shutdown_grace` to finish, closes the other connections, and returns when the last one
/// has ended.
///
/// Handlers find the client's address in the extension `axum::extract::ConnectInfo<SocketAddr>`.
/// Dropping the returned future closes all connections. Fails only on an invalid setting, before
/// anything is served.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    config: Config,
    shutdown: CancellationToken,
) -> Result<(), ConfigError> {
    config.check()?;
    let grace = config.shutdown_grace.unsigned_abs();
    let abort = CancellationToken::new();
    let _abort_when_dropped = abort.clone().drop_guard();
    let connections = TaskTracker::new();
    let acceptor = Acceptor::new(listener, &config);
    let (tls, reloader) = Tls::open(&config.tls)?.unzip();
    if let Some(reloader) = reloader {
        let reloading = shutdown.clone().run_until_cancelled_owned(reloader.run());
        connections.spawn(abort.clone().run_until_cancelled_owned(reloading));
    }
    let permits = Arc::clone(&acceptor.permits);
    let server = Arc::new(Server::new((router, tls), config, permits, shutdown.clone()));
    while let Some(accepted) = shutdown.run_until_cancelled(acceptor.next()).await {
        let connection = Arc::clone(&server).serve(accepted);
        connections.spawn(abort.clone().run_until_cancelled_owned(connection));
    }
    drop(acceptor);
    connections.close();
    if timeout(grace, connections.wait()).await.is_err() {
        tracing::warn!(open = connections.len(), "closing connections after the shutdown grace");
        abort.cancel();
        connections.wait().await;
    }
    Ok(())
}

/// The listener, with the limit on the number of connections.
struct Acceptor {
    listener: TcpListener,
    permits: Arc<Semaphore>,
    pause: Duration,
}

impl Acceptor {
    fn new(listener: TcpListener, config: &Config) -> Self {
        let permits = Arc::new(Semaphore::new(config.max_connections));
        Self { listener, permits, pause: config.accept_pause.unsigned_abs() }
    }

    /// Waits for a permit and the next connection. Retries after a failure: the listener must
    /// survive a shortage of file descriptors or memory, which is logged once.
    async fn next(&self) -> Accepted {
        let mut is_logged = false;
        loop {
            match self.accept().await {
                Ok(accepted) => return accepted,
                Err(error) if concerns_one_peer(error.kind()) => {}
                Err(error) => {
                    metrics::counter!(OUT_OF_FILES, "operation" => "accept").increment(1);
                    if !is_logged {
                        tracing::error!(%error, "cannot accept connections; retrying");
                        is_logged = true;
                    }
                    sleep(self.pause).await;
                }
            }
        }
    }

    async fn accept(&self) -> io::Result<Accepted> {
        let permits = Arc::clone(&self.permits);
        let permit = permits.acquire_owned().await.map_err(io::Error::other)?;
        let (stream, peer) = self.listener.accept().await?;
        // Responses are small and written at once; Nagle's algorithm would only delay them.
        stream.set_nodelay(true)?;
        Ok(Accepted { stream, peer, permit })
    }
}

/// The error of one connection that broke in the backlog: the next one may be accepted at once.
fn concerns_one_peer(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, InvalidInput};
    // macOS reports `InvalidInput` when a socket option is set after the peer has disconnected.
    matches!(kind, ConnectionAborted | ConnectionRefused | ConnectionReset | InvalidInput)
}
