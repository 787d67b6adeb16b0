//! The fields of the form, and where they may be (Q14, Q15, Q34).

use axum::body::{Body, Bytes};
use futures_util::{StreamExt as _, stream};
use tokio::task::yield_now;

use crate::harness::answers::problem;
use crate::harness::clips::GOOD;
use crate::harness::form::{self, Form, send};
use crate::harness::service::{Service, on_both_backends};

on_both_backends! {
    the_fields_can_follow_the_file,
}

/// Q34
async fn the_fields_can_follow_the_file(service: Service) {
    let report = service.report().await;
    let form = Form::new()
        .text("time_sent", "2026-05-13 10:00:00")
        .text("unknown", "whatever")
        .file(GOOD)
        .text("long", "76.889709")
        .text("unknown", "whatever else")
        .text("ref_key", &report.to_string())
        .text("lat", "43.238949");
    assert_eq!(send(&service, form.done()).await.status(), 201);
}

/// Over a slow network, chunks end anywhere, and the next one is late.
#[tokio::test]
async fn a_form_can_arrive_in_late_chunks_of_any_size() {
    let service = Service::embedded().await;
    for size in (1..300).step_by(13) {
        let form = Form::of(service.report().await).file(GOOD).done();
        let (fields, file) = form.split_at(form.len() - GOOD.len() - 40);
        let chunks = fields.chunks(size).chain(file.chunks(9_000)).map(Bytes::copy_from_slice);
        let late = stream::iter(chunks.collect::<Vec<_>>()).then(async |chunk| {
            yield_now().await;
            std::io::Result::Ok(chunk)
        });
        assert_eq!(send(&service, Body::from_stream(late)).await.status(), 201, "{size}");
    }
}

/// Q34: in the query, in headers, and repeatedly with the same value.
#[tokio::test]
async fn the_fields_can_precede_the_form() {
    let service = Service::embedded().await;
    for repeated in [false, true] {
        let report = service.report().await;
        let uri = format!("/reports/upload?ref_key={report}&time_sent=2026-05-13%2010:00:00");
        let request =
            form::request(&service, &uri).header("X-Lat", "43.2").header("X-Long", "76.9");
        let mut form = Form::new();
        if repeated {
            form = form.text("ref_key", &report.to_string()).text("lat", "43.2");
        }
        let request = request.body(form.file(GOOD).done().into()).unwrap();
        assert_eq!(service.send(request).await.status(), 201, "{repeated}");
    }
}

/// Q34: a field with two values.
#[tokio::test]
async fn contradictory_fields_are_rejected() {
    let service = Service::embedded().await;
    let report = service.report().await;
    let other = service.report().await;
    let twice = Form::of(report).text("lat", "1").file(GOOD).done();
    problem(send(&service, twice).await, 400, "validation_failed").await;
    let uri = format!("/reports/upload?ref_key={other}");
    let request = form::request(&service, &uri).body(Form::of(report).file(GOOD).done().into());
    problem(service.send(request.unwrap()).await, 400, "validation_failed").await;
    let uri = format!("/reports/upload?ref_key={other}&ref_key={report}");
    let request = form::request(&service, &uri).body(Form::of(report).file(GOOD).done().into());
    problem(service.send(request.unwrap()).await, 400, "validation_failed").await;
}

/// Q14, Q15
#[tokio::test]
async fn times_and_places_are_parsed_as_phones_write_them() {
    let service = Service::embedded().await;
    let times = [
        ("2026-05-13 10:00:00", "2026-05-13T05:00:00Z"),
        ("2026-05-13T10:00:00", "2026-05-13T05:00:00Z"),
        ("2026-05-13T10:00:00Z", "2026-05-13T10:00:00Z"),
        ("2026-05-13T10:00:00.125+05:00", "2026-05-13T05:00:00.125Z"),
        ("2026-05-13T10:00:00 05:00", "2026-05-13T05:00:00Z"),
        ("2026-05-13+10:00:00", "2026-05-13T05:00:00Z"),
    ];
    for (written, meant) in times {
        let report = service.report().await;
        let form = Form::new()
            .text("ref_key", &report.to_string().to_uppercase())
            .text("time_sent", written)
            .text("lat", " 43,238949001 ")
            .text("lng", "-76.889709005");
        assert_eq!(send(&service, form.file(GOOD).done()).await.status(), 201, "{written}");
        assert_eq!(service.deliver().await, 1);
        let received = service.env.receiver.received();
        let event: serde_json::Value =
            serde_json::from_str(&received.last().unwrap().body).unwrap();
        assert_eq!(event["data"]["time_sent"], meant, "{written}");
        assert_eq!(event["data"]["lat"], 43.238_949);
        assert_eq!(event["data"]["long"], -76.889_709_01);
    }
}

#[tokio::test]
async fn missing_and_invalid_fields_are_named() {
    let service = Service::embedded().await;
    let report = service.report().await;
    let data =
        problem(send(&service, Form::new().file(GOOD).done()).await, 422, "validation_failed");
    let named = data.await["details"].as_object().unwrap().clone();
    assert_eq!(named.keys().collect::<Vec<_>>(), ["lat", "long", "ref_key", "time_sent"]);

    let data = problem(send(&service, Form::of(report).done()).await, 422, "validation_failed");
    assert_eq!(data.await["details"]["file"], "is required");

    let wrong = Form::new().text("ref_key", "x").text("time_sent", "\0").text("lat", "91");
    let wrong = wrong.text("long", "east").text("sha256", "abc").file(GOOD).done();
    let data = problem(send(&service, wrong).await, 422, "validation_failed").await;
    insta::assert_json_snapshot!(data, { ".request_id" => "[id]" });
    service.assert_nothing_left().await;
}
