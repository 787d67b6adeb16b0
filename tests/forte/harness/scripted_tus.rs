//! A server that speaks just enough tus, on a real socket, and fails as it is told.

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

/// What happens to one request instead of what should.
#[derive(Clone, Debug)]
pub(crate) enum Mishap {
    /// Takes so many bytes of the body, then the connection is gone.
    CutAfter(usize),
    /// This status and `Retry-After`.
    Later(u16, &'static str),
    /// This status and this body, before the request's body is read.
    Says(u16, Value),
}

/// The server. Dropped, it is gone.
pub(crate) struct ScriptedTus {
    pub(crate) address: SocketAddr,
    desk: Arc<Desk>,
    _server: JoinSet<()>,
}

#[derive(Default)]
struct Desk(Mutex<Book>);

#[derive(Default)]
struct Book {
    uploads: Vec<Option<Kept>>,
    forms: Vec<Bytes>,
    asked: Vec<String>,
    mishaps: VecDeque<(Method, Mishap)>,
}

#[derive(Clone, Default)]
struct Kept {
    length: usize,
    metadata: String,
    bytes: Vec<u8>,
}

impl ScriptedTus {
    /// Begins to listen.
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let desk = Arc::<Desk>::default();
        let router = Router::new()
            .route("/uploads", any(create))
            // An older server: it knows no preflight.
            .route("/uploads/preflight", any(async || StatusCode::METHOD_NOT_ALLOWED))
            .route("/uploads/{number}", any(upload))
            .route("/reports/upload", any(form))
            .with_state(Arc::clone(&desk));
        let mut server = JoinSet::new();
        server.spawn(async { axum::serve(listener, router).await.unwrap() });
        Self { address, desk, _server: server }
    }

    /// What happens to the next requests of these methods, in this order.
    pub(crate) fn script(&self, mishaps: impl IntoIterator<Item = (Method, Mishap)>) {
        self.desk.book().mishaps.extend(mishaps);
    }

    /// Every request: its method, and for a PATCH where it went and how long it said it was.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.desk.book().asked.clone()
    }

    /// The bytes of an upload.
    pub(crate) fn bytes(&self, number: usize) -> Vec<u8> {
        self.desk.book().uploads[number].clone().unwrap().bytes
    }

    /// `Upload-Metadata` of an upload.
    pub(crate) fn metadata(&self, number: usize) -> String {
        self.desk.book().uploads[number].clone().unwrap().metadata
    }

    /// Whole bodies that came through the form door.
    pub(crate) fn forms(&self) -> Vec<Bytes> {
        self.desk.book().forms.clone()
    }

    /// The upload has expired.
    pub(crate) fn forget(&self, number: usize) {
        self.desk.book().uploads[number] = None;
    }
}

impl Desk {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes the request; what is to go wrong with it.
    fn next(&self, method: &Method, headers: &HeaderMap) -> Option<Mishap> {
        let mut book = self.book();
        let line = match *method {
            Method::PATCH => {
                let (offset, length) =
                    (count(headers, "upload-offset"), text(headers, "content-length"));
                format!("PATCH {offset}+{length}")
            }
            _ => method.to_string(),
        };
        book.asked.push(line);
        let concerned = book.mishaps.front().is_some_and(|(of, _)| of == method);
        if concerned { book.mishaps.pop_front().map(|(_, mishap)| mishap) } else { None }
    }
}

async fn create(State(desk): State<Arc<Desk>>, method: Method, headers: HeaderMap) -> Response {
    if let Some(mishap) = desk.next(&method, &headers) {
        return answered(mishap);
    }
    assert_eq!(text(&headers, "tus-resumable"), "1.0.0");
    if text(&headers, "authorization") != "Bearer good" {
        let said =
            json!({ "data": { "message": "the token has run out", "error": "token_expired" } });
        return answered(Mishap::Says(401, said));
    }
    let kept = Kept {
        length: count(&headers, "upload-length"),
        metadata: text(&headers, "upload-metadata").to_owned(),
        bytes: Vec::new(),
    };
    let mut book = desk.book();
    book.uploads.push(Some(kept));
    let location = format!("/uploads/{}", book.uploads.len() - 1);
    (StatusCode::CREATED, [("Location", location)]).into_response()
}

async fn upload(
    State(desk): State<Arc<Desk>>,
    Path(number): Path<usize>,
    method: Method,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let mishap = desk.next(&method, &headers);
    let Some(kept) = desk.book().uploads[number].clone() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    match (method, mishap) {
        (Method::PATCH, Some(Mishap::CutAfter(bytes))) => {
            take(&desk, number, body, Some(bytes)).await
        }
        (_, Some(mishap)) => answered(mishap),
        (Method::GET, None) => {
            axum::Json(json!({ "data": { "submission_id": "the-submission", "refusal": null } }))
                .into_response()
        }
        (Method::HEAD, None) => {
            let fields = [("Upload-Offset", kept.bytes.len()), ("Upload-Length", kept.length)];
            (StatusCode::OK, fields.map(|(name, value)| (name, value.to_string()))).into_response()
        }
        (Method::PATCH, None) if count(&headers, "upload-offset") != kept.bytes.len() => {
            StatusCode::CONFLICT.into_response()
        }
        (Method::PATCH, None) => take(&desk, number, body, None).await,
        (other, None) => panic!("{other} was not expected"),
    }
}

/// Keeps what arrives, up to where it is to be cut.
async fn take(desk: &Desk, number: usize, body: Body, cut_after: Option<usize>) -> Response {
    let mut pieces = body.into_data_stream();
    let mut left = cut_after.unwrap_or(usize::MAX);
    while let Some(Ok(piece)) = pieces.next().await {
        let kept = &piece[..piece.len().min(left)];
        left -= kept.len();
        desk.book().uploads[number].as_mut().unwrap().bytes.extend_from_slice(kept);
        if left == 0 {
            // A panic in a handler ends its connection without an answer.
            std::panic::resume_unwind(Box::new("cut as scripted"));
        }
    }
    let offset = desk.book().uploads[number].as_ref().unwrap().bytes.len();
    (StatusCode::NO_CONTENT, [("Upload-Offset", offset.to_string())]).into_response()
}

async fn form(
    State(desk): State<Arc<Desk>>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    if let Some(mishap) = desk.next(&method, &headers) {
        return answered(mishap);
    }
    assert_eq!(count(&headers, "content-length"), body.len());
    desk.book().forms.push(body);
    let said = json!({ "data": { "submission_id": "the-submission" } });
    (StatusCode::CREATED, axum::Json(said)).into_response()
}

fn answered(mishap: Mishap) -> Response {
    match mishap {
        Mishap::CutAfter(_) => std::panic::resume_unwind(Box::new("cut as scripted")),
        Mishap::Later(status, after) => (code(status), [("Retry-After", after)]).into_response(),
        Mishap::Says(status, words) => {
            (code(status), [("Connection", "close")], axum::Json(words)).into_response()
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
