//! Stored videos: who may watch them, links, and custody entries.

use axum::body::Body;
use axum::http::{Request, Response};
use forte_media::model::{CompanyId, Person, PersonId, RefKey, Role};
use jiff::SignedDuration;
use serde_json::Value;

use crate::harness::clips::GOOD;
use crate::harness::service::{Backend, Service, header, json};
use crate::harness::tus;

/// Videos on disk, where the service serves the links.
async fn service() -> Service {
    Box::pin(Service::start(Backend::Embedded)).await.unwrap()
}

/// A report with a video.
async fn submitted(service: &Service) -> RefKey {
    let report = service.report().await;
    let path = tus::create(service, report, GOOD.len()).await;
    assert_eq!(tus::patch(service, &path, 0, GOOD).await.status(), 204);
    report
}

async fn request_video(service: &Service, report: RefKey, token: &str) -> Response<Body> {
    let request = Request::get(format!("/reports/{report}/video"))
        .header("Authorization", format!("Bearer {token}"));
    service.send(request.body(Body::empty()).unwrap()).await
}

async fn link(service: &Service, report: RefKey) -> String {
    let viewing = json(request_video(service, report, &service.driver()).await).await;
    tus::path_of(viewing["data"]["link"].as_str().unwrap())
}

async fn open_link(service: &Service, path: &str) -> Response<Body> {
    service.send(Request::get(path).body(Body::empty()).unwrap()).await
}

/// The response without its request id.
async fn comparable(answer: Response<Body>) -> (u16, Value) {
    let status = answer.status().as_u16();
    let mut body = json(answer).await;
    body["data"]["request_id"] = Value::Null;
    (status, body)
}

#[tokio::test]
async fn a_video_of_another_company_gets_the_same_response_as_an_unknown_one() {
    let service = service().await;
    let (held, empty) = (submitted(&service).await, service.report().await);
    let other_driver = service.foreign_driver().await;
    let foreign = comparable(request_video(&service, held, &other_driver).await).await;
    assert_eq!(foreign.0, 404);
    assert_eq!(foreign, comparable(request_video(&service, empty, &service.driver()).await).await);
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM custody").await, 1);
}

/// Q37
#[tokio::test]
async fn a_driver_may_watch_the_videos_of_visible_vehicles() {
    let service = service().await;
    let (held, empty) = (submitted(&service).await, service.report().await);
    let vehicle = service.database().report(held).await.unwrap().unwrap().vehicle;
    let fixture = &service.env.fixture;
    fixture.assign(vehicle, None, "+7 702 999 99 99").await;
    let hidden = comparable(request_video(&service, held, &service.driver()).await).await;
    assert_eq!(hidden.0, 404);
    assert_eq!(hidden, comparable(request_video(&service, empty, &service.driver()).await).await);
    let director = service.token_of(fixture.director().await);
    assert_eq!(request_video(&service, held, &director).await.status(), 200);
    fixture.assign(vehicle, None, "8 701 000 00 00").await;
    assert_eq!(request_video(&service, held, &service.driver()).await.status(), 200);
}

#[tokio::test]
async fn a_reviewer_of_the_lessor_may_watch_all_videos_and_another_only_its_own() {
    let service = service().await;
    let report = submitted(&service).await;
    assert_eq!(request_video(&service, report, &service.reviewer().await).await.status(), 200);
    let fixture = &service.env.fixture;
    fixture.foreign_driver().await;
    let own = Person { id: PersonId(901), role: Role::Reviewer, ..fixture.driver };
    let other = Person { id: PersonId(902), company: CompanyId(99), role: Role::Reviewer };
    for (reviewer, status) in [(own, 200), (other, 404)] {
        fixture.add_person(reviewer).await;
        assert_eq!(
            request_video(&service, report, &service.token_of(reviewer)).await.status(),
            status
        );
    }
}

#[tokio::test]
async fn every_link_has_a_custody_entry_without_the_link() {
    let service = service().await;
    let report = submitted(&service).await;
    let link = link(&service, report).await;
    let db = &service.env.db;
    let linked = "SELECT COUNT(*) FROM custody WHERE action = 'linked' AND actor = 'person:153'";
    assert_eq!(db.number(linked).await, 1);
    let signed = link.strip_prefix("/media/").unwrap();
    assert!(!signed.is_empty());
    let with_link = "SELECT COUNT(*) FROM custody WHERE detail LIKE '%media%'";
    assert_eq!(db.number(with_link).await, 0);
}

#[tokio::test]
async fn a_link_is_valid_for_five_minutes_and_names_the_report() {
    let service = service().await;
    let report = submitted(&service).await;
    let link = link(&service, report).await;
    let answer = open_link(&service, &link).await;
    assert_eq!(answer.status(), 200);
    let name = format!("filename=\"report-{report}.mp4\"");
    assert!(header(&answer, "content-disposition").contains(&name));
    service.manual_clock().advance(SignedDuration::from_mins(5));
    assert_eq!(open_link(&service, &link).await.status(), 403);
}

/// The sample plays for two seconds.
#[tokio::test]
async fn a_link_to_a_video_that_plays_longer_than_the_setting_is_valid_until_its_end() {
    let service = Service::embedded_with(&[("PLAYBACK__LINK_TTL", "1s")]).await;
    let link = link(&service, submitted(&service).await).await;
    service.manual_clock().advance(SignedDuration::from_millis(1_999));
    assert_eq!(open_link(&service, &link).await.status(), 200);
    service.manual_clock().advance(SignedDuration::from_millis(1));
    assert_eq!(open_link(&service, &link).await.status(), 403);
}

async fn conditional(
    service: &Service,
    (method, link): (&str, &str),
    name: &str,
    value: &str,
) -> Response<Body> {
    let request = Request::builder().method(method).uri(link).header(name, value);
    service.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn ranges_and_preconditions_follow_rfc_9110() {
    let service = service().await;
    let link = link(&service, submitted(&service).await).await;
    let (get, head) = (("GET", link.as_str()), ("HEAD", link.as_str()));
    let length = GOOD.len().to_string();
    let etag = header(&open_link(&service, &link).await, "etag").to_owned();
    let (weak, other) = (format!("W/{etag}"), "\"other\"".to_owned());
    for (asked, name, value, status, sent) in [
        (get, "Range", "bytes=-999999999", 206, length.as_str()),
        (get, "Range", "Bytes=00-01", 206, "2"),
        (get, "Range", "items=0-1", 200, &length),
        (get, "Range", "bytes=18446744073709551616-", 416, ""),
        (head, "Range", "bytes=0-1", 200, &length),
        (head, "Range", "bytes=999999999-", 200, &length),
        (get, "If-None-Match", &weak, 304, ""),
        (get, "If-None-Match", &other, 200, &length),
        (get, "If-Match", &etag, 200, &length),
        (get, "If-Match", "*", 200, &length),
        (get, "If-Match", &weak, 412, ""),
        (head, "If-Match", &other, 412, ""),
    ] {
        let answer = conditional(&service, asked, name, value).await;
        assert_eq!(answer.status(), status, "{} {name}: {value}", asked.0);
        if answer.status().is_success() {
            assert_eq!(header(&answer, "content-length"), sent, "{name}: {value}");
        }
    }
}

#[tokio::test]
async fn a_token_in_the_query_is_ignored() {
    let service = service().await;
    let report = submitted(&service).await;
    for name in ["access_token", "token", "authorization"] {
        let path = format!("/reports/{report}/video?{name}={}", service.driver());
        assert_eq!(open_link(&service, &path).await.status(), 401, "{name}");
    }
}
