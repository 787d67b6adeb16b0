//! The measured requests and their response times.

use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use forte_media::model::Person;
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::Size;
use super::fill::{director, driver, vehicle};
use super::harness::service::Service;

/// A request, and the person who sends it.
struct Case {
    name: &'static str,
    path: fn(i64, Size) -> String,
    person: fn(i64) -> Person,
}

const CASES: [Case; 14] = [
    case("E6 limit=200", |_, _| "/reports/general/filter?limit=200".to_owned()),
    case("E6 sent, limit=200", |_, _| "/reports/general/filter/2/0/0?limit=200".to_owned()),
    case("E6 approved, limit=200", |_, _| "/reports/general/filter/3?limit=200".to_owned()),
    case("E6 rejected, month", |_, _| "/reports/general/filter/4/1m?limit=200".to_owned()),
    case("E6 week, limit=200", |_, _| "/reports/general/filter/0/1w?limit=200".to_owned()),
    case("E6 approved, week", |_, _| "/reports/general/filter/3/1w?limit=200".to_owned()),
    case("E6 of a vehicle", |company, size| {
        format!("/reports/general/filter/0/0/{}", vehicle(company, 7, size))
    }),
    case("E7 limit=200", |_, _| "/reports/vehicle/filter?limit=200".to_owned()),
    case("E7 rejected", |_, _| "/reports/vehicle/filter/4?limit=200".to_owned()),
    case("E7 week, limit=200", |_, _| "/reports/vehicle/filter/0/1w?limit=200".to_owned()),
    case("E8", |company, size| format!("/reports/vehicle/select/{}", vehicle(company, 7, size))),
    Case {
        name: "E6 of a driver",
        path: |_, _| "/reports/general/filter".to_owned(),
        person: driver,
    },
    Case {
        name: "E7 of a driver",
        path: |_, _| "/reports/vehicle/filter".to_owned(),
        person: driver,
    },
    Case {
        name: "E8 of a driver",
        path: |company, size| format!("/reports/vehicle/select/{}", vehicle(company, 1, size)),
        person: driver,
    },
];

const fn case(name: &'static str, path: fn(i64, Size) -> String) -> Case {
    Case { name, path, person: director }
}

pub(crate) async fn measure(service: &Service, size: Size, requests: i64) {
    println!("{:28} {:>6} {:>9} {:>9} {:>9}", "", "rows", "p50 ms", "p99 ms", "max ms");
    for case in CASES {
        let rows = rows(service, &case, size).await;
        let mut times = Vec::new();
        for number in 0..requests {
            let company = number * 37 % size.companies;
            times.push(once(service, &case, company, size).await.0);
        }
        print(case.name, rows, times);
    }
    all_pages(service, requests).await;
}

async fn rows(service: &Service, case: &Case, size: Size) -> usize {
    let (_, body) = once(service, case, 0, size).await;
    let answer: Value = serde_json::from_slice(&body).unwrap();
    count(&answer)
}

fn count(answer: &Value) -> usize {
    let rows = |block: &str| answer["data"]["reports"][block].as_array().unwrap().len();
    rows("important") + rows("general")
}

async fn once(service: &Service, case: &Case, company: i64, size: Size) -> (Duration, Vec<u8>) {
    request(service, (case.person)(company), &(case.path)(company, size)).await
}

/// Sends a request; the time until the whole response was read, and its body.
pub(crate) async fn request(service: &Service, person: Person, path: &str) -> (Duration, Vec<u8>) {
    let token = service.token_of(person);
    let request = Request::get(path)
        .header("Authorization", format!("Bearer {token}"))
        .header("Accept-Encoding", "identity")
        .body(Body::empty())
        .unwrap();
    let started_at = Instant::now();
    let answer = service.send(request).await;
    assert_eq!(answer.status(), 200, "{path}");
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (started_at.elapsed(), body.to_vec())
}

/// Reads all pages of a company: the last ones should take as long as the first ones.
async fn all_pages(service: &Service, requests: i64) {
    let (mut after, mut times, mut rows) = (String::new(), Vec::new(), 0);
    let least = usize::try_from(requests).unwrap() / 10;
    while times.len() < least || !after.is_empty() {
        let path = format!("/reports/general/filter?limit=200{after}");
        let (time, body) = request(service, director(1), &path).await;
        times.push(time);
        let answer: Value = serde_json::from_slice(&body).unwrap();
        rows = count(&answer);
        after = answer["data"]["next"]
            .as_str()
            .map(|next| format!("&after={next}"))
            .unwrap_or_default();
    }
    print("E6 all pages, one by one", rows, times);
}

pub(crate) fn print(name: &str, rows: usize, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: usize| {
        let index = (times.len() * share / 100).min(times.len() - 1);
        times[index].as_secs_f64() * 1000.0
    };
    println!("{name:28} {rows:>6} {:>9.2} {:>9.2} {:>9.2}", at(50), at(99), at(100));
}
