//! Access rights (S20, S21, S24, S25): each kind of caller calls each operation of the document for an
//! object of the driver's company. An operation that is not in the table fails the test.

use axum::body::Body;
use axum::http::{Request, Response};
use forte_media::model::{CompanyId, Person, PersonId, Role};
use http_body_util::BodyExt as _;
use jiff::SignedDuration;
use serde_json::Value;

use super::targets::{Targets, filled};
use super::{Operation, operations};
use crate::harness::account;
use crate::harness::service::{Backend, Options, Service, header};

/// The callers, in the order of the table's columns.
const CALLERS: [&str; 11] = [
    "nobody",
    "an invalid token",
    "an expired token",
    "a refresh token",
    "a driver",
    "the director",
    "a driver of another company",
    "a director of another company",
    "a reviewer of the lessor",
    "a reviewer of another company",
    "1C",
];

/// What each caller gets:
/// `-` 401 · `x` 403 · `0` 404, the same as for an unknown id · `+` none of these · `.` access does not
/// depend on the caller.
const TABLE: [(&str, &str); 52] = [
    ("GET /docs", "..........."),
    ("GET /docs/{file}", "..........."),
    ("GET /openapi.json", "..........."),
    ("GET /media/{signed}", "..........."),
    ("GET /images/{vehicle_type_code}/image.png", "..........."),
    ("GET /vehicle/qr/{vehicle_guid}", "..........."),
    // The secret in the name of an upload is enough, unless a token shows another person (S23).
    ("OPTIONS /uploads", "..........."),
    ("POST /uploads", "----++00xx-"),
    ("POST /uploads/preflight", "----++00xx-"),
    ("OPTIONS /uploads/{name}", "..........."),
    ("HEAD /uploads/{name}", "+++++00000+"),
    ("PATCH /uploads/{name}", "+++++00000+"),
    ("GET /uploads/{name}", "----+00000-"),
    ("DELETE /uploads/{name}", "----+00000-"),
    ("POST /reports/upload", "----++00xx-"),
    ("GET /reports/{ref_key}/video", "----++00+0-"),
    ("POST /reports/{ref_key}/decision", "----xxxx+0+"),
    ("POST /reports/{ref_key}/film-link", "----x+x0xx+"),
    ("DELETE /reports/{ref_key}/film-link", "----x+x0xx+"),
    // Signing in needs no token; the credentials of these requests are wrong.
    ("POST /biin/{biin}", "..........."),
    ("GET /confirm/{token}", "..........."),
    ("POST /confirm/{token}", "..........."),
    ("POST /auth", "----------."),
    ("POST /refresh_token", "-----------"),
    ("POST /review/sign-in", "----------."),
    ("GET /review/reports", "----xxxx++-"),
    ("POST /logout", "----++++++-"),
    ("GET /devices", "----++++++-"),
    ("DELETE /devices/{id}", "----000000-"),
    ("GET /devices/waiting", "----x+x+xx-"),
    ("POST /devices/confirm", "----x+x+xx-"),
    ("GET /employee/list", "----x+x+xx-"),
    ("DELETE /employee/delete/{id}", "----x+x0xx-"),
    ("POST /employee/delete/{id}", "----x+x0xx-"),
    ("GET /reports/general/filter*", "----++++++-"),
    ("GET /reports/vehicle/filter*", "----++++++-"),
    // A reviewer has no vehicles, although it sees reports.
    ("GET /reports/vehicle/select/{vehicle_guid}", "----++0000-"),
    ("GET /reports/vehicle/select/{vehicle_type_code}/{vehicle_plate_number}", "----++0000-"),
    ("GET /1c/v1/submissions", "----------+"),
    ("POST /1c/v1/submissions/ack", "----------+"),
    ("GET /1c/v1/submissions/{id}", "----------+"),
    ("GET /1c/v1/submissions/{id}/file", "----------+"),
    ("GET /1c/v1/submissions/{id}/link", "----------+"),
    ("PUT /1c/v1/vehicle-types/{ref_key}/image", "----------+"),
    // The example is a message of another node.
    ("POST /1c/v1/messages", "----------x"),
    ("PUT /1c/v1/assignments/{ref_key}", "----------+"),
    ("PUT /1c/v1/companies/{ref_key}", "----------+"),
    ("PUT /1c/v1/contracts/{ref_key}", "----------+"),
    ("PUT /1c/v1/reports/{ref_key}", "----------+"),
    ("PUT /1c/v1/users/{ref_key}", "----------+"),
    ("PUT /1c/v1/vehicle-types/{ref_key}", "----------+"),
    ("PUT /1c/v1/vehicles/{ref_key}", "----------+"),
];

/// The row of an operation; `*` covers the spellings of a list's path.
fn expected(operation: &str) -> Option<&'static str> {
    let matches = |key: &str| match key.strip_suffix('*') {
        Some(prefix) => operation.starts_with(prefix),
        None => key == operation,
    };
    TABLE.iter().find(|(key, _)| matches(key)).map(|(_, expected)| *expected)
}

/// R4, S20, S21, S23, S25, S69
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_caller_has_exactly_its_access_rights_on_sqlite_and_disk() {
    check_on(Backend::Embedded).await;
}

/// R4, S20, S21, S23, S25, S69
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_caller_has_exactly_its_access_rights_on_postgresql_and_s3() {
    check_on(Backend::Shared).await;
}

async fn check_on(backend: Backend) {
    let settings = vec![("UPLOAD__MAX_OPEN_PER_PERSON", "100000".to_owned())];
    let options = Options { settings, ..Options::default() };
    if let Some(service) = Service::start_with(backend, options).await {
        check_access_rights(service).await;
    }
}

async fn check_access_rights(service: Service) {
    let document = forte_media::http::openapi(None);
    let operations = operations(&document);
    let missing: Vec<_> = operations.iter().filter(|one| expected(&one.name).is_none()).collect();
    let missing: Vec<_> = missing.into_iter().map(|one| one.name.as_str()).collect();
    assert!(missing.is_empty(), "operations without a row in the table: {missing:?}");
    let people = People::create(&service).await;
    let mut wrong = Vec::new();
    for operation in &operations {
        let expected = expected(&operation.name).unwrap();
        assert_eq!(expected.len(), CALLERS.len(), "{}", operation.name);
        // The limits on wrong passwords and codes start again.
        service.manual_clock().advance(SignedDuration::from_mins(11));
        let callers = people.callers(&service);
        for (caller, expected) in CALLERS.iter().zip(expected.chars()) {
            let targets = Targets::fresh(&service).await;
            let request = callers.signed(filled(operation, &targets), caller);
            let response = service.send(request).await;
            let mut complain = |complaint: String| {
                wrong.push(format!("{}, called by {caller}: {complaint}", operation.name));
            };
            check_headers(&response, &mut complain);
            let seen = Seen::of(response).await;
            if !fits(seen.status, expected) {
                complain(format!("{seen:?}, not {expected}"));
            }
            if expected == '0' && operation.method != "HEAD" {
                let unknown = filled(operation, &Targets::unknown(&service));
                let unknown = Seen::of(service.send(callers.signed(unknown, caller)).await).await;
                if seen != unknown {
                    complain(format!("{seen:?} differs from {unknown:?} for an unknown id"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn fits(status: u16, expected: char) -> bool {
    match expected {
        '-' => status == 401,
        'x' => status == 403,
        '0' => status == 404,
        '+' => ![401, 403, 404].contains(&status) && status < 500,
        '.' => ![401].contains(&status) && status < 500,
        other => panic!("{other} is not explained in the legend"),
    }
}

/// S53
fn check_headers(response: &Response<Body>, complain: &mut impl FnMut(String)) {
    let kind = header(response, "content-type");
    if kind.starts_with("application/json") && kind != "application/json; charset=utf-8" {
        complain(format!("its content type is {kind}"));
    }
    if header(response, "x-content-type-options") != "nosniff" {
        complain("it lacks nosniff".to_owned());
    }
    let is_problem = response.status().is_client_error();
    if is_problem && header(response, "cache-control") != "no-store" {
        complain("it may be cached".to_owned());
    }
}

/// What a caller can observe, without the request id.
#[derive(Debug, PartialEq)]
struct Seen {
    status: u16,
    headers: Vec<(String, String)>,
    body: Value,
}

impl Seen {
    async fn of(response: Response<Body>) -> Self {
        let status = response.status().as_u16();
        let named = |(name, value): (&axum::http::HeaderName, &axum::http::HeaderValue)| {
            (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let mut headers: Vec<_> = response.headers().iter().map(named).collect();
        headers.retain(|(name, _)| name != "x-request-id");
        headers.sort();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let mut body: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        if let Some(id) = body.pointer_mut("/data/request_id") {
            *id = Value::Null;
        }
        if status < 400 {
            body = Value::Null;
        }
        Self { status, headers, body }
    }
}

/// The people and accounts behind the callers.
struct People {
    known: [Person; 6],
    expired: String,
    exchange: String,
}

impl People {
    async fn create(service: &Service) -> Self {
        let fixture = &service.env.fixture;
        let foreign_driver = fixture.foreign_driver().await;
        let (own, other) = (fixture.driver.company, foreign_driver.company);
        let person = async |id, company, role| {
            fixture.person(Person { id: PersonId(id), company, role }).await
        };
        let known = [
            fixture.driver,
            person(154, own, Role::Admin).await,
            foreign_driver,
            person(998, other, Role::Admin).await,
            person(9001, CompanyId::LESSOR, Role::Reviewer).await,
            person(9002, other, Role::Reviewer).await,
        ];
        account::add_node(service, account::NODE).await;
        let exchange = account::basic(account::NODE, account::PASSWORD);
        Self { known, expired: service.driver(), exchange }
    }

    /// Every caller with its current credentials.
    fn callers(&self, service: &Service) -> Callers {
        let bearer = |token: &str| Some(format!("Bearer {token}"));
        let unsigned = "eyJ0eXAiOiJKV1QiLCJhbGciOiJub25lIn0.e30.";
        let refresh = service.refresh_token_of(self.known[0]);
        let mut headers = vec![None, bearer(unsigned), bearer(&self.expired), bearer(&refresh)];
        headers.extend(self.known.iter().map(|person| bearer(&service.token_of(*person))));
        headers.push(Some(self.exchange.clone()));
        Callers { headers: CALLERS.into_iter().zip(headers).collect() }
    }
}

/// Every caller with its `Authorization` header.
struct Callers {
    headers: Vec<(&'static str, Option<String>)>,
}

impl Callers {
    /// The request with the credentials of this caller.
    fn signed(&self, mut request: Request<Body>, caller: &str) -> Request<Body> {
        let (_, header) = self.headers.iter().find(|(name, _)| *name == caller).unwrap();
        if let Some(header) = header {
            request.headers_mut().insert("authorization", header.parse().unwrap());
        }
        request
    }
}

/// S19
#[tokio::test]
async fn a_token_in_the_url_is_ignored() {
    let many = [("UPLOAD__MAX_OPEN_PER_PERSON", "100000")];
    let service = Service::embedded_with(&many).await;
    for operation in &operations(&forte_media::http::openapi(None)) {
        let Operation { name, description, .. } = operation;
        let security = description["security"].to_string();
        // Some operations accept a token but do not need one.
        if !security.contains("access_token") || !expected(name).unwrap().starts_with('-') {
            continue;
        }
        let mut request = filled(operation, &Targets::fresh(&service).await);
        let separator = if request.uri().query().is_some() { '&' } else { '?' };
        let token = service.driver();
        let uri = format!("{}{separator}access_token={token}&token={token}", request.uri());
        *request.uri_mut() = uri.parse().unwrap();
        assert_eq!(service.send(request).await.status(), 401, "{name}");
    }
}
