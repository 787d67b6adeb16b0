//! The language of problems: drivers read Russian, Kazakh or English, developers read English.

use axum::body::Body;
use axum::http::{Request, Response};
use forte_media::model::RefKey;
use serde_json::Value;
use tower::ServiceExt as _;

use crate::harness::account;
use crate::harness::clips::GOOD;
use crate::harness::form::{self, Form};
use crate::harness::preflight;
use crate::harness::service::{Service, header, json};
use crate::harness::tus;

const NO_REPORT: [(&str, &str); 3] = [
    ("ru", "Отчёт не найден. Обновите список."),
    ("kk", "Есеп табылмады. Тізімді жаңартыңыз."),
    ("en", "The report was not found. Refresh the list."),
];

/// Sends a request as it is: without the `Accept-Language: en` of other tests.
async fn send(service: &Service, request: Request<Body>) -> Response<Body> {
    service.router.clone().oneshot(request).await.unwrap()
}

fn unknown_report(service: &Service) -> RefKey {
    RefKey::mint(&service.env.fixture.clock, &service.env.fixture.random)
}

/// Creates an upload for a report that does not exist.
async fn refused_creation(service: &Service, accept_language: Option<&str>) -> Response<Body> {
    let mut request = tus::creation(service, unknown_report(service), GOOD.len());
    if let Some(languages) = accept_language {
        request = request.header("Accept-Language", languages);
    }
    send(service, request.body(Body::empty()).unwrap()).await
}

async fn message(response: Response<Body>) -> String {
    json(response).await["data"]["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn messages_are_in_russian_without_accept_language() {
    let service = Service::embedded().await;
    let response = refused_creation(&service, None).await;
    assert_eq!(header(&response, "content-language"), "ru");
    assert_eq!(header(&response, "vary"), "accept-language");
    assert_eq!(message(response).await, NO_REPORT[0].1);
}

#[tokio::test]
async fn accept_language_chooses_russian_kazakh_or_english() {
    let service = Service::embedded().await;
    let cases = [
        ("ru", "ru"),
        ("kk", "kk"),
        ("en", "en"),
        ("kk-KZ, ru;q=0.8, en;q=0.5", "kk"),
        ("ru;q=0.3, EN-gb;q=0.9", "en"),
        ("de, kk;q=0.1", "kk"),
        ("de, fr;q=0.9", "ru"),
        ("en;q=0", "ru"),
        ("*", "ru"),
        ("nonsense;;q=", "ru"),
    ];
    for (requested, language) in cases {
        let response = refused_creation(&service, Some(requested)).await;
        assert_eq!(header(&response, "content-language"), language, "{requested}");
        let (_, expected) = NO_REPORT.iter().find(|(code, _)| *code == language).unwrap();
        assert_eq!(message(response).await, *expected, "{requested}");
    }
}

#[tokio::test]
async fn a_refused_video_has_a_text_for_the_driver_and_technical_details_in_english() {
    let service = Service::embedded().await;
    let upload = tus::create(&service, service.report().await, 1000).await;
    let mut request = tus::patch_request(&upload, 0, b"%PDF-1.7 and so on".to_vec());
    request.headers_mut().insert("accept-language", "kk".parse().unwrap());
    let response = send(&service, request).await;
    assert_eq!((response.status().as_u16(), header(&response, "content-language")), (415, "kk"));
    let problem: Value = json(response).await["data"].take();
    let text = "Бұл MP4 пішіміндегі видео емес. Телефон камерасымен түсіріп, сол файлды жіберіңіз.";
    assert_eq!(problem["message"], text);
    let details = problem["details"]["message"].as_str().unwrap();
    assert!(details.starts_with("The uploaded file is a PDF"), "{details}");
}

#[tokio::test]
async fn the_reasons_of_a_preflight_are_in_the_language_of_the_request() {
    let service = Service::embedded().await;
    let form = preflight::preflight_form(unknown_report(&service), GOOD).done();
    let request = form::request(&service, "/uploads/preflight").header("Accept-Language", "kk");
    let response = send(&service, request.body(form.into()).unwrap()).await;
    assert_eq!((response.status().as_u16(), header(&response, "content-language")), (404, "kk"));
    let long = preflight::binary_part(Form::of(service.report().await), "head", GOOD)
        .text("length", &(1_u64 << 40).to_string())
        .done();
    let request = form::request(&service, "/uploads/preflight");
    let response = send(&service, request.body(long.into()).unwrap()).await;
    assert_eq!((response.status().as_u16(), header(&response, "content-language")), (200, "ru"));
    let reasons = json(response).await["data"]["reasons"].take();
    assert_eq!(
        reasons[0]["message"],
        "Видео больше 64\u{a0}МБ. Снимите короче или снизьте качество в настройках камеры."
    );
}

#[tokio::test]
async fn messages_of_the_owners_document_are_never_translated() {
    let service = Service::embedded().await;
    let form = Form::of(service.report().await).file(GOOD).done();
    let request = form::request(&service, "/reports/upload").header("Accept-Language", "kk");
    let response = send(&service, request.body(form.into()).unwrap()).await;
    assert_eq!(header(&response, "content-language"), "");
    assert_eq!(message(response).await, "Report has been successfully saved.");
    let qr = Request::get(format!("/vehicle/qr/{}", unknown_report(&service)));
    let response = send(&service, qr.body(Body::empty()).unwrap()).await;
    assert_eq!(message(response).await, "Vehicle not found.");
}

#[tokio::test]
async fn messages_for_developers_are_in_english() {
    let service = Service::embedded().await;
    let request = Request::post("/uploads").header("Accept-Language", "ru");
    let response = send(&service, request.body(Body::empty()).unwrap()).await;
    assert_eq!(header(&response, "content-language"), "");
    assert!(message(response).await.contains("Tus-Resumable: 1.0.0"));
}

#[tokio::test]
async fn messages_for_1c_are_in_english() {
    let service = Service::embedded().await;
    let request = Request::get("/1c/v1/submissions")
        .header("Authorization", account::basic("nobody", "wrong"))
        .header("Accept-Language", "ru");
    let response = send(&service, request.body(Body::empty()).unwrap()).await;
    assert_eq!(message(response).await, "The login or the password is wrong.");
}
