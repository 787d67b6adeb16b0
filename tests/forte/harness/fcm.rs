//! The double of FCM and of Google's token endpoint: a real HTTP server that checks what it is given
//! as they do, answers in their words, and does as it is told.

use std::collections::{HashMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Bytes;
use axum::extract::{Path as Segment, State};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use axum::{Json, Router};
use forte_media::model::Clock;
use http::{HeaderMap, StatusCode, header};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use rcgen::{KeyPair, PKCS_RSA_SHA256};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

const PROJECT: &str = "forte-tests";
const EMAIL: &str = "sender@forte-tests.iam.gserviceaccount.com";
const KEY_ID: &str = "0123456789abcdef";
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
const MOST_BYTES: usize = 4096;

/// An answer to a note. Unscripted, a note that is as it must be is taken.
#[derive(Clone, Debug)]
pub(crate) enum Told {
    /// This status, this word of Google's, and FCM's own error code.
    Error(u16, &'static str, &'static str),
    /// The same with `Retry-After`.
    RetryAfter(u16, &'static str, &'static str, &'static str),
    /// The token is none.
    BadToken,
}

/// The server. Dropped, it is gone.
pub(crate) struct FcmDouble {
    address: SocketAddr,
    desk: Arc<Desk>,
    folder: TempDir,
    _server: JoinSet<()>,
}

struct Desk {
    clock: Clock,
    token_uri: Mutex<String>,
    key: DecodingKey,
    state: Mutex<Heard>,
}

#[derive(Default)]
struct Heard {
    /// The access tokens that are good, with their ends, in seconds since 1970.
    granted: HashMap<String, i64>,
    grants: usize,
    script: VecDeque<Told>,
    notes: Vec<Value>,
    /// Why something was refused that was not as it must be.
    complaints: Vec<String>,
    /// Answers of the token endpoint before it is well again.
    token_failures: VecDeque<u16>,
}

impl FcmDouble {
    /// Begins to listen.
    pub(crate) async fn start(clock: &Clock) -> Self {
        let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let token_uri = format!("http://{address}/token");
        let desk = Arc::new(Desk {
            clock: clock.clone(),
            token_uri: Mutex::new(token_uri.clone()),
            key: DecodingKey::from_rsa_pem(pair.public_key_pem().as_bytes()).unwrap(),
            state: Mutex::default(),
        });
        let router = Router::new()
            .route("/token", post(token))
            .route("/v1/projects/{project}/{verb}", post(send))
            .with_state(Arc::clone(&desk));
        let mut server = JoinSet::new();
        server.spawn(async { axum::serve(listener, router).await.unwrap() });
        let double = Self { address, desk, folder, _server: server };
        double.write_account(&pair.serialize_pem(), &token_uri);
        double
    }

    fn write_account(&self, key: &str, token_uri: &str) {
        let account = json!({
            "type": "service_account",
            "project_id": PROJECT,
            "private_key_id": KEY_ID,
            "private_key": key,
            "client_email": EMAIL,
            "client_id": "1",
            "token_uri": token_uri,
        });
        std::fs::write(self.account(), account.to_string()).unwrap();
    }

    /// The file of the service account.
    pub(crate) fn account(&self) -> PathBuf {
        self.folder.path().join("account.json")
    }

    /// The folder of the account's file.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where it listens.
    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The settings that lead to it.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("NOTIFY__FCM__SERVICE_ACCOUNT_FILE", self.account().display().to_string()),
            ("NOTIFY__FCM__ENDPOINT", self.endpoint()),
        ]
    }

    /// The next answers to notes, in order.
    pub(crate) fn script(&self, told: impl IntoIterator<Item = Told>) {
        self.desk.state().script.extend(told);
    }

    /// The token endpoint fails like this, so often, before it is well again.
    pub(crate) fn tokens_fail(&self, statuses: impl IntoIterator<Item = u16>) {
        self.desk.state().token_failures.extend(statuses);
    }

    /// No token that was granted is good any more.
    pub(crate) fn revoke_tokens(&self) {
        self.desk.state().granted.clear();
    }

    /// How many tokens were granted.
    pub(crate) fn grants(&self) -> usize {
        self.desk.state().grants
    }

    /// The notes that were taken or refused by script, in order.
    pub(crate) fn notes(&self) -> Vec<Value> {
        self.desk.state().notes.clone()
    }

    /// What was not as it must be.
    pub(crate) fn complaints(&self) -> Vec<String> {
        self.desk.state().complaints.clone()
    }
}

impl Desk {
    fn state(&self) -> MutexGuard<'_, Heard> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What Google looks at: signature, who, for what, to whom, from when to when.
    fn assert_claims(&self, assertion: &str) -> Result<(), String> {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let read = decode::<Value>(assertion, &self.key, &validation).map_err(|e| e.to_string())?;
        let (claims, now) = (read.claims, self.clock.now().as_second());
        let token_uri = self.token_uri.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (iat, exp) = (claims["iat"].as_i64(), claims["exp"].as_i64());
        let checks = [
            (read.header.kid.as_deref() == Some(KEY_ID), "kid"),
            (claims["iss"] == EMAIL, "iss"),
            (claims["scope"] == SCOPE, "scope"),
            (claims["aud"] == token_uri, "aud"),
            (iat.is_some_and(|iat| (now - iat).abs() <= 60), "iat"),
            (exp.is_some_and(|exp| exp > now && exp <= now + 3_600), "exp"),
        ];
        let wrong: Vec<&str> = checks.iter().filter(|(good, _)| !good).map(|(_, it)| *it).collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join(", ")) }
    }
}

async fn token(State(desk): State<Arc<Desk>>, headers: HeaderMap, body: Bytes) -> Response {
    if let Some(status) = desk.state().token_failures.pop_front() {
        return StatusCode::from_u16(status).unwrap().into_response();
    }
    let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let typed = headers[header::CONTENT_TYPE] == "application/x-www-form-urlencoded";
    let granted = form.get("grant_type").map(String::as_str)
        == Some("urn:ietf:params:oauth:grant-type:jwt-bearer");
    let asserted = desk.assert_claims(form.get("assertion").map_or("", String::as_str));
    if let (true, true, Ok(())) = (typed, granted, &asserted) {
        let end = desk.clock.now().as_second() + 3_599;
        let mut state = desk.state();
        state.grants += 1;
        let token = format!("ya29.canary-{}", state.grants);
        state.granted.insert(token.clone(), end);
        let answer = json!({ "access_token": token, "expires_in": 3_599, "token_type": "Bearer" });
        return Json(answer).into_response();
    }
    desk.state().complaints.push(format!("token: {typed} {granted} {asserted:?}"));
    let answer = json!({ "error": "invalid_grant", "error_description": "Invalid JWT Signature." });
    (StatusCode::BAD_REQUEST, Json(answer)).into_response()
}

async fn send(
    State(desk): State<Arc<Desk>>,
    Segment((project, verb)): Segment<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let now = desk.clock.now().as_second();
    let bearer = headers.get(header::AUTHORIZATION).map_or("", |it| it.to_str().unwrap());
    let token = bearer.strip_prefix("Bearer ").unwrap_or_default();
    if desk.state().granted.get(token).is_none_or(|end| *end <= now) {
        return error(401, "UNAUTHENTICATED", "", None);
    }
    if project != PROJECT || verb != "messages:send" {
        return StatusCode::NOT_FOUND.into_response();
    }
    if let Err(complaint) = check(&body) {
        desk.state().complaints.push(complaint);
        return error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", None);
    }
    let note: Value = serde_json::from_slice(&body).unwrap();
    let scripted = {
        let mut state = desk.state();
        state.notes.push(note["message"].clone());
        state.script.pop_front()
    };
    match scripted {
        None => Json(json!({ "name": format!("projects/{PROJECT}/messages/0:1") })).into_response(),
        Some(Told::Error(status, word, code)) => error(status, word, code, None),
        Some(Told::RetryAfter(status, word, code, after)) => error(status, word, code, Some(after)),
        Some(Told::BadToken) => bad_token(),
    }
}

/// What FCM refuses: no token, unknown fields, data that is not text, too many bytes.
fn check(body: &Bytes) -> Result<(), String> {
    let read: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if body.len() > MOST_BYTES {
        return Err(format!("{} bytes", body.len()));
    }
    let message = read["message"].as_object().ok_or("no message")?;
    let known = ["token", "notification", "data", "android", "apns"];
    if let Some(unknown) = message.keys().find(|key| !known.contains(&key.as_str())) {
        return Err(format!("unknown {unknown}"));
    }
    let data = message["data"].as_object().ok_or("no data")?;
    if !data.values().all(Value::is_string) {
        return Err("data must be text".to_owned());
    }
    let reserved =
        |key: &String| key == "from" || key == "message_type" || key.starts_with("google");
    if data.keys().any(reserved) {
        return Err("a reserved key".to_owned());
    }
    let filled = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    let notification = &message["notification"];
    if filled(&message["token"]) && filled(&notification["title"]) && filled(&notification["body"])
    {
        Ok(())
    } else {
        Err("something is empty".to_owned())
    }
}

fn error(status: u16, word: &str, code: &str, after: Option<&'static str>) -> Response {
    let details = json!([{
        "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError",
        "errorCode": code,
    }]);
    let details = if code.is_empty() { json!([]) } else { details };
    let body = json!({ "error": {
        "code": status, "message": "The words of Google.", "status": word, "details": details,
    } });
    let mut response = (StatusCode::from_u16(status).unwrap(), Json(body)).into_response();
    if let Some(after) = after {
        response.headers_mut().insert(header::RETRY_AFTER, after.parse().unwrap());
    }
    response
}

fn bad_token() -> Response {
    let body = json!({ "error": {
        "code": 400,
        "message": "The registration token is not a valid FCM registration token",
        "status": "INVALID_ARGUMENT",
        "details": [
            {
                "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError",
                "errorCode": "INVALID_ARGUMENT",
            },
            {
                "@type": "type.googleapis.com/google.rpc.BadRequest",
                "fieldViolations": [{ "field": "message.token", "description": "no" }],
            },
        ],
    } });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}
