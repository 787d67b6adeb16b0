//! Redeeming a code (E2).

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use forte_media::model::Role;
use futures_util::future::join_all;
use jiff::SignedDuration;
use serde_json::Value;

use crate::harness::answers::problem;
use crate::harness::phone::{
    BIIN, Phone, UNKNOWN_BIIN, other_code, refresh, token_pair, with_token,
};
use crate::harness::service::{Backend, Options, Service, header, on_both_backends};

on_both_backends! {
    a_code_signs_in_once,
    a_code_is_valid_for_ten_minutes,
    a_new_request_replaces_the_older_one,
    the_newer_code_is_valid_even_if_the_clock_was_set_back,
    a_code_is_valid_only_on_the_device_that_requested_it,
    one_of_several_concurrent_uses_of_a_code_signs_in,
    a_code_of_a_blocked_company_does_not_sign_in,
}

/// The claims of a token.
fn claims(token: &str) -> Value {
    let part = token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// E2, R2, Q18, Q19, S5
async fn a_code_signs_in_once(service: Service) {
    let phone = Phone::director();
    let code = phone.code(&service).await;
    let response = phone.redeem_code(&service, &code).await;
    assert_eq!(header(&response, "cache-control"), "no-store");
    let tokens = token_pair(response).await;
    let [access, refresh] = [claims(&tokens.access), claims(&tokens.refresh)];
    for claims in [&access, &refresh] {
        assert_eq!((&claims["biin"], &claims["company_id"]), (&BIIN.into(), &20.into()));
        assert_eq!(
            (&claims["uuid"], &claims["role"]),
            (&phone.uuid.clone().into(), &"admin".into())
        );
        assert_eq!((&claims["user_id"], &claims["sid"]), (&access["user_id"], &access["sid"]));
    }
    let lifetime =
        |claims: &Value| claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap();
    assert_eq!((lifetime(&access), lifetime(&refresh)), (300, 30 * 24 * 3600));
    let caller = service.app.state.auth.authenticate(&tokens.access).await.unwrap().person;
    assert_eq!(caller.role, Role::Admin);
    problem(phone.redeem_code(&service, &code).await, 401, "otp_invalid").await;
}

/// R1, S5
async fn a_code_is_valid_for_ten_minutes(service: Service) {
    let phone = Phone::director();
    let code = phone.code(&service).await;
    service.manual_clock().advance(SignedDuration::from_mins(10));
    assert_eq!(phone.redeem_code(&service, &code).await.status(), 200);
    let code = phone.code(&service).await;
    service.manual_clock().advance(SignedDuration::new(600, 1_000));
    problem(phone.redeem_code(&service, &code).await, 401, "otp_expired").await;
}

/// S5
async fn a_new_request_replaces_the_older_one(service: Service) {
    let phone = Phone::director();
    let (old, first) = (phone.code(&service).await, phone.challenge(&service).await);
    service.manual_clock().advance(SignedDuration::from_secs(1));
    let mut new = phone.code(&service).await;
    if old == new {
        // One chance in ten thousand.
        new = phone.code(&service).await;
    }
    assert!(!service.database().challenge(first).await.unwrap().unwrap().open);
    problem(phone.redeem_code(&service, &old).await, 401, "otp_invalid").await;
    assert_eq!(phone.redeem_code(&service, &new).await.status(), 200);
}

/// The clock of another node may be behind, and clocks may be set back.
async fn the_newer_code_is_valid_even_if_the_clock_was_set_back(service: Service) {
    let phone = Phone::director();
    for step in [0, -30] {
        phone.code(&service).await;
        service.manual_clock().advance(SignedDuration::from_secs(step));
        phone.sign_in(&service).await;
        service.manual_clock().advance(SignedDuration::from_mins(11));
    }
}

/// S6
async fn a_code_is_valid_only_on_the_device_that_requested_it(service: Service) {
    let phone = Phone::director();
    let other = phone.with_uuid("another-device");
    let code = phone.code(&service).await;
    problem(other.redeem_code(&service, &code).await, 401, "otp_invalid").await;
    assert_eq!(other.request_code(&service).await.status(), 200);
    let others = service.app.state.auth.code_of(other.challenge(&service).await);
    if others != code {
        problem(other.redeem_code(&service, &code).await, 401, "otp_invalid").await;
    }
    problem(phone.at(UNKNOWN_BIIN).redeem_code(&service, &code).await, 401, "otp_invalid").await;
    assert_eq!(phone.redeem_code(&service, &code).await.status(), 200);
}

async fn one_of_several_concurrent_uses_of_a_code_signs_in(service: Service) {
    let phone = Phone::driver();
    let code = phone.code(&service).await;
    let responses = join_all((0..8).map(|_| phone.redeem_code(&service, &code))).await;
    assert_eq!(responses.iter().filter(|response| response.status() == 200).count(), 1);
    assert_eq!(responses.iter().filter(|response| response.status() == 401).count(), 7);
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM people").await, 2);
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM sessions").await, 1);
}

/// S17
async fn a_code_of_a_blocked_company_does_not_sign_in(service: Service) {
    let phone = Phone::driver();
    let code = phone.code(&service).await;
    service.env.db.execute("UPDATE companies SET active = 0 WHERE id = 20").await;
    problem(phone.redeem_code(&service, &code).await, 401, "otp_invalid").await;
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM sessions").await, 0);
    assert_eq!(service.env.db.number("SELECT COUNT(*) FROM people").await, 1);
}

/// S8
#[tokio::test]
async fn leading_zeros_are_part_of_the_code() {
    let settings = vec![
        ("AUTH__LIMITS__PER_ADDRESS", "1000".to_owned()),
        ("AUTH__LIMITS__PER_COMPANY", "1000".to_owned()),
    ];
    let options = Options { settings, ..Options::default() };
    let service = Service::start_with(Backend::Embedded, options).await.unwrap();
    for number in 0..500 {
        let phone = Phone::director().with_uuid(&format!("device-{number}"));
        let code = phone.code(&service).await;
        assert_eq!(code.len(), 4);
        if let Some(rest) = code.strip_prefix('0') {
            problem(phone.redeem_code(&service, rest).await, 401, "otp_invalid").await;
            assert_eq!(phone.redeem_code(&service, &code).await.status(), 200);
            return;
        }
    }
    panic!("no code of 500 began with a zero");
}

#[tokio::test]
async fn the_length_of_codes_is_configurable() {
    let service = Service::embedded_with(&[("AUTH__OTP_DIGITS", "8")]).await;
    let code = Phone::director().code(&service).await;
    assert_eq!(code.len(), 8);
    assert_eq!(Phone::director().redeem_code(&service, &code).await.status(), 200);
}

/// Builds the headers that carry a login and a code.
type Encoding = fn(&str, &str) -> Vec<(&'static str, String)>;

/// Q1, Q2
#[tokio::test]
async fn every_reading_of_the_document_signs_in() {
    let service = Service::embedded_with(&[
        ("AUTH__LIMITS__PER_DEVICE", "100"),
        ("AUTH__LIMITS__PER_ADDRESS", "100"),
    ])
    .await;
    let phone = Phone::director();
    let b64 = |text: &str| STANDARD.encode(text);
    let encodings: [Encoding; 6] = [
        |login, code| {
            vec![("authorization", format!("Basic {}", STANDARD.encode(format!("{login}:{code}"))))]
        },
        |login, code| {
            let inner = format!("{}:{}", STANDARD.encode(login), STANDARD.encode(code));
            vec![("authorization", format!("Basic {}", STANDARD.encode(inner)))]
        },
        |login, code| {
            let inner = format!("{}:{}", STANDARD.encode(login), STANDARD.encode(code));
            vec![("authorization", format!("Basic {inner}"))]
        },
        |login, code| vec![("login", login.to_owned()), ("password", code.to_owned())],
        |login, code| vec![("login", STANDARD.encode(login)), ("password", STANDARD.encode(code))],
        |login, code| {
            let old = "Bearer of-yesterday".to_owned();
            vec![("authorization", old), ("login", login.to_owned()), ("password", code.to_owned())]
        },
    ];
    assert_eq!(b64("0588"), "MDU4OA==");
    for encode in encodings {
        for separator in ["||", "-"] {
            let code = phone.code(&service).await;
            let mut request = Request::post("/auth");
            for (name, value) in encode(&format!("{BIIN}{separator}{}", phone.uuid), &code) {
                request = request.header(name, value);
            }
            let response = service.send(request.body(Body::empty()).unwrap()).await;
            assert_eq!(response.status(), 200, "{:?}", encode("login", "code"));
        }
    }
}

/// S9
#[tokio::test]
async fn malformed_credentials_are_refused() {
    let service = Service::embedded().await;
    let send = async |name: &str, value: &[u8]| {
        let request = Request::post("/auth").header(name, value).body(Body::empty()).unwrap();
        service.send(request).await
    };
    let long = format!("Basic {}", "A".repeat(9000));
    let double = format!("Basic {}", STANDARD.encode(STANDARD.encode("no colon")));
    for value in [
        b"Basic".as_slice(),
        b"Basic bm8gY29sb24=",
        b"Basic \xff\xfe",
        long.as_bytes(),
        double.as_bytes(),
        b"Basic MjAwOTQwMDI2MTQ2OjA1ODg=",
    ] {
        problem(send("authorization", value).await, 400, "validation_failed").await;
    }
    for (name, value) in
        [("authorization", "Bearer x"), ("login", "200940026146||1"), ("x-none", "")]
    {
        let response = send(name, value.as_bytes()).await;
        assert!(header(&response, "www-authenticate").starts_with("Basic "));
        problem(response, 401, "otp_invalid").await;
    }
    problem(service.send(with_token("GET", "/auth", "x")).await, 405, "method_not_allowed").await;
}

/// S1
#[tokio::test]
async fn wrong_codes_do_not_reveal_whether_a_bin_exists() {
    let service = Service::embedded().await;
    for has_code in [false, true] {
        let mut observed = Vec::new();
        for phone in [Phone::driver(), Phone::driver().at(UNKNOWN_BIIN)] {
            let code = if has_code { phone.code(&service).await } else { "0000".to_owned() };
            let response = phone.redeem_code(&service, &other_code(&code)).await;
            let names: Vec<_> = response.headers().keys().cloned().collect();
            let data = problem(response, 401, "otp_invalid").await;
            observed.push((names, data["message"].clone()));
        }
        assert_eq!(observed[0], observed[1]);
    }
    let wrong = "SELECT COUNT(*) FROM challenges WHERE wrong_codes = 1";
    assert_eq!(service.env.db.number(wrong).await, 2);
}

/// S13, S19
#[tokio::test]
async fn a_token_is_accepted_only_for_its_purpose() {
    let service = Service::embedded().await;
    let tokens = Phone::director().sign_in(&service).await;
    let devices = |token: &str| with_token("GET", "/devices", token);
    assert_eq!(service.send(devices(&tokens.access)).await.status(), 200);
    problem(service.send(devices(&tokens.refresh)).await, 401, "token_invalid").await;
    problem(refresh(&service, &tokens.access).await, 401, "token_invalid").await;
    for uri in [
        format!("/devices?access_token={}", tokens.access),
        format!("/refresh_token?refresh_token={}", tokens.refresh),
    ] {
        let method = if uri.starts_with("/devices") { "GET" } else { "POST" };
        let request = Request::builder().method(method).uri(uri).body(Body::empty()).unwrap();
        problem(service.send(request).await, 401, "token_invalid").await;
    }
}
