//! The limit of wrong guesses a day, and how a device gets through beyond it.

use axum::body::Body;
use axum::http::{Request, Response};
use futures_util::future::join_all;
use http_body_util::BodyExt as _;
use jiff::SignedDuration;
use serde_json::json;

use crate::harness::answers::problem;
use crate::harness::phone::{Phone, UNKNOWN_BIIN, other_code, with_token};
use crate::harness::service::{Backend, Options, Service, json};

use super::mails::mail_text;

const URL: &str = "https://media.example.kz";

async fn start(backend: Backend, public_url: &str) -> Option<Service> {
    let settings = vec![("HTTP__PUBLIC_URL", public_url.to_owned())];
    Box::pin(Service::start_with(backend, Options { settings, ..Options::default() })).await
}

/// Spends the wrong guesses of a day, by invented devices.
async fn spend_guesses(service: &Service, phone: &Phone) {
    for number in 0..5 {
        let phone = phone.with_uuid(&format!("invented-{number}"));
        let code = phone.code(service).await;
        for _ in 0..5 {
            problem(phone.redeem_code(service, &other_code(&code)).await, 401, "otp_invalid").await;
        }
    }
}

/// The link in the only mail that has one.
async fn link_in_mail(service: &Service) -> String {
    service.deliver().await;
    let texts: Vec<_> = service.mails().iter().map(|mail| mail_text(mail)).collect();
    let mut links = texts.iter().filter_map(|text| text.split_once(URL));
    let (_, link) = links.next().expect("a mail has a link");
    assert!(links.next().is_none(), "{texts:?}");
    link.split_whitespace().next().unwrap().to_owned()
}

async fn page(service: &Service, method: &str, path: &str) -> (u16, String) {
    let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
    let response = service.send(request).await;
    let status = response.status().as_u16();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(bytes.to_vec()).unwrap())
}

async fn signs_in(response: Response<Body>) {
    assert_eq!(response.status(), 200, "{}", json(response).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_25_wrong_guesses_a_new_device_must_be_confirmed_by_the_link_in_the_mail() {
    for backend in [Backend::Embedded, Backend::Shared] {
        let Some(service) = start(backend, URL).await else { continue };
        let early = Phone::driver().with_uuid("early");
        let early_code = early.code(&service).await;
        spend_guesses(&service, &Phone::driver()).await;
        // Also with the right code, and with one from before.
        problem(early.redeem_code(&service, &early_code).await, 401, "device_unconfirmed").await;
        let phone = Phone::driver();
        let code = phone.code(&service).await;
        for code in [&code, &other_code(&code)] {
            problem(phone.redeem_code(&service, code).await, 401, "device_unconfirmed").await;
        }
        let wrong =
            service.env.db.number("SELECT CAST(SUM(wrong_codes) AS BIGINT) FROM challenges").await;
        assert_eq!(wrong, 25);

        let link = link_in_mail(&service).await;
        let (status, html) = page(&service, "GET", &link).await;
        assert_eq!(status, 200);
        assert!(html.contains("<button>") && html.contains("Иван"), "{html}");
        problem(phone.redeem_code(&service, &code).await, 401, "device_unconfirmed").await;
        let (_, html) = page(&service, "POST", &link).await;
        assert!(html.contains("15 minutes"), "{html}");
        signs_in(phone.redeem_code(&service, &code).await).await;
        // Only that device was confirmed.
        problem(early.redeem_code(&service, &early_code).await, 401, "device_unconfirmed").await;
        // A device with an earlier session is not affected.
        service.manual_clock().advance(SignedDuration::from_mins(16));
        phone.sign_in(&service).await;
    }
}

#[tokio::test]
async fn a_confirmation_lasts_fifteen_minutes() {
    let service = start(Backend::Embedded, URL).await.unwrap();
    spend_guesses(&service, &Phone::driver()).await;
    let phone = Phone::driver();
    phone.code(&service).await;
    let link = link_in_mail(&service).await;
    page(&service, "POST", &link).await;
    service.manual_clock().advance(SignedDuration::from_mins(14));
    let code = phone.code(&service).await;
    service.manual_clock().advance(SignedDuration::from_mins(1));
    problem(phone.redeem_code(&service, &code).await, 401, "device_unconfirmed").await;
    let (_, html) = page(&service, "POST", &link).await;
    assert!(html.contains("no longer valid"), "its code has expired: {html}");
}

#[tokio::test]
async fn a_link_that_is_not_ours_confirms_nothing() {
    let service = start(Backend::Embedded, URL).await.unwrap();
    let phone = Phone::driver();
    phone.code(&service).await;
    let id = phone.challenge(&service).await;
    for token in ["x", "a.b", &format!("{id}.AAAAAAAAAAAAAAAAAAAAAA"), &id.to_string()] {
        for method in ["GET", "POST"] {
            let (status, html) = page(&service, method, &format!("/confirm/{token}")).await;
            assert_eq!(status, 200, "{token}");
            assert!(html.contains("no longer valid"), "{html}");
        }
    }
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM confirmed_devices").await, 0);
}

#[tokio::test]
async fn mails_have_no_link_while_wrong_guesses_are_left() {
    let service = start(Backend::Embedded, URL).await.unwrap();
    Phone::driver().code(&service).await;
    service.deliver().await;
    assert!(!mail_text(&service.mails()[0]).contains("/confirm/"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_wrong_guesses_on_many_devices_do_not_exceed_the_limit() {
    for backend in [Backend::Embedded, Backend::Shared] {
        let Some(service) = start(backend, URL).await else { continue };
        let mut phones = Vec::new();
        for number in 0..12 {
            let phone = Phone::driver().with_uuid(&format!("invented-{number}"));
            let code = other_code(&phone.code(&service).await);
            phones.push((phone, code));
        }
        let guesses = phones.iter().flat_map(|(phone, code)| (0..4).map(move |_| (phone, code)));
        join_all(guesses.map(|(phone, code)| phone.redeem_code(&service, code))).await;
        let wrong =
            service.env.db.number("SELECT CAST(SUM(wrong_codes) AS BIGINT) FROM challenges").await;
        assert_eq!(wrong, 25);
    }
}

/// The app of an office that cannot open links.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_public_url_a_new_device_gets_one_code_an_hour_for_a_single_guess() {
    for backend in [Backend::Embedded, Backend::Shared] {
        let Some(service) = start(backend, "").await else { continue };
        let early = Phone::driver().with_uuid("early");
        let early_code = early.code(&service).await;
        spend_guesses(&service, &Phone::driver()).await;
        problem(early.redeem_code(&service, &early_code).await, 401, "otp_invalid").await;
        let phone = Phone::driver();
        let code = phone.code(&service).await;
        problem(phone.redeem_code(&service, &other_code(&code)).await, 401, "otp_invalid").await;
        problem(phone.redeem_code(&service, &code).await, 401, "otp_invalid").await;
        let other = Phone::driver().with_uuid("other");
        problem(other.request_code(&service).await, 429, "otp_rate_limited").await;
        service.manual_clock().advance(SignedDuration::from_hours(1));
        let code = other.code(&service).await;
        signs_in(other.redeem_code(&service, &code).await).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_director_confirms_a_device_from_the_list_of_those_that_wait() {
    for backend in [Backend::Embedded, Backend::Shared] {
        let Some(service) = start(backend, "").await else { continue };
        let director = Phone::director().sign_in(&service).await;
        spend_guesses(&service, &Phone::driver()).await;
        let phone = Phone::driver();
        let stranger = phone.with_uuid("stranger");
        service.manual_clock().advance(SignedDuration::from_mins(1));
        stranger.code(&service).await;
        // The only code of this hour went to the stranger.
        problem(phone.request_code(&service).await, 429, "otp_rate_limited").await;
        let list = service.send(with_token("GET", "/devices/waiting", &director.access)).await;
        let list = json(list).await;
        assert_eq!(list["data"]["devices"][0]["uuid"], "stranger");
        assert_eq!(list["data"]["devices"][0]["first_name"], "Иван");
        let confirm = async |token: &str, uuid: &str| {
            let request = Request::post("/devices/confirm")
                .header("Authorization", format!("Bearer {token}"))
                .header("Content-Type", "application/json")
                .body(json!({ "uuid": uuid }).to_string().into());
            service.send(request.unwrap()).await
        };
        problem(confirm(&service.driver(), &phone.uuid).await, 403, "forbidden").await;
        problem(confirm(&director.access, "a b").await, 422, "validation_failed").await;
        assert_eq!(confirm(&director.access, &phone.uuid).await.status(), 200);
        let code = phone.code(&service).await;
        problem(phone.redeem_code(&service, &other_code(&code)).await, 401, "otp_invalid").await;
        signs_in(phone.redeem_code(&service, &code).await).await;
        problem(stranger.request_code(&service).await, 429, "otp_rate_limited").await;
    }
}

/// S1
#[tokio::test]
async fn an_unknown_bin_answers_like_a_known_one_beyond_the_limit() {
    let service = start(Backend::Embedded, URL).await.unwrap();
    let phone = Phone::driver().at(UNKNOWN_BIIN);
    spend_guesses(&service, &phone).await;
    let code = phone.code(&service).await;
    problem(phone.redeem_code(&service, &code).await, 401, "device_unconfirmed").await;
}

/// The id of a known device gives no additional guesses.
#[tokio::test]
async fn wrong_guesses_on_a_known_device_slow_down_its_own_codes() {
    let service = start(Backend::Embedded, URL).await.unwrap();
    let director = Phone::director();
    director.sign_in(&service).await;
    service.env.db.execute("UPDATE challenges SET wrong_codes = 25").await;
    let code = director.code(&service).await;
    problem(director.redeem_code(&service, &other_code(&code)).await, 401, "otp_invalid").await;
    problem(director.redeem_code(&service, &code).await, 401, "otp_invalid").await;
    problem(director.request_code(&service).await, 429, "otp_rate_limited").await;
    service.manual_clock().advance(SignedDuration::from_hours(1));
    director.sign_in(&service).await;
}
