//! The main job end to end: from the first byte of an upload to the playback link.

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;
use sha2::{Digest as _, Sha256};

use crate::harness::clips::GOOD;
use crate::harness::service::{Service, header, json, on_both_backends};
use crate::harness::tus;

on_both_backends! {
    a_video_uploaded_in_two_parts_is_stored_submitted_announced_and_viewable,
}

async fn a_video_uploaded_in_two_parts_is_stored_submitted_announced_and_viewable(
    service: Service,
) {
    let report = service.report().await;
    let path = tus::create(&service, report, GOOD.len()).await;
    let half = GOOD.len() / 2;

    let response = tus::patch(&service, &path, 0, &GOOD[..half]).await;
    assert_eq!(response.status(), 204);
    assert_eq!(header(&response, "upload-offset"), half.to_string());
    let response = tus::head(&service, &path).await;
    assert_eq!(header(&response, "upload-offset"), half.to_string());
    let response = tus::patch(&service, &path, half, &GOOD[half..]).await;
    assert_eq!(response.status(), 204);
    assert_eq!(header(&response, "upload-offset"), GOOD.len().to_string());

    assert_eq!(service.deliver().await, 1);
    let received = service.env.receiver.received();
    assert!(received[0].signed);
    let event: serde_json::Value = serde_json::from_str(&received[0].body).unwrap();
    let sha256 = hex::encode(Sha256::digest(GOOD));
    assert_eq!(event["data"]["report_ref_key"], report.to_string());
    assert_eq!(event["data"]["sha256"], sha256);

    let request = Request::get(format!("/reports/{report}/video"))
        .header("Authorization", format!("Bearer {}", service.driver()))
        .body(Body::empty())
        .unwrap();
    let viewing = json(service.send(request).await).await;
    assert_eq!(viewing["data"]["sha256"], sha256);
    let link = viewing["data"]["link"].as_str().unwrap();
    assert_eq!(download(&service, link).await, GOOD);
}

/// Downloads a playback link: a route of the service, or a presigned URL of the object store.
async fn download(service: &Service, link: &str) -> Vec<u8> {
    if service.env.bucket.is_some() {
        return reqwest::get(link).await.unwrap().bytes().await.unwrap().to_vec();
    }
    let request = Request::get(tus::path_of(link)).body(Body::empty()).unwrap();
    let response = service.send(request).await;
    assert_eq!(response.status(), 200);
    response.into_body().collect().await.unwrap().to_bytes().to_vec()
}
