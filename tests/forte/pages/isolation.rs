//! A reviewer of one company learns nothing about others, and a GET does not claim a report.

use axum::body::Body;
use axum::http::Request;
use forte_media::model::CompanyId;

use super::submitted;
use super::visitor::Visitor;
use crate::harness::account;
use crate::harness::service::{Service, header, on_both_backends};

on_both_backends! {
    a_reviewer_of_one_company_sees_nothing_of_another,
    a_get_claims_nothing,
    the_bytes_of_a_video_are_revalidated,
}

const OTHER: CompanyId = CompanyId(99);

async fn a_reviewer_of_one_company_sees_nothing_of_another(service: Service) {
    service.env.fixture.foreign_driver().await;
    let report = submitted(&service).await.to_string();
    let all = Visitor::reviewer(&service, "dina").await;
    let limited = Visitor::of_company(&service, "marat", OTHER).await;
    assert!(all.page(&service, "/review").await.html.contains(&report));
    for path in ["/review", "/review?search=123ABC", "/review/day", "/review?company=1"] {
        let page = limited.page(&service, path).await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.html.contains(&report), "{path}");
        assert!(!page.html.contains("href=\"/review/report/"), "{path}");
    }
    let start = limited.get(&service, "/review/next").await;
    assert_eq!(header(&start, "location"), "/review");
    let counts = limited.page(&service, "/review/counts").await;
    let counts: serde_json::Value = serde_json::from_str(&counts.html).unwrap();
    assert_eq!(counts["queue"], "0");
    for path in ["", "/bytes", "?compare=1", "?reject=1"] {
        let path = format!("/review/report/{report}{path}");
        assert_eq!(limited.get(&service, &path).await.status(), 404, "{path}");
    }
    let id = "0198f6f2-7a00-7000-8000-000000000001";
    let decision = [("ref_key", &*report), ("id", id), ("version", "1"), ("decision", "approve")];
    let link = format!("/review/report/{report}/link");
    for path in [&*link, "/review/claim", "/review/take-over", "/review/decide", "/review/undo"] {
        let (status, _) = limited.script(&service, path, &decision).await;
        assert_eq!(status, 404, "{path}");
    }
    let (_, released) = limited.script(&service, "/review/release", &decision).await;
    assert_eq!(
        released,
        serde_json::json!({ "state": "free" }),
        "releasing an unclaimed report succeeds"
    );
    let (_, claimed) = all.script(&service, "/review/claim", &decision).await;
    assert_eq!(claimed["state"], "mine");
    let (_, kept) = limited.script(&service, "/review/keep", &decision).await;
    assert_eq!(kept, serde_json::json!({ "state": "lost" }), "the same as for an unclaimed report");
    limited.script(&service, "/review/release", &decision).await;
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM claims").await, 1);
    all.script(&service, "/review/release", &decision).await;
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM console_decisions").await, 0);
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM claims").await, 0);
}

async fn a_get_claims_nothing(service: Service) {
    let report = submitted(&service).await;
    let dina = Visitor::reviewer(&service, "dina").await;
    for path in [
        "/review".to_owned(),
        "/review/next".to_owned(),
        "/review/counts".to_owned(),
        "/review/day".to_owned(),
        format!("/review/report/{report}"),
        format!("/review/report/{report}?reject=1"),
        format!("/review/report/{report}/bytes"),
    ] {
        let status = dina.get(&service, &path).await.status();
        assert!(status.is_success() || status.is_redirection(), "{path}: {status}");
    }
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM claims").await, 0);
    let background = Request::get(format!("/review/report/{report}"))
        .header("Cookie", &dina.cookie)
        .header("X-Background", "1")
        .body(Body::empty())
        .unwrap();
    let views = "SELECT COUNT(*) FROM custody WHERE action = 'linked'";
    let before = service.env.db.number(views).await;
    assert_eq!(service.send(background).await.status(), 200);
    assert_eq!(service.env.db.number(views).await, before, "a prefetch is not a view");
    let prefetched = "SELECT COUNT(*) FROM custody WHERE action = 'prefetched'";
    assert_eq!(service.env.db.number(prefetched).await, 1, "but its link is recorded (S55)");
}

/// Without that a browser would show the frames of the former video for an hour.
async fn the_bytes_of_a_video_are_revalidated(service: Service) {
    let report = submitted(&service).await;
    let dina = Visitor::reviewer(&service, "dina").await;
    let bytes = dina.get(&service, &format!("/review/report/{report}/bytes")).await;
    assert_eq!(bytes.status(), 200);
    assert_eq!(header(&bytes, "cache-control"), "private, no-cache");
    assert!(!header(&bytes, "etag").is_empty());
}

/// A browser keeps a response open while its video is paused.
#[tokio::test]
async fn a_video_in_the_console_does_not_keep_1c_waiting() {
    let service = Service::embedded_with(&[("PLAYBACK__DOWNLOADS", "1")]).await;
    let report = submitted(&service).await;
    let dina = Visitor::reviewer(&service, "dina").await;
    let path = format!("/review/report/{report}/bytes");
    let paused = dina.get(&service, &path).await;
    assert_eq!(paused.status(), 200);
    assert_eq!(dina.get(&service, &path).await.status(), 503);
    account::add_node(&service, account::NODE).await;
    let submission = service.env.db.rows("SELECT id FROM submissions").await.concat();
    let file = account::get(&service, &format!("/1c/v1/submissions/{submission}/file")).await;
    assert_eq!(file.status(), 200);
}
