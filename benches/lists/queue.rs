//! The review queue and its search, as a page and as JSON, for all companies and for one.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use forte_media::auth::AccountSpec;
use forte_media::database::{AccountOwner, DueRange, QueueQuery, SearchKeys};
use forte_media::model::plausibility::Outcome;
use forte_media::model::{CompanyId, ReportStatus, VideoCodec};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::Size;
use super::cases::print;
use super::fill::{director, type_code};
use super::harness::service::Service;

const PASSWORD: &str = "a-reviewers-password";
/// Rows of a page, and one more, which shows whether there is another page.
const LIMIT: i64 = 51;

/// Filters and searches. Each request fills in other values.
const CASES: [(&str, &str); 13] = [
    ("waiting", ""),
    ("rejected", "status=4"),
    ("approved", "status=3"),
    ("a company", "company={company}"),
    ("a type", "vehicle_type={type}"),
    ("soon", "deadline=soon"),
    ("failed", "outcome=fail"),
    ("h265", "codec=h265"),
    ("failed, h265, a type", "outcome=fail&codec=h265&vehicle_type={type}"),
    ("search by plate", "search={plate}"),
    ("search by VIN suffix", "search={vin}"),
    ("search by report number", "search={number}"),
    ("search without a match", "search=ZZZZ"),
];

pub(crate) async fn measure(service: &Service, size: Size, requests: i64) {
    let (page, json) = sign_in(service).await;
    println!("\n{:28} {:>6} {:>9} {:>9} {:>9}", "review", "rows", "p50 ms", "p99 ms", "max ms");
    for (name, query) in CASES {
        for (kind, path, signed) in [("JSON", "/review/reports", &json), ("page", "/review", &page)]
        {
            let (mut times, mut rows) = (Vec::new(), 0);
            for number in 0..requests {
                let path = format!("{path}?{}", fill(query, number, size));
                let (time, body) = get(service, &path, signed).await;
                times.push(time);
                rows = count(&body);
            }
            print(&format!("{kind} {name}"), rows, times);
        }
    }
    all_pages(service, &json).await;
}

/// Signs a reviewer in. Returns the authentication headers for pages and for the API.
async fn sign_in(service: &Service) -> ((&'static str, String), (&'static str, String)) {
    let owner =
        AccountOwner::Reviewer { company: CompanyId::LESSOR, name: "Айгуль".to_owned() };
    let new = AccountSpec { login: "aigul".to_owned(), owner, networks: Vec::new() };
    service.app.state.accounts.add(new, &PASSWORD.into()).await.unwrap();
    let body = json!({"login": "aigul", "password": PASSWORD}).to_string();
    let request = Request::post("/review/session")
        .header("Content-Type", "application/json")
        .header("Origin", "http://localhost")
        .header("Host", "localhost")
        .body(body.into());
    let response = service.send(request.unwrap()).await;
    assert_eq!(response.status(), 200);
    let cookie = response.headers()["set-cookie"].to_str().unwrap();
    let cookie = cookie.split(';').next().unwrap().to_owned();
    let token = format!("Bearer {}", service.reviewer().await);
    (("Cookie", cookie), ("Authorization", token))
}

fn fill(query: &str, number: i64, size: Size) -> String {
    let vehicle = number * 7919 % (size.companies * size.vehicles);
    query
        .replace("{company}", &director(number * 37 % size.companies).company.0.to_string())
        .replace("{type}", &type_code(number % 5))
        .replace("{plate}", &format!("{:03}ABC", vehicle % 1000))
        .replace("{vin}", &(100_000 + vehicle).to_string())
        .replace("{number}", &(number * 7919 % (size.companies * size.reports)).to_string())
}

async fn get(
    service: &Service,
    path: &str,
    (header, value): &(&str, String),
) -> (Duration, Vec<u8>) {
    let request = Request::get(path).header(*header, value).body(Body::empty()).unwrap();
    let began = Instant::now();
    let response = service.send(request).await;
    assert_eq!(response.status(), 200, "{path}");
    let body = response.into_body().collect().await.unwrap().to_bytes().to_vec();
    (began.elapsed(), body)
}

/// The number of rows in a JSON response, or of links to reports in a page.
fn count(body: &[u8]) -> usize {
    if let Ok(answer) = serde_json::from_slice::<Value>(body) {
        return answer["data"]["reports"].as_array().unwrap().len();
    }
    String::from_utf8_lossy(body).matches("data-open").count()
}

/// Requests the first hundred pages in order: the last ones should take as long as the first ones.
async fn all_pages(service: &Service, signed: &(&str, String)) {
    let (mut after, mut times) = (String::new(), Vec::new());
    while times.len() < 100 {
        let (time, body) = get(service, &format!("/review/reports?limit=50{after}"), signed).await;
        times.push(time);
        let answer: Value = serde_json::from_slice(&body).unwrap();
        let Some(next) = answer["data"]["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    print("JSON page after page", times.len() * 50, times);
}

/// Prints the query plans of the queue and of the searches.
pub(crate) async fn print_plans(service: &Service) {
    let all = QueueQuery {
        company: None,
        status: Some(ReportStatus::Submitted),
        vehicle_type: None,
        due: DueRange::default(),
        outcome: None,
        codec: None,
        search: None,
    };
    let search = |text: &str| SearchKeys::of(text);
    let cases = [
        ("waiting", all.clone()),
        ("a company", QueueQuery { company: Some(director(1).company), ..all.clone() }),
        ("a type", QueueQuery { vehicle_type: type_code(1).parse().ok(), ..all.clone() }),
        ("failed", QueueQuery { outcome: Some(Outcome::Fail), ..all.clone() }),
        ("h265", QueueQuery { codec: Some(VideoCodec::H265), ..all.clone() }),
        ("plate", QueueQuery { status: None, search: search("284ABC"), ..all.clone() }),
        ("number", QueueQuery { status: None, search: search("77777"), ..all.clone() }),
    ];
    for (name, wanted) in cases {
        println!("\n-- queue, {name}");
        let plan = service.database().queue_plan(&wanted, LIMIT, service.clock().now()).await;
        println!("{}", plan.unwrap().join("\n"));
    }
}
