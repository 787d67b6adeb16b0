//! A test double of FCM and of Google's token endpoint: a real HTTP server that validates requests as
//! they do, with scripted responses.

use std::collections::{HashMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

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
const MAX_BYTES: usize = 4096;

/// A response to a message. Without a script, a valid message is accepted.
#[derive(Clone, Debug)]
pub(crate) enum Reply {
    /// Status, Google's status constant, FCM's error code.
    Error(u16, &'static str, &'static str),
    /// The same with a `Retry-After` header.
    RetryAfter(u16, &'static str, &'static str, &'static str),
    /// The token is malformed.
    InvalidToken,
    /// A quota of the whole project is exhausted; with `Retry-After`, if it is not empty.
    ProjectQuota(&'static str),
}

/// A response of the token endpoint instead of the usual one.
#[derive(Clone, Debug)]
pub(crate) enum TokenReply {
    Status(u16),
    /// Status and body.
    Says(u16, Value),
    /// The usual one with another `expires_in`; null: left out.
    ExpiresIn(Value),
    /// No response for this long.
    Hangs(Duration),
}

/// The server. It stops when dropped.
pub(crate) struct FcmServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    folder: TempDir,
    _server: JoinSet<()>,
}

struct Shared {
    clock: Clock,
    token_uri: Mutex<String>,
    key: DecodingKey,
    state: Mutex<Recorded>,
}

#[derive(Default)]
struct Recorded {
    /// The valid access tokens, with their expiry in seconds since 1970.
    valid_tokens: HashMap<String, i64>,
    grants: usize,
    script: VecDeque<Reply>,
    messages: Vec<Value>,
    /// Why invalid requests were refused.
    violations: Vec<String>,
    /// The next responses of the token endpoint, before it works again.
    token_replies: VecDeque<TokenReply>,
    /// The requests that the token endpoint has received.
    token_requests: usize,
}

impl FcmServer {
    /// Starts to listen.
    pub(crate) async fn start(clock: &Clock) -> Self {
        let pair = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let token_uri = format!("http://{address}/token");
        let shared = Arc::new(Shared {
            clock: clock.clone(),
            token_uri: Mutex::new(token_uri.clone()),
            key: DecodingKey::from_rsa_pem(pair.public_key_pem().as_bytes()).unwrap(),
            state: Mutex::default(),
        });
        let router = Router::new()
            .route("/token", post(token))
            .route("/v1/projects/{project}/{verb}", post(send))
            .with_state(Arc::clone(&shared));
        let mut server = JoinSet::new();
        server.spawn(async { axum::serve(listener, router).await.unwrap() });
        let double = Self { address, shared, folder, _server: server };
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

    /// The folder of the service account file.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Settings for a service that uses this server.
    pub(crate) fn settings(&self) -> Vec<(&'static str, String)> {
        vec![
            ("NOTIFY__FCM__SERVICE_ACCOUNT_FILE", self.account().display().to_string()),
            ("NOTIFY__FCM__ENDPOINT", self.endpoint()),
        ]
    }

    /// Sets the next responses to messages, in order.
    pub(crate) fn script(&self, replies: impl IntoIterator<Item = Reply>) {
        self.shared.state().script.extend(replies);
    }

    /// Sets the next responses of the token endpoint.
    pub(crate) fn tokens_fail(&self, statuses: impl IntoIterator<Item = u16>) {
        self.tokens_reply(statuses.into_iter().map(TokenReply::Status));
    }

    /// As [`FcmServer::tokens_fail`], with any response.
    pub(crate) fn tokens_reply(&self, replies: impl IntoIterator<Item = TokenReply>) {
        self.shared.state().token_replies.extend(replies);
    }

    /// The number of requests that the token endpoint has received.
    pub(crate) fn token_requests(&self) -> usize {
        self.shared.state().token_requests
    }

    /// Invalidates all access tokens.
    pub(crate) fn revoke_tokens(&self) {
        self.shared.state().valid_tokens.clear();
    }

    /// The number of granted access tokens.
    pub(crate) fn grants(&self) -> usize {
        self.shared.state().grants
    }

    /// The valid messages, accepted or refused by script, in order.
    pub(crate) fn messages(&self) -> Vec<Value> {
        self.shared.state().messages.clone()
    }

    /// Why invalid requests were refused.
    pub(crate) fn violations(&self) -> Vec<String> {
        self.shared.state().violations.clone()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, Recorded> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Checks the signature and the claims as Google does.
    fn check_claims(&self, assertion: &str) -> Result<(), String> {
        let mut validation = Validation::new(Algorithm::RS256);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let decoded =
            decode::<Value>(assertion, &self.key, &validation).map_err(|e| e.to_string())?;
        let (claims, now) = (decoded.claims, self.clock.now().as_second());
        let token_uri = self.token_uri.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (iat, exp) = (claims["iat"].as_i64(), claims["exp"].as_i64());
        let checks = [
            (decoded.header.kid.as_deref() == Some(KEY_ID), "kid"),
            (claims["iss"] == EMAIL, "iss"),
            (claims["scope"] == SCOPE, "scope"),
            (claims["aud"] == token_uri, "aud"),
            (iat.is_some_and(|iat| (now - iat).abs() <= 60), "iat"),
            (exp.is_some_and(|exp| exp > now && exp <= now + 3_600), "exp"),
        ];
        let wrong: Vec<&str> = checks.iter().filter(|(ok, _)| !ok).map(|(_, it)| *it).collect();
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join(", ")) }
    }
}

async fn token(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let scripted = {
        let mut state = shared.state();
        state.token_requests += 1;
        state.token_replies.pop_front()
    };
    let mut expires_in = json!(3_599);
    match scripted {
        Some(TokenReply::Status(status)) => {
            return StatusCode::from_u16(status).unwrap().into_response();
        }
        Some(TokenReply::Says(status, body)) => {
            return (StatusCode::from_u16(status).unwrap(), Json(body)).into_response();
        }
        Some(TokenReply::ExpiresIn(value)) => expires_in = value,
        Some(TokenReply::Hangs(time)) => tokio::time::sleep(time).await,
        None => {}
    }
    let form: HashMap<String, String> = url::form_urlencoded::parse(&body).into_owned().collect();
    let typed = headers[header::CONTENT_TYPE] == "application/x-www-form-urlencoded";
    let granted = form.get("grant_type").map(String::as_str)
        == Some("urn:ietf:params:oauth:grant-type:jwt-bearer");
    let asserted = shared.check_claims(form.get("assertion").map_or("", String::as_str));
    if let (true, true, Ok(())) = (typed, granted, &asserted) {
        let expires_at = shared.clock.now().as_second() + 3_599;
        let mut state = shared.state();
        state.grants += 1;
        let token = format!("ya29.canary-{}", state.grants);
        state.valid_tokens.insert(token.clone(), expires_at);
        let mut response =
            json!({ "access_token": token, "expires_in": expires_in, "token_type": "Bearer" });
        if expires_in.is_null() {
            response.as_object_mut().unwrap().remove("expires_in");
        }
        return Json(response).into_response();
    }
    shared.state().violations.push(format!("token: {typed} {granted} {asserted:?}"));
    let response =
        json!({ "error": "invalid_grant", "error_description": "Invalid JWT Signature." });
    (StatusCode::BAD_REQUEST, Json(response)).into_response()
}

async fn send(
    State(shared): State<Arc<Shared>>,
    Segment((project, verb)): Segment<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let now = shared.clock.now().as_second();
    let bearer = headers.get(header::AUTHORIZATION).map_or("", |it| it.to_str().unwrap());
    let token = bearer.strip_prefix("Bearer ").unwrap_or_default();
    if shared.state().valid_tokens.get(token).is_none_or(|expires_at| *expires_at <= now) {
        return error(401, "UNAUTHENTICATED", "", None);
    }
    if project != PROJECT || verb != "messages:send" {
        return StatusCode::NOT_FOUND.into_response();
    }
    if let Err(violation) = check(&body) {
        shared.state().violations.push(violation);
        return error(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", None);
    }
    let request: Value = serde_json::from_slice(&body).unwrap();
    let scripted = {
        let mut state = shared.state();
        state.messages.push(request["message"].clone());
        state.script.pop_front()
    };
    match scripted {
        None => Json(json!({ "name": format!("projects/{PROJECT}/messages/0:1") })).into_response(),
        Some(Reply::Error(status, word, code)) => error(status, word, code, None),
        Some(Reply::RetryAfter(status, word, code, after)) => {
            error(status, word, code, Some(after))
        }
        Some(Reply::InvalidToken) => invalid_token(),
        Some(Reply::ProjectQuota(after)) => project_quota(after),
    }
}

/// Refuses what FCM refuses: no token, unknown fields, data that is not text, too many bytes.
fn check(body: &Bytes) -> Result<(), String> {
    let body_json: Value = serde_json::from_slice(body).map_err(|error| error.to_string())?;
    if body.len() > MAX_BYTES {
        return Err(format!("{} bytes", body.len()));
    }
    let message = body_json["message"].as_object().ok_or("no message")?;
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
        return Err("a reserved key in the data".to_owned());
    }
    let non_empty = |value: &Value| value.as_str().is_some_and(|text| !text.is_empty());
    let notification = &message["notification"];
    if non_empty(&message["token"])
        && non_empty(&notification["title"])
        && non_empty(&notification["body"])
    {
        Ok(())
    } else {
        Err("the token, title or body is empty".to_owned())
    }
}

fn error(status: u16, word: &str, code: &str, after: Option<&'static str>) -> Response {
    let details = json!([{
        "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError",
        "errorCode": code,
    }]);
    let details = if code.is_empty() { json!([]) } else { details };
    let body = json!({ "error": {
        "code": status, "message": "A message of Google.", "status": word, "details": details,
    } });
    let mut response = (StatusCode::from_u16(status).unwrap(), Json(body)).into_response();
    if let Some(after) = after {
        response.headers_mut().insert(header::RETRY_AFTER, after.parse().unwrap());
    }
    response
}

fn project_quota(after: &'static str) -> Response {
    let body = json!({ "error": {
        "code": 429, "message": "Quota exceeded for quota metric.", "status": "RESOURCE_EXHAUSTED",
        "details": [
            {
                "@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError",
                "errorCode": "QUOTA_EXCEEDED",
            },
            {
                "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                "violations": [{ "subject": "project_number:1", "description": "per minute" }],
            },
        ],
    } });
    let mut response = (StatusCode::TOO_MANY_REQUESTS, Json(body)).into_response();
    if !after.is_empty() {
        response.headers_mut().insert(header::RETRY_AFTER, after.parse().unwrap());
    }
    response
}

fn invalid_token() -> Response {
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
