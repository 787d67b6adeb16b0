//! Bodies of small requests: every encoding (Q4), and invalid bodies.

use axum::body::Body;
use axum::http::Response;
use serde_json::{Value, json};

use crate::harness::answers::problem;
use crate::harness::bodies::{chunked, cut};
use crate::harness::form::{BOUNDARY, Form};
use crate::harness::phone::{BIIN, Phone, code_request};
use crate::harness::service::Service;

async fn send(service: &Service, kind: &str, body: impl Into<Body>) -> Response<Body> {
    let mut request = code_request(BIIN);
    if !kind.is_empty() {
        request = request.header("Content-Type", kind);
    }
    service.send(request.body(body.into()).unwrap()).await
}

async fn service() -> Service {
    Service::embedded_with(&[
        ("AUTH__LIMITS__PER_DEVICE", "1000"),
        ("AUTH__LIMITS__PER_ADDRESS", "1000"),
        ("AUTH__LIMITS__PER_COMPANY", "1000"),
    ])
    .await
}

/// Q4
#[tokio::test]
async fn forms_of_both_kinds_and_json_are_equivalent() {
    let service = service().await;
    let form = Form::new()
        .text("role_id", "2")
        .text("uuid", "123456789012349")
        .text("FCM", "")
        .text("mobile", "+7 (778) 157-88-00")
        .text("first_name", "Иван")
        .done();
    let multipart = format!("Multipart/Form-Data; boundary={BOUNDARY}");
    let pairs = "ROLE_ID=2&uuid=123456789012349&fcm=&Mobile=%2B77781578800&first_name=%D0%98%D0%B2%D0%B0%D0%BD";
    let json = r#"{"role_id": 2, "UUID": "123456789012349", "Fcm": "", "mobile": 87781578800,
        "first_name": "Иван", "extra": true, "nothing": null}"#;
    for (kind, body) in [
        (multipart.as_str(), form),
        ("application/x-www-form-urlencoded", pairs.into()),
        ("application/x-www-form-urlencoded; charset=UTF-8", pairs.into()),
        ("", pairs.into()),
        ("application/json", json.into()),
        ("application/json; charset=utf-8", format!("\u{feff}{json}").into_bytes()),
        ("text/plain", json.into()),
        ("", json.into()),
        // Some clients send this type with a JSON body.
        ("application/x-www-form-urlencoded", json.into()),
    ] {
        let response = send(&service, kind, body).await;
        assert_eq!(response.status(), 200, "{kind}");
        let phone = Phone::driver().with_uuid("123456789012349");
        let row =
            service.database().challenge(phone.challenge(&service).await).await.unwrap().unwrap();
        assert_eq!(row.first_name, "Иван", "{kind}");
        assert!(row.mobile.starts_with(['+', '8']), "{kind}: {}", row.mobile);
    }
}

/// The `details` of the refusal: one text per field.
async fn details(service: &Service, fields: &Value) -> Value {
    let response = send(service, "application/json", fields.to_string()).await;
    problem(response, 422, "validation_failed").await["details"].clone()
}

#[tokio::test]
async fn every_missing_field_is_named() {
    let service = service().await;
    let required = "is required";
    assert_eq!(details(&service, &json!({})).await, json!({"role_id": required, "uuid": required}));
    assert_eq!(
        details(&service, &json!({"role_id": 2, "uuid": " ", "fcm": "", "mobile": ""})).await,
        json!({"uuid": required, "mobile": required, "first_name": required})
    );
    // No body at all.
    problem(send(&service, "", Body::empty()).await, 422, "validation_failed").await;
}

/// Q3
#[tokio::test]
async fn every_invalid_field_is_named() {
    let service = service().await;
    for (field, value) in [
        ("role_id", json!(0)),
        ("role_id", json!(3)),
        ("role_id", json!("admin")),
        ("role_id", json!(true)),
        ("role_id", json!(1.5)),
        ("uuid", json!("a b")),
        ("uuid", json!("телефон")),
        ("uuid", json!("a|b")),
        ("uuid", json!("x".repeat(129))),
        ("FCM", json!("x".repeat(4097))),
        ("FCM", json!("a b")),
        ("mobile", json!("нет")),
        ("mobile", json!("12345")),
        ("mobile", json!("1234567890123456")),
        ("mobile", json!(format!("+77781578800{}", " ".repeat(21) + "."))),
        ("first_name", json!("И".repeat(101))),
        ("first_name", json!("a\u{0}b")),
        ("first_name", json!("https://example.test/")),
        ("first_name", json!("a@example.test")),
        ("first_name", json!("<b>Иван</b>")),
        ("first_name", json!("Иван 2")),
        ("mobile", json!("звоните 8778 157 88 00")),
        ("mobile", json!("٨٧٧٨١٥٧٨٨٠٠")),
    ] {
        let mut fields = Phone::driver().fields();
        fields[field] = value.clone();
        let details = details(&service, &fields).await;
        assert_eq!(details.as_object().unwrap().keys().collect::<Vec<_>>(), [field], "{value}");
    }
}

#[tokio::test]
async fn names_in_any_script_are_accepted() {
    let service = service().await;
    let names = [
        "Әйгерім-Ұлжан",
        "Жан-Батист д’Эст",
        "O'Neil Jr.",
        "Zoe\u{308}",
        "李小龍",
        "प्रिया",
        "محمد",
    ];
    for (number, name) in names.iter().enumerate() {
        let phone = Phone {
            first_name: (*name).to_owned(),
            mobile: "+7 (778) 157-88-00".to_owned(),
            ..Phone::driver().with_uuid(&number.to_string())
        };
        let fields = phone.fields().to_string();
        assert_eq!(send(&service, "application/json", fields).await.status(), 200, "{name}");
    }
}

/// What apps send besides or in another spelling.
#[tokio::test]
async fn fields_are_read_as_phones_and_their_languages_write_them() {
    let service = service().await;
    let plain = Phone::driver().fields();
    for (field, value) in [
        ("role_id", json!(2.0)),
        ("FCM", Value::Null),
        ("mobile", json!("\u{202a}8\u{a0}778\u{2011}157 88 00\u{202c}")),
        ("mobile", json!(87_781_578_800.0)),
        ("first_name", json!("Иван\u{a0}Ив\u{200b}анов")),
        ("first_name", json!("Иван\u{202e}нави")),
        ("device", json!({ "os": ["android", 14] })),
    ] {
        let mut fields = plain.clone();
        fields[field] = value.clone();
        let answer = send(&service, "application/json", fields.to_string()).await;
        assert_eq!(answer.status(), 200, "{field}: {value}");
    }
    let mut without_push = plain;
    without_push.as_object_mut().unwrap().retain(|name, _| !name.eq_ignore_ascii_case("fcm"));
    let answer = send(&service, "application/json", without_push.to_string()).await;
    assert_eq!(answer.status(), 200);
    let stored =
        service.env.db.number("SELECT COUNT(*) FROM challenges WHERE first_name LIKE '%\u{202e}%'");
    assert_eq!(stored.await, 0, "marks of direction are not shown to anybody");
}

/// Values that no handler reads are not judged: apps send them for other services.
#[tokio::test]
async fn unknown_fields_are_ignored() {
    let service = service().await;
    let form = || {
        Form::new()
            .text("role_id", "1")
            .text("uuid", "1")
            .text("screen", &"x".repeat(9_000))
            .text("log", "one")
            .text("log", "another")
    };
    let multipart = format!("multipart/form-data; boundary={BOUNDARY}");
    let binary =
        form().part("Content-Disposition: form-data; name=\"thumbnail\"", b"\xff\xd8\xff\x00");
    for body in [form().done(), binary.done()] {
        assert_eq!(send(&service, &multipart, body).await.status(), 200);
    }
    let json = r#"{"role_id": 1, "uuid": "1", "log": "one", "LOG": "another"}"#;
    assert_eq!(send(&service, "application/json", json).await.status(), 200);
    let pairs = "role_id=1&uuid=1&log=one&log=another";
    assert_eq!(send(&service, "application/x-www-form-urlencoded", pairs).await.status(), 200);
}

/// S26: fields that the role does not need are ignored.
#[tokio::test]
async fn a_director_needs_no_phone_number() {
    let service = service().await;
    let fields = json!({"role_id": "1", "uuid": "1", "fcm": "", "mobile": "x", "company_id": 99});
    assert_eq!(send(&service, "application/json", fields.to_string()).await.status(), 200);
}

#[tokio::test]
async fn an_invalid_body_is_refused() {
    let service = service().await;
    let nested = format!("{}{}", "[".repeat(5000), "]".repeat(5000));
    let many = (0..65).map(|number| format!("f{number}=1")).collect::<Vec<_>>().join("&");
    let multipart = format!("multipart/form-data; boundary={BOUNDARY}");
    for (kind, body) in [
        ("application/json", b"{".to_vec()),
        ("application/json", b"[]".to_vec()),
        ("application/json", b"7".to_vec()),
        ("application/json", nested.into_bytes()),
        ("application/json", b"{\"uuid\": \"\xff\"}".to_vec()),
        ("application/x-www-form-urlencoded", b"uuid=\xff".to_vec()),
        ("application/x-www-form-urlencoded", b"uuid=1&UUID=2".to_vec()),
        ("application/x-www-form-urlencoded", many.into_bytes()),
        ("multipart/form-data", b"x".to_vec()),
        (&multipart, b"nothing of the kind".to_vec()),
    ] {
        let response = send(&service, kind, body).await;
        problem(response, 400, "validation_failed").await;
    }
    let response = send(&service, "application/json", cut(&b"{\"role_id\""[..])).await;
    problem(response, 400, "validation_failed").await;
}

#[tokio::test]
async fn a_long_body_is_refused_with_and_without_content_length() {
    let service = service().await;
    let long = format!("{{\"uuid\": \"{}\"}}", "x".repeat(16 * 1024));
    for body in [Body::from(long.clone()), chunked(long.as_bytes(), 1000)] {
        problem(send(&service, "application/json", body).await, 413, "body_too_large").await;
    }
}
