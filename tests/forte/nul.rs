//! NUL characters, which PostgreSQL refuses in a text: no input with them causes an internal error.

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Request, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use forte_media::model::{RefKey, TypeCode};
use serde_json::json;

use crate::harness::account::{NODE, PASSWORD, add_node, basic};
use crate::harness::answers::problem;
use crate::harness::clips::GOOD;
use crate::harness::form::{self, Form};
use crate::harness::phone::{BIIN, Phone, code_request};
use crate::harness::service::{Service, on_both_backends};
use crate::harness::tus;

on_both_backends! {
    credentials_with_a_nul_are_invalid,
    a_plate_number_with_a_nul_is_not_found,
    a_nul_in_any_input_is_not_an_internal_error,
}

const JSON: (&str, &str) = ("Content-Type", "application/json");

async fn sent(service: &Service, request: Builder, body: impl Into<Body>) -> Response<Body> {
    service.send(request.body(body.into()).unwrap()).await
}

/// S10
async fn credentials_with_a_nul_are_invalid(service: Service) {
    let long = "x".repeat(65);
    for login in ["a\0b", "\0", "a\u{7f}", &long] {
        let request = Request::post("/review/sign-in").header(JSON.0, JSON.1);
        let body = json!({ "login": login, "password": "pass\0word" }).to_string();
        problem(sent(&service, request, body).await, 401, "credentials_invalid").await;
        let by_basic =
            Request::get("/1c/v1/submissions").header("Authorization", basic(login, "x\0"));
        problem(sent(&service, by_basic, "").await, 401, "credentials_invalid").await;
        service.manual_clock().advance(jiff::SignedDuration::from_mins(2));
    }
    for key in ["a%00:b", &STANDARD.encode("a\0:b")] {
        let by_key = Request::get("/1c/v1/submissions").header("X-API-Key", key);
        problem(sent(&service, by_key, "").await, 401, "credentials_invalid").await;
    }
}

/// Q25
async fn a_plate_number_with_a_nul_is_not_found(service: Service) {
    let kind = TypeCode::mint(service.clock(), &service.env.fixture.random);
    for plate in ["%00", "a%00b", "%0A%01", "%7F"] {
        let request = Request::get(format!("/reports/vehicle/select/{kind}/{plate}"))
            .header("Authorization", format!("Bearer {}", service.driver()));
        problem(sent(&service, request, "").await, 404, "not_found").await;
    }
}

/// In every input that can contain text.
async fn a_nul_in_any_input_is_not_an_internal_error(service: Service) {
    add_node(&service, NODE).await;
    let report = service.report().await;
    let mut requests = sign_in_requests();
    requests.extend(with_token(&service, report));
    requests.extend(upload_requests(&service, report));
    requests.extend(decision_requests(&service, report).await);
    requests.extend(requests_of_1c());
    for (number, request) in requests.into_iter().enumerate() {
        let name = format!("{number}: {} {}", request.method(), request.uri());
        let status = service.send(request).await.status();
        assert!(status.as_u16() < 500, "{name}: {status}");
    }
}

fn built(request: Builder, body: impl Into<Body>) -> Request<Body> {
    request.body(body.into()).unwrap()
}

/// Requests without a token.
fn sign_in_requests() -> Vec<Request<Body>> {
    let mut requests = Vec::new();
    for field in ["role_id", "uuid", "FCM", "mobile", "first_name", "else"] {
        let mut fields = Phone::driver().fields();
        fields[field] = json!("8778\u{0}1578800");
        requests.push(built(code_request(BIIN).header(JSON.0, JSON.1), fields.to_string()));
        let pairs = format!("role_id=2&uuid=1&FCM=&mobile=87781578800&first_name=a&{field}=%00");
        let kind = "application/x-www-form-urlencoded";
        requests.push(built(code_request(BIIN).header("Content-Type", kind), pairs));
    }
    requests.push(built(code_request("%00"), ""));
    for login in [format!("{BIIN}||a\0b:1234"), format!("{BIIN}||a:1\0"), "\0||a:1".to_owned()] {
        let basic = format!("Basic {}", STANDARD.encode(login));
        requests.push(built(Request::post("/auth").header("Authorization", basic), ""));
    }
    for field in ["login", "password", "uuid", "FCM"] {
        let mut fields = json!({ "login": "a", "password": "b" });
        fields[field] = json!("\u{0}");
        let request = Request::post("/review/sign-in").header(JSON.0, JSON.1);
        requests.push(built(request, fields.to_string()));
    }
    let token = json!({ "refresh_token": "\u{0}" }).to_string();
    requests.push(built(Request::post("/refresh_token").header(JSON.0, JSON.1), token));
    for path in ["/images/%00/image.png", "/vehicle/qr/%00", "/media/%00", "/uploads/%00", "/%00"] {
        requests.push(built(Request::get(path), ""));
    }
    requests
}

/// Paths, queries and bodies of requests with a token.
fn with_token(service: &Service, report: RefKey) -> Vec<Request<Body>> {
    let bearer = format!("Bearer {}", service.driver());
    let paths = [
        "/reports/vehicle/select/%00".to_owned(),
        "/reports/general/filter/%00/%00/%00".to_owned(),
        "/reports/general/filter?cursor=%00&limit=1".to_owned(),
        "/reports/general/filter?status_code=%00&date_range_code=%00".to_owned(),
        "/reports/vehicle/filter?vehicle_plate_number=%00".to_owned(),
        "/reports/%00/video".to_owned(),
        format!("/reports/{report}/video?x=%00"),
    ];
    let get = |path: &String| built(Request::get(path).header("Authorization", &bearer), "");
    let mut requests: Vec<_> = paths.iter().map(get).collect();
    for path in ["/devices/%00", "/employee/delete/%00"] {
        requests.push(built(Request::delete(path).header("Authorization", &bearer), ""));
    }
    let refresh = service.refresh_token_of(service.env.fixture.driver);
    for field in ["FCM", "uuid"] {
        let mut fields = json!({ "refresh_token": refresh });
        fields[field] = json!("a\u{0}");
        let request = Request::post("/refresh_token").header(JSON.0, JSON.1);
        requests.push(built(request, fields.to_string()));
    }
    requests
}

/// The fields of an upload, with each protocol.
fn upload_requests(service: &Service, report: RefKey) -> Vec<Request<Body>> {
    let key = report.to_string();
    let good = [
        ("ref_key", key.as_str()),
        ("time_sent", "2026-05-13 10:00:00"),
        ("lat", "43.238949"),
        ("long", "76.889709"),
        ("filename", "a.mp4"),
        ("else", "x"),
    ];
    let mut requests = Vec::new();
    for (at, (name, value)) in good.iter().enumerate() {
        for bad in [format!("{value}\0"), "\0".to_owned()] {
            let mut pairs = good;
            pairs[at].1 = &bad;
            let creation = tus::request("POST", "/uploads")
                .header("Authorization", format!("Bearer {}", service.driver()))
                .header("Upload-Length", GOOD.len())
                .header("Upload-Metadata", tus::encoded(&pairs));
            requests.push(built(creation, ""));
            let fields =
                pairs.iter().fold(Form::new(), |form, (name, value)| form.text(name, value));
            let form = fields.file(GOOD).done();
            requests.push(built(form::request(service, "/reports/upload"), form));
        }
        let query = format!("/reports/upload?{name}=%00");
        requests.push(built(form::request(service, &query), Form::of(report).file(GOOD).done()));
    }
    let named = "Content-Disposition: form-data; name=\"file\"; filename=\"a\0.mp4\"";
    let form = Form::of(report).part(named, GOOD).done();
    requests.push(built(form::request(service, "/reports/upload"), form));
    requests
}

async fn decision_requests(service: &Service, report: RefKey) -> Vec<Request<Body>> {
    let bearer = format!("Bearer {}", service.reviewer().await);
    let body = |decision: &str, reason: &str| {
        json!({ "decision": decision, "version": 1, "reason": reason }).to_string()
    };
    let bodies = [body("reject", "a\0"), body("\0", "a"), body("approve", "\0")];
    let decide = |body: String| {
        let request = Request::post(format!("/reports/{report}/decision"));
        built(request.header("Authorization", &bearer).header(JSON.0, JSON.1), body)
    };
    bodies.map(decide).into()
}

/// Queries, single objects and messages of a node.
fn requests_of_1c() -> Vec<Request<Body>> {
    let request = |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path).header(JSON.0, JSON.1);
        request.header("Authorization", basic(NODE, PASSWORD))
    };
    let key = "5a1c93a2-d1bd-11ec-8a4e-005056aaa4ae";
    let mut requests = Vec::new();
    for path in ["/1c/v1/submissions?cursor=%00", "/1c/v1/submissions/%00"] {
        requests.push(built(request("GET", path), ""));
    }
    requests.push(built(request("PUT", "/1c/v1/companies/%00"), "{}"));
    let kinds = [
        ("company", "companies"),
        ("user", "users"),
        ("vehicle_type", "vehicle-types"),
        ("vehicle", "vehicles"),
        ("contract", "contracts"),
        ("report", "reports"),
        ("assignment", "assignments"),
        ("decision", "decisions"),
    ];
    let fields = [
        "biin",
        "name",
        "email",
        "kind",
        "role",
        "first_name",
        "last_name",
        "patronic_name",
        "mobile",
        "title",
        "instructions",
        "plate_number",
        "vin_code",
        "number",
        "report_number",
        "reason",
        "decision",
        "company_ref",
        "contract_ref",
        "vehicle_guid",
        "finishes_at",
    ];
    for (number, (kind, collection)) in kinds.iter().enumerate() {
        let mut item = json!({ "type": kind, "ref_key": key, "version": 1 });
        for field in fields {
            item[field] = json!("a\u{0}");
        }
        requests
            .push(built(request("PUT", &format!("/1c/v1/{collection}/{key}")), item.to_string()));
        let message = json!({ "node": NODE, "message_no": number + 1, "items": [item] });
        requests.push(built(request("POST", "/1c/v1/messages"), message.to_string()));
    }
    let envelope = json!({ "node": "a\u{0}", "message_no": 99, "items": [{ "type": "\u{0}" }] });
    requests.push(built(request("POST", "/1c/v1/messages"), envelope.to_string()));
    requests
}
