//! One connection, from its first request to its close.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::config::Config;
use super::lingering::Lingering;
use super::patient::Patient;
use super::unread::{Unread, WatchedBody};

/// What all connections share.
#[derive(Debug)]
pub(super) struct Server {
    router: Router,
    protocol: http1::Builder,
    config: Config,
    lingering: Lingering,
    shutdown: CancellationToken,
}

/// A peer that has come in, with its place among `max_connections`.
#[derive(Debug)]
pub(super) struct Accepted {
    /// The socket.
    pub(super) stream: TcpStream,
    /// Who it is, as the kernel says.
    pub(super) peer: SocketAddr,
    /// Given back before the socket lingers: lingering has its own limit.
    pub(super) place: OwnedSemaphorePermit,
}

impl Server {
    /// `shutdown` tells connections to end after the request in flight.
    pub(super) fn new(router: Router, config: Config, shutdown: CancellationToken) -> Self {
        let lingering = Lingering::new(config.linger.clone());
        Self { router, protocol: protocol(&config), config, lingering, shutdown }
    }

    /// Serves the peer until either side is done, and closes so that the last answer arrives.
    pub(super) async fn serve(self: Arc<Self>, accepted: Accepted) {
        let Accepted { stream, peer, place } = accepted;
        let unread = Unread::default();
        let (stream, ended) = self.converse(stream, peer, &unread).await;
        drop(place);
        if let Err(error) = &ended {
            tracing::debug!(%peer, %error, "connection broke");
        }
        if may_still_send(&ended, &unread) {
            self.lingering.see_off(stream).await;
        }
    }

    /// Requests and answers. When this returns, what could be written has been, and the socket
    /// is handed back unclosed.
    async fn converse(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        unread: &Unread,
    ) -> (TcpStream, hyper::Result<()>) {
        let answer = service_fn(|request: Request<Incoming>| {
            self.router.clone().oneshot(admitted(request, peer, unread.clone()))
        });
        let io = TokioIo::new(Patient::new(stream, self.config.write_timeout.unsigned_abs()));
        let mut connection = self.protocol.serve_connection(io, answer);
        let undisturbed = self.shutdown.run_until_cancelled(&mut connection).await;
        let ended = if let Some(ended) = undisturbed {
            ended
        } else {
            Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        };
        (connection.into_parts().io.into_inner().into_inner(), ended)
    }
}

fn protocol(config: &Config) -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        // Without a timer hyper forgets the limit for heads.
        .timer(TokioTimer::new())
        .header_read_timeout(config.header_timeout.unsigned_abs())
        .max_buf_size(config.read_buffer)
        // A phone may end its side after the body and still wait for the answer. The price: a
        // peer that vanishes while a handler works is noticed only when it is written to.
        .half_close(true);
    protocol
}

/// The request as handlers see it: with the peer's address and a body that is watched.
fn admitted(request: Request<Incoming>, peer: SocketAddr, unread: Unread) -> Request<Body> {
    let mut request = request.map(|body| Body::new(WatchedBody::new(body, unread)));
    request.extensions_mut().insert(ConnectInfo(peer));
    request
}

/// Whether closing at once could reset the connection under an answer that is on its way.
fn may_still_send(ended: &hyper::Result<()>, unread: &Unread) -> bool {
    match ended {
        Ok(()) => unread.is_set(),
        // Refused by the parser, which has answered by itself.
        Err(error) => error.is_parse(),
    }
}
