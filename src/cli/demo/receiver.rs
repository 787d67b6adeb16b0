//! The report service of the demo: a local receiver of webhooks that checks signatures and keeps a
//! line of each delivery.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::net::Ipv4Addr;
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

/// The file in the data folder.
const FILE: &str = "webhook.jsonl";

/// Where events are posted.
const PATH: &str = "/events";

/// How many deliveries a slow listener may be behind. Only the show listens, for one of them.
const BEHIND: usize = 256;

/// One delivery: a line of the file.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Delivery {
    received_at: Timestamp,
    id: String,
    /// Whether it came from us, unchanged and in time (Standard Webhooks).
    pub(super) signature_ok: bool,
    /// What was answered.
    status: u16,
    /// What was told; null when it is no JSON.
    pub(super) event: Value,
}

/// The receiver, running until the end.
pub(super) struct Receiver {
    pub(super) url: String,
    pub(super) log: PathBuf,
    deliveries: broadcast::Sender<Delivery>,
}

struct Desk {
    key: Webhook,
    clock: Clock,
    log: Mutex<File>,
    deliveries: broadcast::Sender<Delivery>,
}

impl Receiver {
    /// Begins to receive on a free port, appending to `folder`'s log.
    pub(super) async fn start(
        folder: &Path,
        secret: &str,
        clock: Clock,
        shutdown: &Shutdown,
    ) -> anyhow::Result<Self> {
        let log = folder.join(FILE);
        let file = OpenOptions::new().create(true).append(true).open(&log);
        let (deliveries, _) = broadcast::channel(BEHIND);
        let desk = Desk {
            key: Webhook::new(secret).context("the secret of webhooks")?,
            clock,
            log: Mutex::new(file.with_context(|| log.display().to_string())?),
            deliveries: deliveries.clone(),
        };
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let url = format!("http://{}{PATH}", listener.local_addr()?);
        let router = Router::new().route(PATH, post(receive)).with_state(Arc::new(desk));
        let serving = axum::serve(listener, router).into_future();
        shutdown.spawn(shutdown.soft().clone().run_until_cancelled_owned(serving));
        Ok(Self { url, log, deliveries })
    }

    /// Every delivery from now on.
    pub(super) fn deliveries(&self) -> broadcast::Receiver<Delivery> {
        self.deliveries.subscribe()
    }
}

async fn receive(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let signature_ok = desk.key.verify(&body, &headers).is_ok();
    let status = if signature_ok { StatusCode::NO_CONTENT } else { StatusCode::UNAUTHORIZED };
    let id = headers.get(HEADER_WEBHOOK_ID).map(|id| String::from_utf8_lossy(id.as_bytes()).into());
    let delivery = Delivery {
        received_at: desk.clock.now(),
        id: id.unwrap_or_default(),
        signature_ok,
        status: status.as_u16(),
        event: serde_json::from_slice(&body).unwrap_or_default(),
    };
    match desk.note(&delivery) {
        Ok(()) => {
            // An error only means that nobody listens at the moment.
            let _unheard = desk.deliveries.send(delivery);
            status
        }
        Err(error) => {
            tracing::warn!(%error, "a delivery cannot be noted");
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

impl Desk {
    /// One write, so that lines of deliveries at the same time do not mix.
    fn note(&self, delivery: &Delivery) -> std::io::Result<()> {
        let mut line = serde_json::to_vec(delivery)?;
        line.push(b'\n');
        self.log.lock().unwrap_or_else(PoisonError::into_inner).write_all(&line)
    }
}
