//! `Upload-Checksum`: a body is kept only if it matches.

use axum::body::Body;
use axum::http::Request;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha512};

use crate::harness::answers::{problem, tus_problem};
use crate::harness::bodies::{chunked, cut, held};
use crate::harness::clips::{GOOD, NOT_MP4};
use crate::harness::service::{Service, header, on_both_backends};
use crate::harness::tus::{self, create, offset};

on_both_backends! {
    every_algorithm_distinguishes_an_intact_body_from_a_damaged_one,
    a_damaged_body_with_a_checksum_never_causes_a_refusal,
    garbage_with_a_matching_checksum_is_refused,
    a_body_with_an_unknown_checksum_is_rejected,
    a_cut_body_with_a_checksum_is_discarded,
    an_interrupted_body_with_a_checksum_is_discarded,
    a_creation_can_have_a_checksum,
    a_creation_with_a_damaged_body_can_be_continued,
}

fn sums(bytes: &[u8]) -> [(&'static str, Vec<u8>); 5] {
    [
        ("sha1", Sha1::digest(bytes).to_vec()),
        ("sha256", Sha256::digest(bytes).to_vec()),
        ("sha512", Sha512::digest(bytes).to_vec()),
        ("md5", Md5::digest(bytes).to_vec()),
        ("crc32", crc32fast::hash(bytes).to_be_bytes().to_vec()),
    ]
}

fn checked(name: &str, sum: &[u8]) -> String {
    format!("{name} {}", STANDARD.encode(sum))
}

fn sha1_of(bytes: &[u8]) -> String {
    checked("sha1", &Sha1::digest(bytes))
}

fn checked_patch(path: &str, at: usize, checksum: &str, body: impl Into<Body>) -> Request<Body> {
    let mut request = tus::patch_request(path, at, body);
    request.headers_mut().insert("upload-checksum", checksum.parse().unwrap());
    request
}

async fn every_algorithm_distinguishes_an_intact_body_from_a_damaged_one(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    let mut at = 0;
    for round in 0..5 {
        let next = if round == 4 { GOOD.len() } else { at + 1000 };
        let bytes = &GOOD[at..next];
        let (name, sum) = sums(bytes).into_iter().nth(round).unwrap();
        let mut noise = bytes.to_vec();
        noise[17] ^= 1;
        let bad = checked_patch(&path, at, &checked(name, &sum), noise);
        tus_problem(service.send(bad).await, 460, "checksum_mismatch").await;
        let short = checked_patch(&path, at, &checked(name, &sum[..sum.len() - 1]), bytes);
        tus_problem(service.send(short).await, 460, "checksum_mismatch").await;
        assert_eq!(offset(&service, &path).await, at, "{name}");
        let answer =
            service.send(checked_patch(&path, at, &checked(name, &sum), chunked(bytes, 300))).await;
        assert_eq!(answer.status(), 204, "{name}");
        assert_eq!(header(&answer, "upload-offset"), next.to_string());
        at = next;
    }
    assert_eq!(service.deliver().await, 1);
}

/// At the beginning, midway and in the last body.
async fn a_damaged_body_with_a_checksum_never_causes_a_refusal(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    let mut at = 0;
    for next in [20, 9_000, GOOD.len()] {
        let noise = vec![b'x'; next - at];
        let bad = checked_patch(&path, at, &sha1_of(&GOOD[at..next]), noise);
        tus_problem(service.send(bad).await, 460, "checksum_mismatch").await;
        assert_eq!(offset(&service, &path).await, at);
        let good = checked_patch(&path, at, &sha1_of(&GOOD[at..next]), &GOOD[at..next]);
        assert_eq!(service.send(good).await.status(), 204);
        at = next;
    }
    assert_eq!(service.deliver().await, 1);
}

async fn garbage_with_a_matching_checksum_is_refused(service: Service) {
    let path = create(&service, service.report().await, NOT_MP4.len()).await;
    let garbage = checked_patch(&path, 0, &sha1_of(NOT_MP4), NOT_MP4);
    tus_problem(service.send(garbage).await, 415, "not_mp4").await;
    assert_eq!(tus::head(&service, &path).await.status(), 410);
}

async fn a_body_with_an_unknown_checksum_is_rejected(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    let unknown =
        ["sha0 AAAA", "SHA1 AAAA", "sha1", "sha1 !!!", "", "sha1AAAA", "sha1 AAAA,md5 AAAA"];
    for checksum in unknown {
        let answer = service.send(checked_patch(&path, 0, checksum, GOOD)).await;
        tus_problem(answer, 400, "validation_failed").await;
    }
    assert_eq!(offset(&service, &path).await, 0);
}

async fn a_cut_body_with_a_checksum_is_discarded(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    tus::patch(&service, &path, 0, &GOOD[..100]).await;
    let half = checked_patch(&path, 100, &sha1_of(&GOOD[100..]), cut(&GOOD[100..9_000]));
    tus_problem(service.send(half).await, 503, "body_cut").await;
    assert_eq!(offset(&service, &path).await, 100);
    let whole = checked_patch(&path, 100, &sha1_of(&GOOD[100..]), &GOOD[100..]);
    assert_eq!(service.send(whole).await.status(), 204);
}

async fn an_interrupted_body_with_a_checksum_is_discarded(service: Service) {
    let path = create(&service, service.report().await, GOOD.len()).await;
    let (body, taken) = held(&GOOD[..1000]);
    let old = service.send(checked_patch(&path, 0, &sha1_of(GOOD), body));
    let (old, at) = tokio::join!(old, async {
        taken.await.unwrap();
        offset(&service, &path).await
    });
    tus_problem(old, 423, "upload_locked").await;
    assert_eq!(at, 0);
    assert_eq!(service.send(checked_patch(&path, 0, &sha1_of(GOOD), GOOD)).await.status(), 204);
}

async fn a_creation_can_have_a_checksum(service: Service) {
    let creation = tus::creation(&service, service.report().await, GOOD.len())
        .header("Content-Type", "application/offset+octet-stream")
        .header("Upload-Checksum", sha1_of(GOOD));
    let answer = service.send(creation.body(GOOD.into()).unwrap()).await;
    assert_eq!(answer.status(), 201);
    assert_eq!(service.deliver().await, 1);
}

async fn a_creation_with_a_damaged_body_can_be_continued(service: Service) {
    let creation = tus::creation(&service, service.report().await, GOOD.len())
        .header("Content-Type", "application/offset+octet-stream")
        .header("Upload-Checksum", sha1_of(GOOD));
    let answer = service.send(creation.body(GOOD[1..].into()).unwrap()).await;
    assert_eq!(header(&answer, "upload-offset"), "0");
    let path = tus::path_of(header(&answer, "location"));
    problem(answer, 460, "checksum_mismatch").await;
    assert_eq!(tus::patch(&service, &path, 0, GOOD).await.status(), 204);
    assert_eq!(service.deliver().await, 1);
}
