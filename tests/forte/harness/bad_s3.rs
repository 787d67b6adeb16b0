//! Stands before a real store and misbehaves as told.

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

/// What happens to one request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Act {
    /// Passed on, and the answer passed back.
    Pass,
    /// Answered with this status and S3 error code.
    Say(u16, &'static str),
    /// Read, not carried out, never answered.
    Stall,
    /// Carried out, never answered.
    CarryOutAndStall,
    /// Carried out, and the connection broken instead of an answer.
    CarryOutAndBreak,
    /// Not carried out, and the connection broken after the body.
    Break,
}

/// A store that misbehaves. Gone when dropped.
pub(crate) struct BadS3 {
    pub(crate) endpoint: String,
    shared: Arc<Shared>,
    _server: AbortOnDropHandle<()>,
}

struct Shared {
    /// Where the real one is.
    upstream: String,
    http: reqwest::Client,
    /// What happens to the next PUTs and GETs; then, and to other requests, everything passes.
    acts: Mutex<VecDeque<Act>>,
    seen: Mutex<Vec<String>>,
}

impl BadS3 {
    /// Stands before `upstream` and does `acts` to the next PUTs and GETs.
    pub(crate) async fn before(upstream: &str, acts: impl IntoIterator<Item = Act>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("finds a free port");
        let address = listener.local_addr().expect("knows its port");
        let shared = Arc::new(Shared {
            upstream: upstream.to_owned(),
            http: reqwest::Client::builder().build().expect("builds a client"),
            acts: Mutex::new(acts.into_iter().collect()),
            seen: Mutex::default(),
        });
        let serving = accept(listener, Arc::clone(&shared));
        let server = AbortOnDropHandle::new(TaskTracker::new().spawn(serving));
        Self { endpoint: format!("http://{address}"), shared, _server: server }
    }

    /// What happens to the next PUTs and GETs, instead of what was to happen.
    pub(crate) fn script(&self, acts: impl IntoIterator<Item = Act>) {
        *self.shared.acts.lock().expect("not poisoned") = acts.into_iter().collect();
    }

    /// The methods of all requests so far, in their order.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.shared.seen.lock().expect("not poisoned").clone()
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let tasks = TaskTracker::new();
    while let Ok((socket, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        let answer = service_fn(move |request| act(Arc::clone(&shared), request));
        let server = hyper::server::conn::http1::Builder::new();
        tasks.spawn(server.serve_connection(TokioIo::new(socket), answer));
    }
}

/// An error ends the connection without an answer.
async fn act(shared: Arc<Shared>, request: Request<Incoming>) -> io::Result<Response<Full<Bytes>>> {
    let (head, body) = request.into_parts();
    let act = shared.next(&head.method);
    let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
    match act {
        Act::Pass => shared.pass(head, body).await,
        Act::Say(status, code) => Ok(said(status, code)),
        Act::Stall => std::future::pending().await,
        Act::CarryOutAndStall => {
            shared.pass(head, body).await?;
            std::future::pending().await
        }
        Act::CarryOutAndBreak => {
            shared.pass(head, body).await?;
            Err(io::ErrorKind::ConnectionReset.into())
        }
        Act::Break => Err(io::ErrorKind::ConnectionReset.into()),
    }
}

fn said(status: u16, code: &str) -> Response<Full<Bytes>> {
    let body = format!("<Error><Code>{code}</Code><Message>as told</Message></Error>");
    Response::builder().status(status).body(Full::from(body)).expect("an answer")
}

impl Shared {
    fn next(&self, method: &Method) -> Act {
        self.seen.lock().expect("not poisoned").push(method.to_string());
        if *method != Method::PUT && *method != Method::GET {
            return Act::Pass;
        }
        self.acts.lock().expect("not poisoned").pop_front().unwrap_or(Act::Pass)
    }

    /// The `Host` header stays, because it is signed.
    async fn pass(
        &self,
        head: hyper::http::request::Parts,
        body: Bytes,
    ) -> io::Result<Response<Full<Bytes>>> {
        let url = format!("{}{}", self.upstream, head.uri);
        let request = self.http.request(head.method, url).headers(head.headers).body(body);
        let answer = request.send().await.map_err(io::Error::other)?;
        let mut response = Response::builder().status(answer.status());
        if let Some(headers) = response.headers_mut() {
            headers.clone_from(answer.headers());
        }
        let body = answer.bytes().await.map_err(io::Error::other)?;
        Ok(response.body(Full::from(body)).expect("an answer"))
    }
}
