//! A test double of 1C's webhook endpoint: a real HTTP server with scripted responses.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use forte_media::model::{Clock, EventId};
use http::{HeaderMap, StatusCode, header};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The shared secret, in the format of Standard Webhooks.
pub(crate) const SECRET: &str = "whsec_Zm9ydGUtbWVkaWEtdGVzdHMtc2VjcmV0LTAx";

/// Permitted age of a message in either direction (Standard Webhooks).
const TOLERANCE_SECONDS: i64 = 300;

/// A response. Without a script, a signed request gets 204 and any other 401.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    Status(u16),
    /// With `Retry-After`.
    RetryAfter(u16, String),
    /// With a body.
    Body(u16, String),
    /// 307 to this URL.
    Redirect(String),
    /// Receives the request and never responds.
    Hang,
}

/// A received request.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    /// `webhook-id`.
    pub(crate) id: EventId,
    pub(crate) body: String,
    /// `Authorization`; empty: none.
    pub(crate) authorization: String,
    /// Whether the signature and the timestamp are valid.
    pub(crate) signed: bool,
}

/// The server, on a free port. It stops when dropped.
pub(crate) struct Receiver {
    address: SocketAddr,
    shared: Arc<Shared>,
    server: JoinSet<()>,
}

struct Shared {
    secret: String,
    clock: Clock,
    script: Mutex<VecDeque<Reply>>,
    by_id: Mutex<HashMap<EventId, Reply>>,
    received: watch::Sender<Vec<Received>>,
}

impl Receiver {
    /// Starts to listen.
    pub(crate) async fn start(clock: &Clock) -> Self {
        Self::start_with(clock, SECRET).await
    }

    /// As [`Receiver::start`], with another secret.
    pub(crate) async fn start_with(clock: &Clock, secret: &str) -> Self {
        let shared = Arc::new(Shared {
            secret: secret.to_owned(),
            clock: clock.clone(),
            script: Mutex::default(),
            by_id: Mutex::default(),
            received: watch::Sender::default(),
        });
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut receiver = Self { address, shared, server: JoinSet::new() };
        receiver.open().await;
        receiver
    }

    /// Listens, after a stop on the same port.
    pub(crate) async fn open(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.address = listener.local_addr().unwrap();
        let router = Router::new().fallback(any(receive)).with_state(Arc::clone(&self.shared));
        self.server.spawn(async { axum::serve(listener, router).await.unwrap() });
    }

    /// Stops: connections are refused.
    pub(crate) async fn close(&mut self) {
        self.server.shutdown().await;
    }

    /// Its URL, with an IP address.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/hs/forte", self.address)
    }

    /// Its URL, with a host name.
    pub(crate) fn url_by_name(&self) -> String {
        format!("http://localhost:{}/hs/forte", self.address.port())
    }

    /// Sets the next responses, in order.
    pub(crate) fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.script.lock().unwrap_or_else(PoisonError::into_inner).extend(replies);
    }

    /// Sets the response to every request with this id.
    pub(crate) fn always(&self, id: EventId, reply: Reply) {
        self.shared.by_id.lock().unwrap_or_else(PoisonError::into_inner).insert(id, reply);
    }

    /// All requests, in order.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.shared.received.borrow().clone()
    }

    /// The ids of all requests, in order.
    pub(crate) fn ids(&self) -> Vec<EventId> {
        self.shared.received.borrow().iter().map(|request| request.id).collect()
    }

    /// The ids of the signed requests, deduplicated.
    pub(crate) fn deduplicated_ids(&self) -> BTreeSet<EventId> {
        self.shared
            .received
            .borrow()
            .iter()
            .filter(|request| request.signed)
            .map(|request| request.id)
            .collect()
    }

    /// Waits until so many requests have arrived.
    pub(crate) async fn wait_for_requests(&self, count: usize) {
        let mut received = self.shared.received.subscribe();
        received.wait_for(|request| request.len() >= count).await.unwrap();
    }
}

impl Shared {
    fn reply(&self, request: &Received) -> Reply {
        let by_id = self.by_id.lock().unwrap_or_else(PoisonError::into_inner);
        let scripted = || self.script.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let default = if request.signed { Reply::Status(204) } else { Reply::Status(401) };
        by_id.get(&request.id).cloned().or_else(scripted).unwrap_or(default)
    }
}

async fn receive(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let request = Received {
        id: text(&headers, "webhook-id").parse().unwrap(),
        body: String::from_utf8(body.to_vec()).unwrap(),
        authorization: text(&headers, "authorization").to_owned(),
        signed: is_signed(&shared.secret, &headers, &body, &shared.clock),
    };
    let reply = shared.reply(&request);
    shared.received.send_modify(|all| all.push(request));
    match reply {
        Reply::Status(status) => code(status).into_response(),
        Reply::RetryAfter(status, after) => {
            (code(status), [(header::RETRY_AFTER, after)]).into_response()
        }
        Reply::Body(status, body) => (code(status), body).into_response(),
        Reply::Redirect(to) => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response()
        }
        Reply::Hang => std::future::pending().await,
    }
}

/// Verifies a request as Standard Webhooks requires: a recent timestamp, one valid signature.
pub(crate) fn is_signed(secret: &str, headers: &HeaderMap, body: &[u8], clock: &Clock) -> bool {
    let Ok(sent_at) = text(headers, "webhook-timestamp").parse::<i64>() else { return false };
    let recent = (clock.now().as_second() - sent_at).abs() <= TOLERANCE_SECONDS;
    let key = standardwebhooks::Webhook::new(secret).unwrap();
    let expected = key.sign(text(headers, "webhook-id"), sent_at, body).unwrap();
    recent && text(headers, "webhook-signature").split(' ').any(|one| one == expected)
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap()
}
