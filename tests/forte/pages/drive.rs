//! The driver's page without scripts: its content, access and headers.

use axum::body::Body;
use axum::http::{Request, Response};
use forte_media::model::{Person, PersonId, RefKey, ReportStatus, Role};
use serde_json::json;

use super::visitor::Page;
use crate::harness::phone::Phone;
use crate::harness::service::{Service, header, json, on_both_backends};

on_both_backends! {
    a_driver_sees_open_and_sent_reports,
    a_reason_is_shown_in_the_language_of_the_driver,
    a_script_in_a_name_is_shown_and_not_run,
    a_report_of_another_company_does_not_exist,
    a_browser_without_a_session_signs_in_and_comes_back,
    a_film_link_takes_precedence_over_a_signed_in_driver,
}

/// A driver's browser that runs no scripts.
struct Driver {
    cookie: String,
}

impl Driver {
    async fn sign_in(service: &Service) -> Self {
        let phone = Phone::director();
        let code = phone.code(service).await;
        let body = json!({"biin": phone.biin, "uuid": phone.uuid, "code": code});
        let request = Request::post("/drive/session").header("Content-Type", "application/json");
        let response = service.send(request.body(Body::from(body.to_string())).unwrap()).await;
        let cookie = header(&response, "set-cookie").split(';').next().unwrap().to_owned();
        assert_eq!(response.status(), 200, "{}", json(response).await);
        Self { cookie }
    }

    async fn get(&self, service: &Service, path: &str, language: &str) -> Response<Body> {
        let request = Request::get(path).header("Cookie", &self.cookie);
        let request = request.header("Accept", "text/html").header("Accept-Language", language);
        service.send(request.body(Body::empty()).unwrap()).await
    }

    async fn page(&self, service: &Service, path: &str, language: &str) -> Page {
        Page::of(self.get(service, path, language).await).await
    }
}

/// Requests a path without a cookie.
async fn stranger(service: &Service, path: &str) -> Response<Body> {
    Driver { cookie: String::new() }.get(service, path, "ru").await
}

fn address(report: RefKey) -> String {
    format!("/drive/report/{report}")
}

async fn director(service: &Service) -> Driver {
    service.env.fixture.add_person(director_of(service)).await;
    Driver::sign_in(service).await
}

fn director_of(service: &Service) -> Person {
    Person { id: PersonId(154), role: Role::Admin, ..service.env.fixture.driver }
}

/// The cookie of a browser that has opened a film link issued by the director.
async fn film_cookie(service: &Service, report: RefKey) -> String {
    let token = service.token_of(director_of(service));
    let request = Request::post(format!("/reports/{report}/film-link"))
        .header("Authorization", format!("Bearer {token}"))
        .header("Content-Type", "application/json");
    let link = json(service.send(request.body(Body::from("{}")).unwrap()).await).await;
    let (_, secret) = link["data"]["url"].as_str().unwrap().split_once('#').unwrap();
    let body = json!({ "secret": secret, "name": "Айбек", "mobile": "+7 701 000 00 01" });
    let request = Request::post("/drive/film-link").header("Content-Type", "application/json");
    let opened = service.send(request.body(Body::from(body.to_string())).unwrap()).await;
    header(&opened, "set-cookie").split(';').next().unwrap().to_owned()
}

async fn a_driver_sees_open_and_sent_reports(service: Service) {
    let driver = director(&service).await;
    let open = service.report().await;
    let sent = service.report_in(ReportStatus::Submitted).await;
    let response = driver.get(&service, "/drive", "ru").await;
    assert!(header(&response, "permissions-policy").contains("camera=(self)"));
    let list = Page::of(response).await;
    assert!(list.policy.contains("default-src 'none'; script-src 'self'"));
    assert!(!list.policy.contains("unsafe") && !list.policy.contains("http"));
    assert!(list.html.contains("Нужно снять · 1") && list.html.contains("Отправлено · 1"));
    assert!(list.html.contains(&address(open)) && !list.html.contains(&address(sent)));
    assert_eq!(list.data()["keep"], json!([address(open)]));
    let page = driver.page(&service, &address(open), "en").await;
    let data = page.data();
    assert_eq!(data["limits"]["maxBytes"], 64 << 20);
    assert_eq!((&data["position"], &data["kind"]), (&json!("required"), &json!("drive")));
    assert_eq!(data["report"]["is_open"], true);
    assert!(page.html.contains("At most 64\u{a0}MB"));
    let closed = driver.page(&service, &address(sent), "en").await;
    assert_eq!(closed.data()["report"]["is_open"], false);
    assert!(closed.html.contains("already sent") && !closed.html.contains("data-do=\"film\""));
}

async fn a_reason_is_shown_in_the_language_of_the_driver(service: Service) {
    let driver = director(&service).await;
    let report = service.report_in(ReportStatus::Rejected).await;
    let rejection = r#"{"codes":["plate"],"items":[],"text":"Ещё раз"}"#;
    let reason = "Не читается госномер.";
    let change =
        format!("UPDATE reports SET rejection = '{rejection}', reject_reason = '{reason}'");
    service.env.db.execute(change).await;
    for (language, expected) in [("ru", "Не читается госномер"), ("en", "plate"), ("kk", "нөмір")]
    {
        let page = driver.page(&service, &address(report), language).await;
        assert_eq!(page.status, 200);
        let text = page.html.split("data-show=\"lost\"").next().unwrap().to_lowercase();
        assert!(text.contains(&expected.to_lowercase()), "{language}: {text}");
        assert!(text.contains("ещё раз"));
    }
    // A reason that came through the API is not translated.
    service
        .env
        .db
        .execute(format!("UPDATE reports SET rejection = '', reject_reason = '{reason}'"))
        .await;
    let list = driver.page(&service, "/drive", "en").await;
    assert!(list.html.contains(reason) && list.html.contains("Film again"));
}

async fn a_script_in_a_name_is_shown_and_not_run(service: Service) {
    let driver = director(&service).await;
    let report = service.report().await;
    let hostile = "</script><script>alert(1)</script>\"><img src=x onerror=alert(2)>";
    for (table, column) in [("people", "first_name"), ("vehicles", "plate_number")] {
        service.env.db.execute(format!("UPDATE {table} SET {column} = '{hostile}'")).await;
    }
    for path in ["/drive".to_owned(), address(report)] {
        let page = driver.page(&service, &path, "ru").await;
        assert_eq!(page.status, 200, "{path}");
        assert!(!page.html.contains("<script>alert") && !page.html.contains("<img"), "{path}");
        // Exactly the library, the page's own script and the data.
        assert_eq!(page.html.matches("<script").count(), 3, "{path}");
        assert!(page.data().is_object(), "{path}");
        for inline in [" style=\"", " onclick=", "javascript:", "<style"] {
            assert!(!page.html.contains(inline), "{path}: {inline}");
        }
    }
}

async fn a_report_of_another_company_does_not_exist(service: Service) {
    let driver = director(&service).await;
    let report = service.report().await;
    service.env.fixture.foreign_driver().await;
    service.env.db.execute("UPDATE reports SET company_id = 99").await;
    assert_eq!(driver.page(&service, &address(report), "ru").await.status, 404);
    let list = driver.page(&service, "/drive", "ru").await;
    assert!(list.html.contains("Нужно снять · 0") && !list.html.contains(&address(report)));
    assert_eq!(driver.page(&service, "/drive/report/nonsense", "ru").await.status, 404);
    assert_eq!(driver.page(&service, "/drive/nowhere", "ru").await.status, 404);
}

async fn a_browser_without_a_session_signs_in_and_comes_back(service: Service) {
    let report = service.report().await;
    let response = stranger(&service, &address(report)).await;
    let place = header(&response, "location").to_owned();
    assert_eq!(response.status(), 303);
    let sign_in = Page::of(stranger(&service, &place).await).await;
    assert_eq!(sign_in.data()["next"], address(report));
    assert_eq!(sign_in.data()["attempts"], 5);
    let elsewhere = "/drive/sign-in?next=https%3A%2F%2Fevil.example&expired=1";
    let sign_in = Page::of(stranger(&service, elsewhere).await).await;
    assert_eq!(sign_in.data()["next"], "/drive");
    assert!(sign_in.html.contains("Сеанс завершён"));
    // A driver who is already signed in is redirected.
    let driver = director(&service).await;
    let response = driver.get(&service, &place, "ru").await;
    assert_eq!(header(&response, "location"), address(report));
}

async fn a_film_link_takes_precedence_over_a_signed_in_driver(service: Service) {
    let driver = director(&service).await;
    let report = service.report().await;
    let film = film_cookie(&service, report).await;
    let phone = Driver { cookie: format!("{}; {film}", driver.cookie) };
    let by_link = format!("{}?link", address(report));
    let page = phone.page(&service, &by_link, "ru").await;
    assert_eq!((page.status, &page.data()["kind"]), (200, &json!("film")));
    // Without the query, as the list links to it, the page is the driver's.
    let page = phone.page(&service, &address(report), "ru").await;
    assert_eq!(page.data()["kind"], "drive");
    // A revoked link does not lock the driver out.
    service.env.db.execute("UPDATE film_links SET revoked_at = 1").await;
    let page = phone.page(&service, &by_link, "ru").await;
    assert_eq!((page.status, &page.data()["kind"]), (200, &json!("drive")));
}

/// They contain no personal data.
#[tokio::test]
async fn the_page_of_a_film_link_the_manifest_and_the_worker_need_no_session() {
    let service = Service::embedded().await;
    let film = Page::of(stranger(&service, "/drive/film").await).await;
    assert_eq!((film.status, &film.data()["kind"]), (200, &json!("film")));
    let worker = stranger(&service, "/drive/worker.js").await;
    assert_eq!(header(&worker, "service-worker-allowed"), "/drive");
    assert_eq!(header(&worker, "cache-control"), "no-cache");
    let response = stranger(&service, "/drive/manifest.webmanifest").await;
    assert_eq!(header(&response, "content-type"), "application/manifest+json");
    let manifest = json(response).await;
    assert_eq!((&manifest["start_url"], &manifest["scope"]), (&json!("/drive"), &json!("/drive")));
}
