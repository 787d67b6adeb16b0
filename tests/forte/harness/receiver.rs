//! The double of 1C's receiver of webhooks: a real HTTP server that does as it is told.

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

/// What both sides know, as Standard Webhooks writes it.
pub(crate) const SECRET: &str = "whsec_Zm9ydGUtbWVkaWEtdGVzdHMtc2VjcmV0LTAx";

/// How old or new a message may be (Standard Webhooks, S64).
const TOLERANCE_SECONDS: i64 = 300;

/// An answer. Unscripted, the receiver takes what is signed (204) and refuses the rest (401).
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// This status, nothing more.
    Status(u16),
    /// This status and `Retry-After`.
    RetryAfter(u16, String),
    /// This status and body.
    Saying(u16, String),
    /// 307 to this URL.
    Redirect(String),
    /// Hears it, and never answers.
    Hang,
}

/// Something that arrived.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// `webhook-id`.
    pub(crate) id: EventId,
    /// Its body.
    pub(crate) body: String,
    /// Whether signature and time were good.
    pub(crate) signed: bool,
}

/// The receiver, on a port of its own. Dropped, it is gone.
pub(crate) struct Receiver {
    address: SocketAddr,
    desk: Arc<Desk>,
    server: JoinSet<()>,
}

struct Desk {
    secret: String,
    clock: Clock,
    script: Mutex<VecDeque<Reply>>,
    habits: Mutex<HashMap<EventId, Reply>>,
    heard: watch::Sender<Vec<Heard>>,
}

impl Receiver {
    /// Begins to listen.
    pub(crate) async fn start(clock: &Clock) -> Self {
        Self::start_with(clock, SECRET).await
    }

    /// As [`Receiver::start`], knowing another secret.
    pub(crate) async fn start_with(clock: &Clock, secret: &str) -> Self {
        let desk = Arc::new(Desk {
            secret: secret.to_owned(),
            clock: clock.clone(),
            script: Mutex::default(),
            habits: Mutex::default(),
            heard: watch::Sender::default(),
        });
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let mut receiver = Self { address, desk, server: JoinSet::new() };
        receiver.open().await;
        receiver
    }

    /// Listens (again), on the same port.
    pub(crate) async fn open(&mut self) {
        let listener = TcpListener::bind(self.address).await.unwrap();
        self.address = listener.local_addr().unwrap();
        let router = Router::new().fallback(any(receive)).with_state(Arc::clone(&self.desk));
        self.server.spawn(async { axum::serve(listener, router).await.unwrap() });
    }

    /// Is away: connections are refused.
    pub(crate) async fn close(&mut self) {
        self.server.shutdown().await;
    }

    /// Where it listens, by number.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/hs/forte", self.address)
    }

    /// Where it listens, by name.
    pub(crate) fn url_by_name(&self) -> String {
        format!("http://localhost:{}/hs/forte", self.address.port())
    }

    /// The next answers, in order.
    pub(crate) fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.desk.script.lock().unwrap_or_else(PoisonError::into_inner).extend(replies);
    }

    /// Answers one message always like this.
    pub(crate) fn always(&self, id: EventId, reply: Reply) {
        self.desk.habits.lock().unwrap_or_else(PoisonError::into_inner).insert(id, reply);
    }

    /// Everything that arrived, in order.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.desk.heard.borrow().clone()
    }

    /// The ids of everything that arrived, in order.
    pub(crate) fn ids(&self) -> Vec<EventId> {
        self.desk.heard.borrow().iter().map(|heard| heard.id).collect()
    }

    /// What a receiver that knows repetitions by their ids has taken to heart.
    pub(crate) fn effects(&self) -> BTreeSet<EventId> {
        self.desk.heard.borrow().iter().filter(|heard| heard.signed).map(|heard| heard.id).collect()
    }

    /// Waits until so many have arrived.
    pub(crate) async fn hears(&self, count: usize) {
        let mut heard = self.desk.heard.subscribe();
        heard.wait_for(|heard| heard.len() >= count).await.unwrap();
    }
}

impl Desk {
    fn reply(&self, heard: &Heard) -> Reply {
        let habit =
            self.habits.lock().unwrap_or_else(PoisonError::into_inner).get(&heard.id).cloned();
        let next = || self.script.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        let plain = if heard.signed { Reply::Status(204) } else { Reply::Status(401) };
        habit.or_else(next).unwrap_or(plain)
    }
}

async fn receive(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> Response {
    let heard = Heard {
        id: text(&headers, "webhook-id").parse().unwrap(),
        body: String::from_utf8(body.to_vec()).unwrap(),
        signed: is_signed(&desk.secret, &headers, &body, &desk.clock),
    };
    let reply = desk.reply(&heard);
    desk.heard.send_modify(|all| all.push(heard));
    match reply {
        Reply::Status(status) => code(status).into_response(),
        Reply::RetryAfter(status, after) => {
            (code(status), [(header::RETRY_AFTER, after)]).into_response()
        }
        Reply::Saying(status, words) => (code(status), words).into_response(),
        Reply::Redirect(to) => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, to)]).into_response()
        }
        Reply::Hang => std::future::pending().await,
    }
}

/// What a receiver is told to do by Standard Webhooks: the time is near, one signature fits.
pub(crate) fn is_signed(secret: &str, headers: &HeaderMap, body: &[u8], clock: &Clock) -> bool {
    let Ok(sent_at) = text(headers, "webhook-timestamp").parse::<i64>() else { return false };
    let near = (clock.now().as_second() - sent_at).abs() <= TOLERANCE_SECONDS;
    let key = standardwebhooks::Webhook::new(secret).unwrap();
    let expected = key.sign(text(headers, "webhook-id"), sent_at, body).unwrap();
    near && text(headers, "webhook-signature").split(' ').any(|one| one == expected)
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap()
}
