//! Requests that no correct client sends.

use axum::body::Body;
use axum::http::HeaderValue;

use crate::harness::answers::tus_problem;
use crate::harness::clips::GOOD;
use crate::harness::service::{Service, json, on_both_backends};
use crate::harness::tus::{self, create, encoded, offset, request};

on_both_backends! {
    control_characters_are_not_stored,
}

const NO_COUNTS: [&[u8]; 11] = [
    b"-1",
    b"1.5",
    b"abc",
    b"+1",
    b" ",
    b"",
    b"0x10",
    b"1 ",
    b"9223372036854775808",
    b"99999999999999999999999",
    b"\xd9\xa1",
];

#[tokio::test]
async fn malformed_numbers_are_rejected_and_change_nothing() {
    let service = Service::embedded().await;
    let report = service.report().await;
    let path = create(&service, report, GOOD.len()).await;
    let send = async |method: &str, to: &str, name: &str, values: &[HeaderValue]| {
        let mut request = request(method, to)
            .header("Authorization", format!("Bearer {}", service.driver()))
            .header("Content-Type", "application/offset+octet-stream")
            .header("Upload-Metadata", tus::metadata(report));
        for value in values {
            request = request.header(name, value);
        }
        let body = if method == "PATCH" { GOOD.into() } else { Body::empty() };
        let answer = service.send(request.body(body).unwrap()).await;
        tus_problem(answer, 400, "validation_failed").await;
    };
    for value in NO_COUNTS.map(|bytes| HeaderValue::from_bytes(bytes).unwrap()) {
        send("POST", "/uploads", "Upload-Length", std::slice::from_ref(&value)).await;
        send("PATCH", &path, "Upload-Offset", &[value]).await;
    }
    let twice = [HeaderValue::from_static("0"), HeaderValue::from_static("0")];
    send("POST", "/uploads", "Upload-Length", &twice).await;
    send("PATCH", &path, "Upload-Offset", &twice).await;
    send("PATCH", &path, "Upload-Offset", &[]).await;
    assert_eq!(offset(&service, &path).await, 0);
}

#[tokio::test]
async fn a_patch_with_a_wrong_content_type_is_rejected_and_changes_nothing() {
    let service = Service::embedded().await;
    let path = create(&service, service.report().await, GOOD.len()).await;
    for kind in ["", "application/octet-stream", "video/mp4", "application/offset+octet-stream2"] {
        let builder =
            request("PATCH", &path).header("Content-Type", kind).header("Upload-Offset", 0);
        let answer = service.send(builder.body(GOOD.into()).unwrap()).await;
        tus_problem(answer, 415, "unsupported_media_type").await;
    }
    assert_eq!(offset(&service, &path).await, 0);
    let builder = request("PATCH", &path)
        .header("Content-Type", "Application/Offset+Octet-Stream; charset=utf-8")
        .header("Upload-Offset", 0);
    assert_eq!(service.send(builder.body(GOOD.into()).unwrap()).await.status(), 204);
}

/// Q14, Q15: each invalid value is named but not echoed.
#[tokio::test]
async fn invalid_values_are_named() {
    let service = Service::embedded().await;
    let report = service.report().await.to_string();
    let long = "9".repeat(5_000);
    let wrong = [
        ("ref_key", "not a key"),
        ("ref_key", &long),
        ("ref_key", "\0"),
        ("lat", "90.00000001"),
        ("lat", "NaN"),
        ("lat", "inf"),
        ("lat", "1e1"),
        ("lat", "43,2,3"),
        ("lat", "4\u{0}3"),
        ("lat", "43°14′"),
        ("lat", &long),
        ("long", "-180.1"),
        ("long", "--1"),
        ("long", "٤٣"),
        ("time_sent", "yesterday"),
        ("time_sent", "2026-02-30 10:00:00"),
        ("time_sent", "2026-05-13"),
        ("time_sent", "2026-05-13 25:00:00"),
        ("time_sent", "2026-05-13 10:00:00\0"),
        ("time_sent", "999999-05-13 10:00:00"),
        ("time_sent", &long),
        ("sha256", "abc"),
        ("sha256", "\0"),
    ];
    for (name, value) in wrong {
        let mut all = vec![
            ("ref_key", report.as_str()),
            ("time_sent", "2026-05-13 10:00:00"),
            ("lat", "43.2"),
            ("long", "76.9"),
        ];
        all.retain(|(other, _)| *other != name);
        all.push((name, value));
        let creation = request("POST", "/uploads")
            .header("Authorization", format!("Bearer {}", service.driver()))
            .header("Upload-Length", 9)
            .header("Upload-Metadata", encoded(&all));
        let answer = service.send(creation.body(Body::empty()).unwrap()).await;
        let data = tus_problem(answer, 422, "validation_failed").await;
        let named = data["details"].as_object().unwrap();
        assert_eq!(named.len(), 1, "{name} {value:?}: {named:?}");
        assert!(named.contains_key(name));
        assert!(data.to_string().len() < 1_000, "{name} is sent back");
    }
}

/// PostgreSQL stores no NUL in a `TEXT`, and a header cannot contain a line break.
async fn control_characters_are_not_stored(service: Service) {
    let report = service.report().await;
    let names = [
        "a\0b\r\nSet-Cookie: x=1\u{7f}\u{1b}[2J.mp4",
        "../../etc/passwd\0",
        "C:\\видео\\\u{202e}4pm.exe",
        &"ё".repeat(2_000),
    ];
    for filename in names {
        let metadata = format!(
            "{},{}",
            tus::metadata(report).replace("filename", "name"),
            encoded(&[("filename", filename), ("note", "\0\r\n")]),
        );
        let creation = request("POST", "/uploads")
            .header("Authorization", format!("Bearer {}", service.driver()))
            .header("Upload-Length", GOOD.len())
            .header("Upload-Metadata", metadata);
        let answer = service.send(creation.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status(), 201, "{filename:?}");
    }
    let path = format!("/uploads?ref_key={report}&time_sent=2026-05-13T10:00:00Z&lat=1&long=2");
    let creation = request("POST", &format!("{path}&filename=a%00%0d%0ab.mp4&%00=%00&x=%ff"))
        .header("Authorization", format!("Bearer {}", service.driver()))
        .header("Content-Type", "application/offset+octet-stream")
        .header("Upload-Length", GOOD.len());
    let answer = service.send(creation.body(GOOD.into()).unwrap()).await;
    assert_eq!(answer.status(), 201);
    let video = tus::by_owner(&service, "GET", &format!("/reports/{report}/video")).await;
    assert_eq!(video.status(), 200);
    let video = json(video).await;
    assert!(!video.to_string().contains("\\u0000"), "{video}");
}
