//! A proxy in front of a real store, with scripted failures.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

/// What happens to a request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// Forwarded, with its response.
    Forward,
    /// Forwarded; one byte of the response's body is changed on the way back.
    Flip,
    /// Forwarded with one byte of its body changed.
    FlipSent,
    /// Answered with this status and S3 error code.
    Respond(u16, &'static str),
    /// Neither forwarded nor answered.
    Stall,
    /// Forwarded, never answered.
    ForwardAndStall,
    /// Forwarded, then the connection is closed instead of an answer.
    ForwardAndClose,
    /// Not forwarded, and the connection is closed after the body.
    Close,
}

/// The proxy. It stops when dropped.
pub(crate) struct S3Proxy {
    pub(crate) endpoint: String,
    shared: Arc<Shared>,
    _server: AbortOnDropHandle<()>,
}

struct Shared {
    /// URL of the real store.
    upstream: String,
    http: reqwest::Client,
    /// What happens to the next PUTs and GETs; everything else is forwarded.
    acts: Mutex<VecDeque<Act>>,
    methods: Mutex<Vec<String>>,
}

impl S3Proxy {
    /// Starts a proxy to `upstream` that applies `acts` to the next PUTs and GETs.
    pub(crate) async fn in_front_of(upstream: &str, acts: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("finds a free port");
        let address = listener.local_addr().expect("knows its port");
        let shared = Arc::new(Shared {
            upstream: upstream.to_owned(),
            http: reqwest::Client::builder().build().expect("builds a client"),
            acts: Mutex::new(acts.into_iter().collect()),
            methods: Mutex::default(),
        });
        let serving = accept(listener, Arc::clone(&shared));
        let server = AbortOnDropHandle::new(TaskTracker::new().spawn(serving));
        Self { endpoint: format!("http://{address}"), shared, _server: server }
    }

    /// Replaces the script for the next PUTs and GETs.
    pub(crate) fn script(&self, acts: impl IntoIterator<Item = Act>) {
        *self.shared.acts.lock().expect("not poisoned") = acts.into_iter().collect();
    }

    /// The methods of all requests, in order.
    pub(crate) fn methods(&self) -> Vec<String> {
        self.shared.methods.lock().expect("not poisoned").clone()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let tasks = TaskTracker::new();
    while let Ok((socket, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        let service = service_fn(move |request| act(Arc::clone(&shared), request));
        let server = hyper::server::conn::http1::Builder::new();
        tasks.spawn(server.serve_connection(TokioIo::new(socket), service));
    }
}

/// An error closes the connection without a response.
async fn act(shared: Arc<Shared>, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let act = shared.next(&head.method);
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    match act {
        Act::Forward => shared.forward(head, body).await,
        Act::Flip => {
            let (head, body) = shared.forward(head, body).await?.into_parts();
            let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
            Ok(Response::from_parts(head, Full::from(flipped(&body))))
        }
        Act::FlipSent => shared.forward(head, flipped(&body)).await,
        Act::Respond(status, code) => Ok(error(status, code)),
        Act::Stall => std::future::pending().await,
        Act::ForwardAndStall => {
            shared.forward(head, body).await?;
            std::future::pending().await
        }
        Act::ForwardAndClose => {
            shared.forward(head, body).await?;
            Err(io::ErrorKind::ConnectionReset.into())
        }
        Act::Close => Err(io::ErrorKind::ConnectionReset.into()),
    }
}

/// The same bytes, except for one in the middle.
fn flipped(bytes: &[u8]) -> Bytes {
    let mut bytes = bytes.to_vec();
    let middle = bytes.len() / 2;
    if let Some(byte) = bytes.get_mut(middle) {
        *byte ^= 1;
    }
    bytes.into()
}

fn error(status: u16, code: &str) -> Response<Full<Bytes>> {
    let body = format!("<Error><Code>{code}</Code><Message>scripted</Message></Error>");
    Response::builder().status(status).body(Full::from(body)).expect("a response")
}

impl Shared {
    fn next(&self, method: &Method) -> Act {
        self.methods.lock().expect("not poisoned").push(method.to_string());
        if *method != Method::PUT && *method != Method::GET {
            return Act::Forward;
        }
        self.acts.lock().expect("not poisoned").pop_front().unwrap_or(Act::Forward)
    }

    /// Keeps the `Host` header, because it is signed.
    async fn forward(
        &self,
        head: hyper::http::request::Parts,
        body: Bytes,
    ) -> io::Result<Response<Full<Bytes>>> {
        let url = format!("{}{}", self.upstream, head.uri);
        let request = self.http.request(head.method, url).headers(head.headers).body(body);
        let received = request.send().await.map_err(io::Error::other)?;
        let mut response = Response::builder().status(received.status());
        if let Some(headers) = response.headers_mut() {
            headers.clone_from(received.headers());
        }
        let body = received.bytes().await.map_err(io::Error::other)?;
        Ok(response.body(Full::from(body)).expect("a response"))
    }
}
