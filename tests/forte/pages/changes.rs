//! Every state-changing request needs the CSRF token of its session.

use std::fs;
use std::path::Path;

use super::submitted;
use super::visitor::Visitor;
use crate::harness::answers::problem;
use crate::harness::service::Service;

/// State-changing routes, which need the CSRF token of a reviewer's session.
const CHANGES: [&str; 10] = [
    "/review/claim",
    "/review/decide",
    "/review/keep",
    "/review/release",
    "/review/report/{ref_key}/link",
    "/review/seen",
    "/review/session/end",
    "/review/session/preferences",
    "/review/take-over",
    "/review/undo",
];

/// A state-changing route without a session: the sign-in is checked by its origin. The routes of drivers have
/// their own tests.
const WITHOUT_SESSION: [&str; 1] = ["/review/session"];

/// Paths below `/review` that the sources route to a POST handler only.
fn posted() -> Vec<String> {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
    let mut paths = Vec::new();
    for name in ["browser_session/mod.rs", "pages/review/mod.rs"] {
        let source = fs::read_to_string(sources.join(name)).unwrap();
        for route in source.split(".route(").skip(1) {
            let path = route.trim_start().trim_start_matches('"').split('"').next().unwrap();
            if path.starts_with("/review") && !route.contains("get(") {
                paths.push(path.to_owned());
            }
        }
    }
    paths.sort();
    paths
}

#[tokio::test]
async fn every_change_is_refused_without_the_csrf_token_of_its_session() {
    let mut known: Vec<_> = CHANGES.into_iter().chain(WITHOUT_SESSION).collect();
    known.sort_unstable();
    assert_eq!(posted(), known, "add a new state-changing route to the table");
    let service = Service::embedded().await;
    let report = submitted(&service).await.to_string();
    let dina = Visitor::reviewer(&service, "dina").await;
    let marat = Visitor::reviewer(&service, "marat").await;
    for path in CHANGES {
        let path = path.replace("{ref_key}", &report);
        for csrf in ["", "x", &marat.csrf] {
            let body = format!(
                "csrf={csrf}&ref_key={report}&id={report}&version=1&decision=approve&others=1"
            );
            let refused = dina.send(&service, &path, "application/json", body).await;
            problem(refused, 403, "csrf_invalid").await;
        }
        if path == "/review/session/end" {
            // Signing out without a session succeeds.
            continue;
        }
        let nobody = Visitor { cookie: String::new(), csrf: dina.csrf.clone() };
        let body = format!("csrf={}&ref_key={report}", dina.csrf);
        let refused = nobody.send(&service, &path, "application/json", body).await;
        problem(refused, 401, "session_missing").await;
    }
    for table in ["claims", "console_decisions"] {
        let rows = service.env.db.number(format!("SELECT COUNT(*) FROM {table}")).await;
        assert_eq!(rows, 0, "{table}");
    }
    assert_eq!(dina.page(&service, "/review").await.status, 200, "still signed in");
}

#[tokio::test]
async fn without_a_session_every_page_asks_to_sign_in() {
    let service = Service::embedded().await;
    let report = submitted(&service).await;
    let nobody = Visitor { cookie: String::new(), csrf: String::new() };
    for path in [
        "/review".to_owned(),
        "/review/day".to_owned(),
        "/review/sessions".to_owned(),
        "/review/next".to_owned(),
        format!("/review/report/{report}"),
    ] {
        let response = nobody.get(&service, &path).await;
        assert_eq!(response.status(), 303, "{path}");
        let location = response.headers()["location"].to_str().unwrap();
        assert!(location.starts_with("/review/sign-in?next=%2Freview"), "{path}: {location}");
    }
    let outside = nobody.page(&service, "/review/sign-in?next=https://evil.kz").await;
    assert!(outside.html.contains("name=\"next\" value=\"/review\""), "only our own pages");
}
