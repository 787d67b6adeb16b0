//! Data that 1C sends (E12): messages and single objects.

mod bad_input;
mod decisions;
mod deletions;
mod forms;
mod limits;
mod messages;
mod objects;
mod people;
mod random_input;
mod repeated;
mod report_states;

use axum::body::Body;
use axum::http::{Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forte_media::auth::AccountSpec;
use forte_media::database::AccountOwner;
use serde_json::{Value, json};

use crate::harness::db::Db;
use crate::harness::service::{Service, json as body_of};

/// The node of 1C in most of these tests.
const NODE: &str = "almaty";
/// The password of every node.
const PASSWORD: &str = "a-password-only-for-tests";

const COMPANY: &str = "5a1c93a2-d1bd-11ec-8a4e-005056aaa4ae";
const TYPE: &str = "6b1c93a2-d1bd-11ec-8a4e-005056aaa4ae";
const VEHICLE: &str = "7c1c93a2-d1bd-11ec-8a4e-005056aaa4ae";
const CONTRACT: &str = "7d1c93a2-d1bd-11ec-8a4e-005056aaa4ae";
const REPORT: &str = "8d1c93a2-d1bd-11ec-8a4e-005056aaa4ae";
const DIRECTOR: &str = "8e1c93a2-d1bd-11ec-8a4e-005056aaa4ae";
const ASSIGNMENT: &str = "9e1c93a2-d1bd-11ec-8a4e-005056aaa4ae";
/// The key of no object.
const UNKNOWN: &str = "ffffffff-d1bd-11ec-8a4e-005056aaa4ae";

/// All tables that 1C's data is written to, without random columns.
const TABLES: [&str; 10] = [
    "SELECT * FROM companies ORDER BY id",
    "SELECT * FROM people ORDER BY id",
    "SELECT * FROM vehicle_types ORDER BY code",
    "SELECT * FROM vehicles ORDER BY guid",
    "SELECT * FROM contracts ORDER BY ref_key",
    "SELECT * FROM assignments ORDER BY ref_key",
    "SELECT * FROM reports ORDER BY ref_key",
    "SELECT * FROM onec_messages ORDER BY node, message_no",
    "SELECT * FROM onec_nodes ORDER BY node",
    "SELECT channel, kind, subject, seq, state FROM outbox ORDER BY subject, seq",
];

/// All rows of these tables.
async fn everything(db: &Db) -> Vec<String> {
    let mut all = Vec::new();
    for table in TABLES {
        all.extend(db.rows(table).await.into_iter().map(|row| format!("{table}: {row}")));
    }
    all
}

/// Adds the account of a node.
async fn add_node(service: &Service, node: &str) {
    let new =
        AccountSpec { login: node.to_owned(), owner: AccountOwner::Exchange, networks: Vec::new() };
    service.app.state.accounts.add(new, &PASSWORD.into()).await.unwrap();
}

/// Adds the account of [`NODE`].
async fn add_default_node(service: &Service) {
    add_node(service, NODE).await;
}

fn authorization(node: &str) -> String {
    format!("Basic {}", STANDARD.encode(format!("{node}:{PASSWORD}")))
}

/// A request with the credentials of a node.
fn request(node: &str, method: &str, path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("Authorization", authorization(node))
        .header("Content-Type", "application/json; charset=utf-8")
        .body(body.into())
        .unwrap()
}

/// A request that sends a message.
fn post(body: impl Into<Body>) -> Request<Body> {
    request(NODE, "POST", "/1c/v1/messages", body)
}

fn message(number: i64, items: &[Value]) -> String {
    json!({ "node": NODE, "message_no": number, "items": items }).to_string()
}

async fn send(service: &Service, number: i64, items: &[Value]) -> Response<Body> {
    service.send(post(message(number, items))).await
}

/// Sends a message that is accepted and returns the results of its items.
#[track_caller]
fn take(service: &Service, number: i64, items: &[Value]) -> impl Future<Output = Vec<Value>> {
    let place = std::panic::Location::caller();
    async move {
        let response = send(service, number, items).await;
        let status = response.status();
        let reply = body_of(response).await;
        assert_eq!(status, 200, "{place}: {reply}");
        assert_eq!(reply["accepted_no"], number, "{place}");
        reply["results"].as_array().unwrap().clone()
    }
}

/// As [`take`], and every item is accepted.
#[track_caller]
fn take_all(service: &Service, number: i64, items: &[Value]) -> impl Future<Output = Vec<Value>> {
    let taking = take(service, number, items);
    let place = std::panic::Location::caller();
    async move {
        let results = taking.await;
        for result in &results {
            assert_eq!(result["ok"], true, "{place}: {result}");
        }
        results
    }
}

/// Sends a single object.
async fn put(service: &Service, place: &str, ref_key: &str, body: &Value) -> Response<Body> {
    let path = format!("/1c/v1/{place}/{ref_key}");
    service.send(request(NODE, "PUT", &path, body.to_string())).await
}

fn company() -> Value {
    json!({ "type": "company", "ref_key": COMPANY, "version": 1, "biin": "200940026146",
            "name": "ТОО «Пример»", "email": "office@example.test", "kind": "company",
            "active": true })
}

fn director() -> Value {
    json!({ "type": "user", "ref_key": DIRECTOR, "version": 1, "company_ref": COMPANY,
            "role": "admin", "first_name": "Сапаров", "last_name": "Айбек", "patronic_name": "",
            "mobile": "8 (701) 000-00-01", "email": "", "active": true })
}

fn vehicle_type() -> Value {
    json!({ "type": "vehicle_type", "ref_key": TYPE, "version": 1, "title": "Самосвал",
            "instructions": [{ "no": 2, "text": "Снимите VIN" }, { "no": 1, "text": "Снимите пробег" }] })
}

fn contract() -> Value {
    json!({ "type": "contract", "ref_key": CONTRACT, "version": 1, "company_ref": COMPANY,
            "number": "№ 12/3", "date_end": "2027-01-31T00:00:00" })
}

fn vehicle() -> Value {
    json!({ "type": "vehicle", "ref_key": VEHICLE, "version": 1, "company_ref": COMPANY,
            "type_ref": TYPE, "contract_ref": CONTRACT, "plate_number": "", "vin_code": "не VIN" })
}

fn report() -> Value {
    json!({ "type": "report", "ref_key": REPORT, "version": 1, "company_ref": COMPANY,
            "vehicle_ref": VEHICLE, "contract_ref": CONTRACT, "report_number": "000000001",
            "date_start": "2026-05-01T00:00:00", "date_finish": "2026-05-31T00:00:00",
            "status_code": 1 })
}

fn assignment() -> Value {
    json!({ "type": "assignment", "ref_key": ASSIGNMENT, "version": 1, "company_ref": COMPANY,
            "vehicle_ref": VEHICLE, "mobile": "+7 702 123 45 67" })
}

/// One object of each type, each after those that it refers to.
fn fixture() -> Vec<Value> {
    vec![company(), director(), vehicle_type(), contract(), vehicle(), report(), assignment()]
}

/// An item with some fields replaced.
fn with(mut item: Value, fields: Value) -> Value {
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    item.as_object_mut().unwrap().extend(fields);
    item
}

/// The state of the report: status, reason, revision, who decided.
async fn state(service: &Service) -> String {
    let sql = "SELECT status_code, reject_reason, revision, decided_by FROM reports \
               WHERE ref_key = '8d1c93a2-d1bd-11ec-8a4e-005056aaa4ae'";
    service.env.db.rows(sql).await.concat()
}

/// Marks all reports as submitted.
async fn submit(service: &Service) {
    service.env.db.execute("UPDATE reports SET status_code = 2, revision = revision + 1").await;
}
