//! The facts of a video are the same with every protocol.

use axum::body::Body;
use axum::http::Request;
use forte_media::inspect::{Config, Digests};
use forte_media::model::RefKey;
use serde_json::Value;

use crate::harness::answers::problem;
use crate::harness::boxes::Node;
use crate::harness::clips::{GOOD, MOOV_FIRST};
use crate::harness::form::{Form, send};
use crate::harness::mp4::scanner;
use crate::harness::service::{Service, json, on_both_backends};
use crate::harness::tus;

on_both_backends! {
    every_protocol_yields_the_hashes_of_file_and_media,
    a_form_whose_moov_extends_to_the_end_is_read_whole,
    broken_pictures_are_refused_with_every_protocol,
}

/// The facts of a report's video.
async fn facts(service: &Service, report: RefKey) -> Value {
    let request = Request::get(format!("/reports/{report}/video"))
        .header("Authorization", format!("Bearer {}", service.driver()));
    let answer = service.send(request.body(Body::empty()).unwrap()).await;
    json(answer).await["data"]["facts"].clone()
}

fn hashes(file: &[u8]) -> [String; 2] {
    let mut scanner = scanner(file, Config::relaxed());
    let mut digests = Digests::default();
    for chunk in file.chunks(1000) {
        scanner.push(chunk);
        digests.update(&scanner, chunk);
    }
    [digests.sha256().to_string(), digests.media_sha256().unwrap().to_string()]
}

async fn send_form(service: &Service, file: &[u8]) -> RefKey {
    let report = service.report().await;
    let answer = send(service, Form::of(report).file(file).done()).await;
    assert_eq!(answer.status(), 201);
    report
}

async fn send_in_patches(service: &Service, file: &[u8], size: usize) -> RefKey {
    let report = service.report().await;
    let path = tus::create(service, report, file.len()).await;
    for (index, chunk) in file.chunks(size).enumerate() {
        let answer = tus::patch(service, &path, index * size, chunk.to_vec()).await;
        assert_eq!(answer.status(), 204);
    }
    report
}

async fn every_protocol_yields_the_hashes_of_file_and_media(service: Service) {
    for file in [GOOD, MOOV_FIRST] {
        let reports = [
            send_form(&service, file).await,
            send_in_patches(&service, file, file.len()).await,
            send_in_patches(&service, file, 5000).await,
        ];
        for report in reports {
            let facts = facts(&service, report).await;
            let found = ["sha256", "media_sha256"].map(|name| facts[name].as_str().unwrap());
            assert_eq!(found, hashes(file).each_ref().map(String::as_str));
            assert_eq!(facts["video_codec_string"], "avc1.640016");
        }
    }
}

/// The scan state is evicted after each request, because its tables are too large.
#[tokio::test]
async fn a_video_is_replayed_where_no_scan_state_may_be_cached() {
    let service = Service::embedded_with(&[("UPLOAD__SCAN_CACHE_BYTES", "0")]).await;
    let report = send_in_patches(&service, MOOV_FIRST, 5000).await;
    assert_eq!(facts(&service, report).await["media_sha256"], hashes(MOOV_FIRST)[1]);
}

/// The length of the file is known only at the end of the form.
async fn a_form_whose_moov_extends_to_the_end_is_read_whole(service: Service) {
    let mut file = GOOD.to_vec();
    let moov = file.windows(4).position(|kind| kind == b"moov").unwrap();
    file[moov - 4..moov].fill(0);
    let report = send_form(&service, &file).await;
    assert_eq!(facts(&service, report).await["duration_ms"], 2000);
}

async fn broken_pictures_are_refused_with_every_protocol(service: Service) {
    for good in [GOOD, MOOV_FIRST] {
        let mut file = Node::parse(good);
        file.at("mdat").fields[100..8000].fill(0);
        let file = file.bytes();
        let report = service.report().await;
        let answer = send(&service, Form::of(report).file(&file).done()).await;
        let data = problem(answer, 422, "video_refused").await;
        assert_eq!(data["details"]["code"], "NAL_CHAIN");
        let path = tus::create(&service, report, file.len()).await;
        let answer = tus::patch(&service, &path, 0, file).await;
        let data = problem(answer, 422, "video_refused").await;
        assert_eq!(data["details"]["code"], "NAL_CHAIN");
    }
}
