//! One connection, from its first request to its close.

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use http::{HeaderMap, HeaderValue, Request, Response, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use super::body_state::{BodyState, TrackedBody};
use super::client_stream::ClientStream;
use super::config::{Config, Linger};
use super::linger::LingeringClose;
use super::plain::use_https;
use super::silent::{SilentConnection, SilentConnections};
use super::timed_stream::{TimedStream, WriteLimits};
use super::tls::Tls;
use super::transport::Transport;
use super::unsent::PendingResponse;
use crate::http::base_url::OverTls;
use crate::http::client::X_FORWARDED_FOR;

/// The state that all connections share.
pub(super) struct Server {
    router: Router,
    /// `None`: plain HTTP.
    tls: Option<Tls>,
    protocol: http1::Builder,
    config: Config,
    lingering: LingeringClose,
    silent: SilentConnections,
    /// The free ones of `max_connections`.
    permits: Arc<Semaphore>,
    /// Whether an untrusted proxy has been reported.
    has_warned: AtomicBool,
    shutdown: CancellationToken,
}

/// If fewer than `max_connections / KEPT_FREE` connections are free, each is closed after its response.
const KEPT_FREE: usize = 4;

/// An accepted connection.
#[derive(Debug)]
pub(super) struct Accepted {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    /// One of `max_connections`. Released before the socket lingers, because lingering sockets have
    /// their own limit.
    pub(super) permit: OwnedSemaphorePermit,
}

impl Server {
    /// After `shutdown`, connections end with the request in flight.
    pub(super) fn new(
        (router, tls): (Router, Option<Tls>),
        config: Config,
        permits: Arc<Semaphore>,
        shutdown: CancellationToken,
    ) -> Self {
        let lingering = LingeringClose::new(config.linger.clone());
        let silent = SilentConnections::new(config.max_silent, config.max_silent_per_address);
        let (protocol, has_warned) = (protocol(&config), AtomicBool::new(false));
        Self { router, tls, protocol, config, lingering, silent, permits, has_warned, shutdown }
    }

    /// Serves requests until either side ends the connection, and closes it so that the last
    /// response arrives.
    pub(super) async fn serve(self: Arc<Self>, accepted: Accepted) {
        let Accepted { stream, peer, permit } = accepted;
        let (body_state, unsent) = (BodyState::default(), PendingResponse::default());
        let make_room = CancellationToken::new();
        let silent = self.silent(peer, &make_room);
        let stream = TimedStream::new(stream, self.write_limits(), unsent.clone());
        let served = async {
            let stream = self.open(stream, peer).await?;
            Some(self.serve_requests(stream, peer, (&body_state, &unsent), silent).await)
        };
        let served = make_room.run_until_cancelled(served).await;
        let Some(served) = served else {
            tracing::debug!(%peer, "silent connection closed in favour of another one");
            return;
        };
        let Some((stream, ended)) = served else { return };
        drop(permit);
        unsent.ended();
        if let Err(error) = &ended {
            tracing::debug!(%peer, %error, "connection broke");
        }
        if may_still_send(&ended, &body_state) {
            self.lingering.close(stream).await;
        }
    }

    /// Counts a connection until its first head is complete. Loopback and trusted proxies are not counted.
    fn silent(&self, peer: SocketAddr, make_room: &CancellationToken) -> Option<SilentConnection> {
        let address = peer.ip().to_canonical();
        let is_counted = !address.is_loopback() && !self.config.trusted_proxies.trust(address);
        is_counted.then(|| self.silent.add(address, make_room.clone()))
    }

    /// Whether connections are too scarce to be kept for a next request: idle ones must not keep others out.
    fn is_nearly_full(&self) -> bool {
        self.permits.available_permits() < self.config.max_connections / KEPT_FREE
    }

    /// The stream for requests, after the handshake if TLS is on. `None` if the handshake fails.
    async fn open(&self, stream: TimedStream, peer: SocketAddr) -> Option<Transport> {
        let Some(tls) = &self.tls else { return Some(Transport::Plain(stream)) };
        let opened = self.shutdown.run_until_cancelled(tls.accept(stream)).await?;
        // Not a warning: scanners and closed pages cause many of these.
        opened.inspect_err(|error| tracing::debug!(%peer, %error, "TLS handshake failed")).ok()
    }

    fn write_limits(&self) -> WriteLimits {
        WriteLimits {
            timeout: self.config.write_timeout.unsigned_abs(),
            minimum: self.config.minimum_taken(),
            over: self.config.minimum_rate_over.unsigned_abs(),
        }
    }

    /// Serves requests until the connection ends, and returns the stream, whose socket is still open.
    async fn serve_requests(
        &self,
        stream: Transport,
        peer: SocketAddr,
        (body_state, unsent): (&BodyState, &PendingResponse),
        silent: Option<SilentConnection>,
    ) -> (Transport, hyper::Result<()>) {
        let is_tls = stream.is_tls();
        let service = service_fn(|request: Request<Incoming>| async move {
            self.warn_of_proxy(peer, request.headers());
            let mut request = prepared(request, peer, body_state);
            if is_tls {
                request.extensions_mut().insert(OverTls);
            }
            let response = self.respond(request, body_state).await;
            response.inspect(|response| unsent.expect(response.extensions()))
        });
        let io = TokioIo::new(ClientStream::new(stream, self.config.read_buffer, silent));
        let mut connection = self.protocol.serve_connection(io, service);
        let ended = self.shutdown.run_until_cancelled(&mut connection).await;
        let ended = if let Some(ended) = ended {
            ended
        } else {
            Pin::new(&mut connection).graceful_shutdown();
            (&mut connection).await
        };
        (connection.into_parts().io.into_inner().into_inner(), ended)
    }

    /// The response of the router. It announces the close of the connection if a part of the request
    /// body may still come: the client must not send its next request there.
    async fn respond(
        &self,
        request: Request<Body>,
        body_state: &BodyState,
    ) -> Result<Response<Body>, Infallible> {
        let is_refused = self.tls.is_some() && request.extensions().get::<OverTls>().is_none();
        let mut response = if is_refused {
            use_https(request)
        } else {
            self.router.clone().oneshot(request).await?
        };
        let Linger { rest_bytes, rest_time, .. } = self.config.linger;
        if response.headers().contains_key(header::CONNECTION) {
            body_state.drop_rest();
        } else if !body_state.drain_rest(rest_bytes, rest_time.unsigned_abs()).await
            || self.is_nearly_full()
        {
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        Ok(response)
    }
}

impl Server {
    /// Warns once if a peer in a private network sends `X-Forwarded-For` without being trusted: all clients
    /// of such a proxy share its limits.
    fn warn_of_proxy(&self, peer: SocketAddr, headers: &HeaderMap) {
        let address = peer.ip().to_canonical();
        let is_untrusted = headers.contains_key(X_FORWARDED_FOR)
            && is_private(address)
            && !self.config.trusted_proxies.trust(address);
        if is_untrusted && !self.has_warned.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                %address,
                "X-Forwarded-For of this private address is ignored; if it is your proxy, add it to \
                 http.trusted_proxies"
            );
        }
    }
}

/// Whether the address is of a private network (RFC 1918, RFC 4193) or of this machine.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => address.is_private() || address.is_loopback(),
        IpAddr::V6(address) => address.is_unique_local() || address.is_loopback(),
    }
}

fn protocol(config: &Config) -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        // Without a timer hyper ignores the timeout for request heads.
        .timer(TokioTimer::new())
        .header_read_timeout(config.header_timeout.unsigned_abs())
        // `ClientStream` enforces this size already.
        .max_buf_size(config.read_buffer)
        // A client may close its side after the body and still wait for the response. The price:
        // a client that vanishes while a handler works is noticed only when we write to it.
        .half_close(true);
    protocol
}

/// The request as handlers see it: with the peer's address and a tracked body.
fn prepared(request: Request<Incoming>, peer: SocketAddr, state: &BodyState) -> Request<Body> {
    let (mut head, body) = request.into_parts();
    head.extensions.insert(ConnectInfo(peer));
    let body = Body::new(TrackedBody::new(body, &head.headers, state.clone()));
    Request::from_parts(head, body)
}

/// Whether a plain close could reset the connection before the response has arrived.
fn may_still_send(ended: &hyper::Result<()>, body_state: &BodyState) -> bool {
    match ended {
        Ok(()) => body_state.is_unread(),
        // hyper could not parse the request and has responded by itself.
        Err(error) => error.is_parse(),
    }
}
