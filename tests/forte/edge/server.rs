//! A server with a handler for each behaviour that matters to a connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use axum::{Extension, Router};
use forte_media::http::server::{Config, ConfigError, WhenUnsent, serve};
use http_body_util::BodyExt as _;
use jiff::SignedDuration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The body of a refusal.
pub(super) const REFUSAL: &str = "the first bytes are not MP4";

/// Awaits what must happen. The limit only ends a test that hangs.
pub(super) async fn within_a_minute<T>(event: impl Future<Output = T>) -> T {
    timeout(Duration::from_mins(1), event).await.expect("did not happen within a minute")
}

/// The default settings.
pub(super) fn settings() -> Config {
    let file = forte_media::config::DEFAULTS;
    let source = config::File::from_str(file, config::FileFormat::Toml);
    let layers = config::Config::builder().add_source(source).build().unwrap();
    layers.get("http").unwrap()
}

/// The default settings with a short linger.
pub(super) fn short_linger() -> Config {
    let mut config = settings();
    config.linger.quiet = SignedDuration::from_millis(20);
    config
}

/// Signals between handlers and a test.
#[derive(Debug)]
pub(super) struct Signals {
    /// Gets a permit whenever a handler begins to wait.
    pub(super) entered: Semaphore,
    /// A waiting handler needs a permit of this to go on.
    pub(super) released: Semaphore,
    /// Waiting handlers now, and the most there have been at a time.
    pub(super) inside: watch::Sender<(usize, usize)>,
    /// Has a receiver while an endless response is being sent.
    pub(super) endless: watch::Sender<()>,
}

/// A running listener.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    pub(super) signals: Arc<Signals>,
    pub(super) shutdown: CancellationToken,
    pub(super) served: JoinHandle<Result<(), ConfigError>>,
}

impl Server {
    pub(super) async fn open(config: Config) -> Self {
        Self::open_on("127.0.0.1:0", config).await
    }

    pub(super) async fn open_on(address: &str, config: Config) -> Self {
        let signals = Arc::new(Signals {
            entered: Semaphore::new(0),
            released: Semaphore::new(0),
            inside: watch::Sender::new((0, 0)),
            endless: watch::Sender::new(()),
        });
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shutdown = CancellationToken::new();
        let service = serve(listener, router(Arc::clone(&signals)), config, shutdown.clone());
        let served = TaskTracker::new().spawn(service);
        Self { address, signals, shutdown, served }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(super) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// A connection on which `request` has been written.
    pub(super) async fn ask(&self, request: &str) -> TcpStream {
        let mut stream = self.connect().await;
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// The response to a request after which the server closes the connection.
    pub(super) async fn answer(&self, request: &str) -> String {
        rest(&mut self.ask(request).await).await
    }

    /// Waits until a handler has begun to wait.
    pub(super) async fn entered(&self) {
        within_a_minute(self.signals.entered.acquire()).await.unwrap().forget();
    }

    /// Shuts down and waits for the end.
    pub(super) async fn close(self) {
        self.shutdown.cancel();
        within_a_minute(self.served).await.unwrap().unwrap();
    }
}

/// Everything until the server closes the connection without a reset.
pub(super) async fn rest(stream: &mut TcpStream) -> String {
    let mut answer = String::new();
    within_a_minute(stream.read_to_string(&mut answer)).await.expect("closed without a reset");
    answer
}

/// Reads as many bytes as `text` has, which must be `text`.
pub(super) async fn expect(stream: &mut TcpStream, text: &str) {
    let mut seen = vec![0; text.len()];
    within_a_minute(stream.read_exact(&mut seen)).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&seen), text);
}

fn router(signals: Arc<Signals>) -> Router {
    Router::new()
        .route("/hello", get(async || "hello"))
        .route("/peer", get(async |ConnectInfo(peer): ConnectInfo<SocketAddr>| peer.to_string()))
        .route("/refuse/{reads}", any(refuse))
        .route("/count", any(count))
        .route("/wait", any(wait))
        .route("/endless", get(endless))
        .route("/panic", get(panic))
        .route("/unsent", any(unsent))
        .with_state(signals)
}

/// Refuses after the given number of chunks of the body.
async fn refuse(Path(reads): Path<usize>, mut body: Body) -> Response {
    for _ in 0..reads {
        body.frame().await;
    }
    drop(body);
    (StatusCode::UNPROCESSABLE_ENTITY, [(header::CONNECTION, "close")], REFUSAL).into_response()
}

/// Reads the body to its end or to where it was cut, and answers with its length.
async fn count(headers: HeaderMap, mut body: Body) -> String {
    let mut bytes = 0;
    let end = loop {
        match body.frame().await {
            Some(Ok(frame)) => bytes += frame.into_data().map_or(0, |data| data.len()),
            Some(Err(_)) => break "cut",
            None => break "whole",
        }
    };
    let declared = headers.get(header::CONTENT_LENGTH).map(|length| length.to_str().unwrap());
    format!("{end} {bytes} of {}", declared.unwrap_or("unknown"))
}

/// Reads the body and then waits to be released.
async fn wait(State(signals): State<Arc<Signals>>, body: Body) -> String {
    let bytes = body.collect().await.unwrap().to_bytes().len();
    signals.inside.send_modify(|(now, most)| {
        *now += 1;
        *most = (*most).max(*now);
    });
    signals.entered.add_permits(1);
    signals.released.acquire().await.unwrap().forget();
    signals.inside.send_modify(|(now, _)| *now -= 1);
    format!("waited with {bytes}")
}

/// Waits to be released, and signals with another permit if the response could not be sent.
async fn unsent(State(signals): State<Arc<Signals>>) -> Response {
    signals.entered.add_permits(1);
    signals.released.acquire().await.unwrap().forget();
    let when_unsent = WhenUnsent::new(move || signals.entered.add_permits(1));
    (Extension(when_unsent), "sent").into_response()
}

/// Responds without end, as long as the client reads.
async fn endless(State(signals): State<Arc<Signals>>) -> Body {
    let alive = signals.endless.subscribe();
    signals.entered.add_permits(1);
    let chunk = Bytes::from(vec![0; 65_536]);
    Body::from_stream(futures_util::stream::repeat_with(move || {
        let _alive = &alive;
        Ok::<_, std::io::Error>(chunk.clone())
    }))
}

async fn panic() -> String {
    panic!("a handler that panics for the test")
}
