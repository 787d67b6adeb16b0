//! The demo's report service: a local webhook receiver that checks signatures and logs every delivery.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::net::Ipv4Addr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context as _;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use standardwebhooks::{HEADER_WEBHOOK_ID, Webhook};
use tokio::net::TcpListener;
use tokio::sync::broadcast;

use crate::model::Clock;
use crate::shutdown::Shutdown;

const LOG: &str = "webhook.jsonl";
const PATH: &str = "/events";
/// Deliveries kept for a slow subscriber. The scenario is the only one, and waits for one delivery.
const CAPACITY: usize = 256;

/// One delivery: a line of the log.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Delivery {
    received_at: Timestamp,
    id: String,
    pub(super) signature_ok: bool,
    /// Status of the response.
    status: u16,
    /// The body; null when it is not JSON.
    pub(super) event: Value,
}

/// A running receiver.
pub(super) struct Receiver {
    pub(super) url: String,
    pub(super) log: PathBuf,
    deliveries: broadcast::Sender<Delivery>,
}

struct ReceiverState {
    verifier: Webhook,
    clock: Clock,
    log: Mutex<File>,
    deliveries: broadcast::Sender<Delivery>,
}

impl Receiver {
    /// Starts on a free port and appends to the log in `folder`.
    pub(super) async fn start(
        folder: &Path,
        secret: &str,
        clock: Clock,
        shutdown: &Shutdown,
    ) -> anyhow::Result<Self> {
        let log = folder.join(LOG);
        let file = OpenOptions::new().create(true).append(true).mode(0o600).open(&log);
        let (deliveries, _) = broadcast::channel(CAPACITY);
        let state = ReceiverState {
            verifier: Webhook::new(secret).context("the webhook secret of the demo")?,
            clock,
            log: Mutex::new(file.with_context(|| log.display().to_string())?),
            deliveries: deliveries.clone(),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}{PATH}", listener.local_addr()?);
        let router = Router::new().route(PATH, post(receive)).with_state(Arc::new(state));
        let serving = axum::serve(listener, router).into_future();
        shutdown.spawn(shutdown.soft().clone().run_until_cancelled_owned(serving));
        Ok(Self { url, log, deliveries })
    }

    pub(super) fn subscribe(&self) -> broadcast::Receiver<Delivery> {
        self.deliveries.subscribe()
    }
}

async fn receive(
    State(state): State<Arc<ReceiverState>>,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let signature_ok = state.verifier.verify(&body, &headers).is_ok();
    let status = if signature_ok { StatusCode::NO_CONTENT } else { StatusCode::UNAUTHORIZED };
    let id = headers.get(HEADER_WEBHOOK_ID).map(|id| String::from_utf8_lossy(id.as_bytes()).into());
    let delivery = Delivery {
        received_at: state.clock.now(),
        id: id.unwrap_or_default(),
        signature_ok,
        status: status.as_u16(),
        event: serde_json::from_slice(&body).unwrap_or_default(),
    };
    match state.log(&delivery) {
        Ok(()) => {
            // An error means that there is no subscriber.
            let _no_subscriber = state.deliveries.send(delivery);
            status
        }
        Err(error) => {
            tracing::warn!(%error, "the webhook log cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

impl ReceiverState {
    /// One write, so that the lines of concurrent deliveries do not mix.
    fn log(&self, delivery: &Delivery) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(delivery)?;
        line.push(b'\n');
        self.log.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line)
    }
}
