//! How fast 1C's reports go in: 100,000 of them in messages of 1,000 through the real router in
//! process, first as new ones, then as later versions, then repeated. Prints figures; judges nothing.
//!
//! `scripts/with-servers cargo bench --bench exchange [-- MESSAGES]`: SQLite on a real disk with every commit
//! flushed, and PostgreSQL where a server is named.

#![expect(clippy::unwrap_used, reason = "a measurement stops where its world is not as it says")]
#![expect(clippy::print_stdout, reason = "results belong to standard output")]

#[path = "../tests/forte/harness/mod.rs"]
#[expect(dead_code, unused_imports, unused_macros, reason = "shared with the tests")]
mod harness;

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use forte_media::app::{App, World};
use forte_media::config::Settings;
use forte_media::database::AccountOwner;
use forte_media::leasing::NewLogin;
use harness::db::Db;
use harness::service::{json as body_of, send};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::task::TaskTracker;

/// A real disk, beside the build.
const GROUND: &str = env!("CARGO_TARGET_TMPDIR");
const NODE: &str = "bench";
const PASSWORD: &str = "a-password-only-for-measuring";

/// The fixture: each company has ten vehicles, each vehicle ten reports a message apart.
const COMPANIES: usize = 100;
const VEHICLES: usize = 1_000;
const CONTRACTS: usize = 500;
/// Messages, unless told otherwise.
const MESSAGES: usize = 100;
const ITEMS: usize = 1_000;

#[tokio::main]
async fn main() {
    // cargo adds --bench.
    let messages = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(MESSAGES);
    let folder = TempDir::new_in(GROUND).unwrap();
    let url = format!("sqlite://{}", folder.path().join("database.db").display());
    measure("SQLite", &url, messages).await;
    if let Some(db) = Db::postgresql().await {
        measure("PostgreSQL", db.config.url.expose_secret(), messages).await;
    }
}

async fn measure(name: &str, url: &str, messages: usize) {
    let folder = TempDir::new_in(GROUND).unwrap();
    let router = service(url, &folder).await;
    post(&router, 5_000, fixture()).await;
    println!("{name}: {} reports in messages of {ITEMS}", messages * ITEMS);
    told("new", &run(&router, messages, 1, 1).await);
    told("changed", &run(&router, messages, 1_001, 2).await);
    told("known versions", &run(&router, messages, 2_001, 2).await);
    told("repeated messages", &run(&router, messages, 2_001, 2).await);
}

/// The whole service, but for its listeners.
async fn service(url: &str, folder: &TempDir) -> Router {
    let within = |name: &str| folder.path().join(name).display().to_string();
    let variables = [
        ("DATABASE__URL", url.to_owned()),
        ("UPLOAD__SPOOL", within("spool")),
        ("STORAGE__URL", format!("file:{}", within("videos"))),
        ("AUTH__SECRET", "only-for-measuring-and-at-least-32-bytes-long".to_owned()),
    ];
    let full = |(name, value)| (format!("FORTE_MEDIA__{name}"), value);
    let settings = Settings::load(None, variables.map(full)).unwrap();
    let address = settings.http.listen;
    let app = Box::pin(App::build(settings, World::real(), TaskTracker::new(), address));
    let app = app.await.unwrap();
    let new =
        NewLogin { login: NODE.to_owned(), owner: AccountOwner::Exchange, networks: Vec::new() };
    app.accounts.add(new, &PASSWORD.into()).await.unwrap();
    app.router()
}

/// A key of the given kind of things.
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

/// Reports of a message: of all companies and vehicles, mixed, as 1C registers changes.
fn reports(message: usize, version: usize) -> Vec<Value> {
    let report = |at: usize| {
        json!({
            "type": "report", "version": version,
            "ref_key": key(5, (message * ITEMS + at) * 7_919 % (MESSAGES * ITEMS)),
            "company_ref": key(2, at % COMPANIES), "vehicle_ref": key(4, at),
            "contract_ref": key(3, at % CONTRACTS), "report_number": format!("{at:09}"),
            "date_start": "2026-05-01T00:00:00", "date_finish": "2026-05-31T00:00:00",
            "status_code": 1 + at % 4, "reject_reason": "",
        })
    };
    (0..ITEMS).map(report).collect()
}

struct Times {
    items: usize,
    all: Duration,
    longest: Duration,
}

async fn run(router: &Router, messages: usize, first: usize, version: usize) -> Times {
    let bodies: Vec<Request<Body>> =
        (0..messages).map(|at| request(first + at, &reports(at, version))).collect();
    let (begun, mut longest) = (Instant::now(), Duration::ZERO);
    for body in bodies {
        let each = Instant::now();
        assert_eq!(send(router, body).await.status(), 200);
        longest = longest.max(each.elapsed());
    }
    Times { items: messages * ITEMS, all: begun.elapsed(), longest }
}

fn told(what: &str, times: &Times) {
    let count = u32::try_from(times.items).unwrap();
    let rate = f64::from(count) / times.all.as_secs_f64();
    println!("  {what}: {rate:.0} items a second; the longest message {:?}", times.longest);
}

/// The fixture in messages that are not too long.
async fn post(router: &Router, first: usize, items: Vec<Value>) {
    for (number, items) in items.chunks(ITEMS).enumerate() {
        let reply = body_of(send(router, request(first + number, items)).await).await;
        let bad = reply["results"].as_array().unwrap().iter().find(|result| result["ok"] != true);
        assert_eq!(bad, None);
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
