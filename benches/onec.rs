//! Measures how fast reports from 1C are imported: messages of 1,000 reports through the router, first
//! new reports, then later versions, known versions and repeated messages. Asserts no limits.
//!
//! `scripts/with-servers cargo bench --bench onec [-- MESSAGES]` measures SQLite on a real disk with
//! every commit flushed, and PostgreSQL if a server is configured.

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first error")]
#![expect(clippy::print_stdout, reason = "the results go to standard output")]

#[path = "../tests/forte/harness/mod.rs"]
#[expect(dead_code, unused_imports, unused_macros, reason = "shared with the tests")]
mod harness;

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use forte_media::app::{App, Environment};
use forte_media::auth::AccountSpec;
use forte_media::config::Settings;
use forte_media::database::AccountOwner;
use harness::db::Db;
use harness::service::{json as body_of, send};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::task::TaskTracker;

/// A folder on a real disk.
const DATA_FOLDER: &str = env!("CARGO_TARGET_TMPDIR");
const NODE: &str = "bench";
const PASSWORD: &str = "a-password-only-for-benchmarks";

/// Size of the fixture: each company has ten vehicles, and each message one report per vehicle.
const COMPANIES: usize = 100;
const VEHICLES: usize = 1_000;
const CONTRACTS: usize = 500;
/// Default number of messages.
const MESSAGES: usize = 100;
const ITEMS_PER_MESSAGE: usize = 1_000;

#[tokio::main]
async fn main() {
    // cargo passes --bench as well.
    let messages =
        std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(MESSAGES);
    let folder = TempDir::new_in(DATA_FOLDER).unwrap();
    let url = format!("sqlite://{}", folder.path().join("database.db").display());
    measure("SQLite", &url, messages).await;
    if let Some(db) = Db::postgresql().await {
        measure("PostgreSQL", db.config.url.expose_secret(), messages).await;
    }
}

async fn measure(name: &str, url: &str, messages: usize) {
    let folder = TempDir::new_in(DATA_FOLDER).unwrap();
    let router = service(url, &folder).await;
    import(&router, 5_000, fixture()).await;
    println!("{name}: {} reports in messages of {ITEMS_PER_MESSAGE}", messages * ITEMS_PER_MESSAGE);
    print("new", &run(&router, messages, 1, 1).await);
    print("changed", &run(&router, messages, 1_001, 2).await);
    print("known versions", &run(&router, messages, 2_001, 2).await);
    print("repeated messages", &run(&router, messages, 2_001, 2).await);
}

/// The whole service without its listeners.
async fn service(url: &str, folder: &TempDir) -> Router {
    let path = |name: &str| folder.path().join(name).display().to_string();
    let variables = [
        ("DATABASE__URL", url.to_owned()),
        ("UPLOAD__SPOOL", path("spool")),
        ("STORAGE__URL", format!("file:{}", path("videos"))),
        ("AUTH__SECRET", "only-for-benchmarks-and-at-least-32-bytes-long".to_owned()),
    ];
    let prefixed = |(name, value)| (format!("FORTE_MEDIA__{name}"), value);
    let settings = Settings::load(None, variables.map(prefixed)).unwrap();
    let address = settings.http.listen;
    let app = Box::pin(App::build(settings, Environment::real(), TaskTracker::new(), address));
    let app = app.await.unwrap();
    let new =
        AccountSpec { login: NODE.to_owned(), owner: AccountOwner::Exchange, networks: Vec::new() };
    app.state.accounts.add(new, &PASSWORD.into()).await.unwrap();
    app.router()
}

/// A 1C key; `kind` separates the types of objects.
fn key(kind: usize, at: usize) -> String {
    format!("{kind:08x}-d1bd-11ec-8a4e-{at:012x}")
}

fn fixture() -> Vec<Value> {
    let types = (0..10)
        .map(|at| json!({ "type": "vehicle_type", "ref_key": key(1, at), "title": "Самосвал" }));
    let companies = (0..COMPANIES).map(|at| {
        json!({ "type": "company", "ref_key": key(2, at), "biin": format!("{at:012}"),
                "name": "ТОО «Пример»", "email": "office@example.test" })
    });
    let contracts = (0..CONTRACTS).map(|at| {
        json!({ "type": "contract", "ref_key": key(3, at), "company_ref": key(2, at % COMPANIES),
                "number": format!("№ {at}"), "date_end": "2030-01-31T00:00:00" })
    });
    let vehicles = (0..VEHICLES).map(|at| {
        json!({ "type": "vehicle", "ref_key": key(4, at), "company_ref": key(2, at % COMPANIES),
                "type_ref": key(1, at % 10), "plate_number": "123ABC02",
                "vin_code": "JTMHU01J504012345" })
    });
    types.chain(companies).chain(contracts).chain(vehicles).collect()
}

/// The reports of one message, spread over all companies and vehicles, as 1C registers changes.
fn reports(message: usize, version: usize) -> Vec<Value> {
    let report = |at: usize| {
        json!({
            "type": "report", "version": version,
            "ref_key": key(5, (message * ITEMS_PER_MESSAGE + at) * 7_919 % (MESSAGES * ITEMS_PER_MESSAGE)),
            "company_ref": key(2, at % COMPANIES), "vehicle_ref": key(4, at),
            "contract_ref": key(3, at % CONTRACTS), "report_number": format!("{at:09}"),
            "date_start": "2026-05-01T00:00:00", "date_finish": "2026-05-31T00:00:00",
            "status_code": 1 + at % 4, "reject_reason": "",
        })
    };
    (0..ITEMS_PER_MESSAGE).map(report).collect()
}

struct Times {
    items: usize,
    total: Duration,
    longest: Duration,
}

async fn run(router: &Router, messages: usize, first: usize, version: usize) -> Times {
    let requests: Vec<Request<Body>> =
        (0..messages).map(|at| request(first + at, &reports(at, version))).collect();
    let (start, mut longest) = (Instant::now(), Duration::ZERO);
    for request in requests {
        let message_start = Instant::now();
        assert_eq!(send(router, request).await.status(), 200);
        longest = longest.max(message_start.elapsed());
    }
    Times { items: messages * ITEMS_PER_MESSAGE, total: start.elapsed(), longest }
}

fn print(label: &str, times: &Times) {
    let count = u32::try_from(times.items).unwrap();
    let rate = f64::from(count) / times.total.as_secs_f64();
    println!("  {label}: {rate:.0} items/s; longest message {:?}", times.longest);
}

/// Imports the fixture in messages of at most `ITEMS_PER_MESSAGE` items.
async fn import(router: &Router, first: usize, items: Vec<Value>) {
    for (number, items) in items.chunks(ITEMS_PER_MESSAGE).enumerate() {
        let response = body_of(send(router, request(first + number, items)).await).await;
        let failed =
            response["results"].as_array().unwrap().iter().find(|result| result["ok"] != true);
        assert_eq!(failed, None);
    }
}

fn request(number: usize, items: &[Value]) -> Request<Body> {
    let body = json!({ "node": NODE, "message_no": number, "items": items }).to_string();
    Request::builder()
        .method("POST")
        .uri("/1c/v1/messages")
        .header("X-API-Key", format!("{NODE}:{PASSWORD}"))
        .body(body.into())
        .unwrap()
}
