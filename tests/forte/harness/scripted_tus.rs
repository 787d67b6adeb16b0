//! A minimal tus server on a real socket that fails as scripted.

use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::any;
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// A failure of one request.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// Reads so many bytes of the body, then closes the connection.
    CutAfter(usize),
    /// Responds with this status and `Retry-After`.
    RetryAfter(u16, &'static str),
    /// Responds with this status and body before the request's body is read.
    Respond(u16, Value),
}

/// The server, until it is dropped.
pub(crate) struct ScriptedTus {
    pub(crate) address: SocketAddr,
    shared: Arc<SharedState>,
    _server: JoinSet<()>,
}

#[derive(Default)]
struct SharedState(Mutex<Contents>);

#[derive(Default)]
struct Contents {
    uploads: Vec<Option<Upload>>,
    forms: Vec<Bytes>,
    requests: Vec<String>,
    failures: VecDeque<(Method, Failure)>,
}

#[derive(Clone, Default)]
struct Upload {
    length: usize,
    metadata: String,
    bytes: Vec<u8>,
}

impl ScriptedTus {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::<SharedState>::default();
        let router = Router::new()
            .route("/uploads", any(create))
            // An older server without preflights.
            .route("/uploads/preflight", any(async || StatusCode::METHOD_NOT_ALLOWED))
            .route("/uploads/{number}", any(upload))
            .route("/reports/upload", any(form))
            .with_state(Arc::clone(&shared));
        let mut server = JoinSet::new();
        server.spawn(async { axum::serve(listener, router).await.unwrap() });
        Self { address, shared, _server: server }
    }

    /// Sets the failures of the next requests with these methods, in this order.
    pub(crate) fn script(&self, failures: impl IntoIterator<Item = (Method, Failure)>) {
        self.shared.state().failures.extend(failures);
    }

    /// All requests: the method, and for a PATCH its offset and length.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.shared.state().requests.clone()
    }

    pub(crate) fn bytes(&self, number: usize) -> Vec<u8> {
        self.shared.state().uploads[number].clone().unwrap().bytes
    }

    pub(crate) fn metadata(&self, number: usize) -> String {
        self.shared.state().uploads[number].clone().unwrap().metadata
    }

    /// The complete forms.
    pub(crate) fn forms(&self) -> Vec<Bytes> {
        self.shared.state().forms.clone()
    }

    /// Makes an upload expire.
    pub(crate) fn expire(&self, number: usize) {
        self.shared.state().uploads[number] = None;
    }
}

impl SharedState {
    fn state(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a request, and returns its failure if one is scripted.
    fn next(&self, method: &Method, headers: &HeaderMap) -> Option<Failure> {
        let mut state = self.state();
        let line = match *method {
            Method::PATCH => {
                let (offset, length) =
                    (count(headers, "upload-offset"), text(headers, "content-length"));
                format!("PATCH {offset}+{length}")
            }
            _ => method.to_string(),
        };
        state.requests.push(line);
        let concerned = state.failures.front().is_some_and(|(of, _)| of == method);
        if concerned { state.failures.pop_front().map(|(_, failure)| failure) } else { None }
    }
}

async fn create(
    State(shared): State<Arc<SharedState>>,
    method: Method,
    headers: HeaderMap,
) -> Response {
    if let Some(failure) = shared.next(&method, &headers) {
        return respond_with(failure);
    }
    assert_eq!(text(&headers, "tus-resumable"), "1.0.0");
    if text(&headers, "authorization") != "Bearer good" {
        let body =
            json!({ "data": { "message": "the token has run out", "error": "token_expired" } });
        return respond_with(Failure::Respond(401, body));
    }
    let upload = Upload {
        length: count(&headers, "upload-length"),
        metadata: text(&headers, "upload-metadata").to_owned(),
        bytes: Vec::new(),
    };
    let mut state = shared.state();
    state.uploads.push(Some(upload));
    let location = format!("/uploads/{}", state.uploads.len() - 1);
    (StatusCode::CREATED, [("Location", location)]).into_response()
}

async fn upload(
    State(shared): State<Arc<SharedState>>,
    Path(number): Path<usize>,
    method: Method,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let failure = shared.next(&method, &headers);
    let Some(upload) = shared.state().uploads[number].clone() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match (method, failure) {
        (Method::PATCH, Some(Failure::CutAfter(bytes))) => {
            take(&shared, number, body, Some(bytes)).await
        }
        (_, Some(failure)) => respond_with(failure),
        (Method::GET, None) => {
            axum::Json(json!({ "data": { "submission_id": "the-submission", "refusal": null } }))
                .into_response()
        }
        (Method::HEAD, None) => {
            let fields = [("Upload-Offset", upload.bytes.len()), ("Upload-Length", upload.length)];
            (StatusCode::OK, fields.map(|(name, value)| (name, value.to_string()))).into_response()
        }
        (Method::PATCH, None) if count(&headers, "upload-offset") != upload.bytes.len() => {
            StatusCode::CONFLICT.into_response()
        }
        (Method::PATCH, None) => take(&shared, number, body, None).await,
        (other, None) => panic!("{other} was not expected"),
    }
}

/// Stores what arrives, up to the scripted cut.
async fn take(
    shared: &SharedState,
    number: usize,
    body: Body,
    cut_after: Option<usize>,
) -> Response {
    let mut chunks = body.into_data_stream();
    let mut left = cut_after.unwrap_or(usize::MAX);
    while let Some(Ok(chunk)) = chunks.next().await {
        let upload = &chunk[..chunk.len().min(left)];
        left -= upload.len();
        shared.state().uploads[number].as_mut().unwrap().bytes.extend_from_slice(upload);
        if left == 0 {
            // A panic in a handler closes its connection without a response.
            std::panic::resume_unwind(Box::new("cut as scripted"));
        }
    }
    let offset = shared.state().uploads[number].as_ref().unwrap().bytes.len();
    (StatusCode::NO_CONTENT, [("Upload-Offset", offset.to_string())]).into_response()
}

async fn form(
    State(shared): State<Arc<SharedState>>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(failure) = shared.next(&method, &headers) {
        return respond_with(failure);
    }
    assert_eq!(count(&headers, "content-length"), body.len());
    shared.state().forms.push(body);
    let body = json!({ "data": { "submission_id": "the-submission" } });
    (StatusCode::CREATED, axum::Json(body)).into_response()
}

fn respond_with(failure: Failure) -> Response {
    match failure {
        Failure::CutAfter(_) => std::panic::resume_unwind(Box::new("cut as scripted")),
        Failure::RetryAfter(status, after) => {
            (code(status), [("Retry-After", after)]).into_response()
        }
        Failure::Respond(status, body) => {
            (code(status), [("Connection", "close")], axum::Json(body)).into_response()
        }
    }
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap()
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers.get(name).map_or("", |value| value.to_str().unwrap())
}

fn count(headers: &HeaderMap, name: &str) -> usize {
    text(headers, name).parse().unwrap()
}
