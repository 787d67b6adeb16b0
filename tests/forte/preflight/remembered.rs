//! A refused video is refused again before its bytes are sent, and no other video is.

use axum::body::Body;
use axum::http::Response;
use forte_media::model::{RefKey, ReportStatus};
use jiff::SignedDuration;
use serde_json::Value;

use super::{create, sent, sha256};
use crate::harness::answers::{problem, tus_problem};
use crate::harness::boxes::leaf;
use crate::harness::clips::{GOOD, MOOV_FIRST};
use crate::harness::form::{self, Form};
use crate::harness::mp4::{edited, sample};
use crate::harness::preflight::{codes, judge, preflight_form, too_short_with_moov_last};
use crate::harness::service::{Options, Service, header, on_both_backends};
use crate::harness::tus;

on_both_backends! {
    a_refused_video_is_refused_again_at_its_creation,
    without_a_hash_a_refused_video_is_recognised_by_its_first_64_kib,
    a_form_with_the_hash_before_the_file_is_refused_before_its_video,
    a_video_that_was_damaged_in_transit_can_be_sent_again,
}

async fn assert_remembered(answer: Response<Body>) -> Value {
    let refusal = problem(answer, 422, "video_refused").await;
    assert_eq!(refusal["details"]["remembered"], true, "{refusal}");
    refusal
}

async fn refuse(service: &Service, ref_key: RefKey, file: &[u8], declared: Option<&str>) -> Value {
    let refused = sent(service, ref_key, file, declared).await;
    let refusal = tus_problem(refused, 422, "video_refused").await;
    assert_eq!(refusal["details"]["remembered"], Value::Null, "{refusal}");
    refusal
}

async fn a_refused_video_is_refused_again_at_its_creation(service: Service) {
    let (ref_key, file) = (service.report().await, sample("bad-too-short.mp4"));
    let hash = sha256(&file);
    let first = refuse(&service, ref_key, &file, Some(&hash)).await;
    let again = assert_remembered(create(&service, ref_key, file.len(), Some(&hash)).await).await;
    for name in ["code", "at", "message", "judged_after"] {
        assert_eq!(again["details"][name], first["details"][name]);
    }
    // A preflight that has only the hash reports it as well.
    let head = crate::harness::preflight::binary_part(
        Form::of(ref_key).text("length", &file.len().to_string()).text("sha256", &hash),
        "head",
        &file[..64],
    );
    let about = judge(&service, head).await;
    assert_eq!(codes(&about), ["DURATION_OUT_OF_RANGE"]);
    assert_eq!(about["reasons"][0]["details"]["remembered"], true);
    // When the whole file is judged, the reason occurs once and is not a remembered one.
    let about = judge(&service, preflight_form(ref_key, &file).text("sha256", &hash)).await;
    assert_eq!(codes(&about), ["DURATION_OUT_OF_RANGE"]);
    assert_eq!(about["reasons"][0]["details"], serde_json::json!({}));
    // With another report, length or hash, or without a hash, it is another video.
    let other = service.report().await;
    for (ref_key, length, declared) in [
        (other, file.len(), Some(hash.as_str())),
        (ref_key, file.len() + 1, Some(&hash)),
        (ref_key, file.len(), Some(&sha256(GOOD))),
        (ref_key, file.len(), None),
    ] {
        assert_eq!(create(&service, ref_key, length, declared).await.status(), 201);
    }
    service.manual_clock().advance(SignedDuration::from_hours(24) + SignedDuration::from_secs(1));
    assert_eq!(create(&service, ref_key, file.len(), Some(&hash)).await.status(), 201);
}

async fn without_a_hash_a_refused_video_is_recognised_by_its_first_64_kib(service: Service) {
    let (ref_key, file) = (service.report().await, too_short_with_moov_last(400_000));
    let first = refuse(&service, ref_key, &file, None).await;
    assert!(first["details"]["judged_after"].as_u64().unwrap() > 390_000);
    let created = create(&service, ref_key, file.len(), None).await;
    let path = tus::path_of(header(&created, "location"));
    // One byte less is not enough.
    let short = tus::patch(&service, &path, 0, file[..65_535].to_vec()).await;
    assert_eq!(short.status(), 204);
    let again = tus::patch(&service, &path, 65_535, file[65_535..65_536].to_vec()).await;
    let again = assert_remembered(again).await;
    assert_eq!(again["details"]["code"], first["details"]["code"]);
    let ended = tus::patch(&service, &path, 65_536, file[65_536..].to_vec()).await;
    tus_problem(ended, 410, "video_refused").await;
    // The same head with another length, or a head that differs in one byte.
    let longer = too_short_with_moov_last(400_008);
    let mut other = file.clone();
    other[60_000] ^= 1;
    for file in [longer, other] {
        refuse(&service, ref_key, &file, None).await;
    }
    // A declared hash has precedence.
    let mut end = file.clone();
    let last = end.len() - 1;
    end[last] ^= 1;
    refuse(&service, ref_key, &end, Some(&sha256(&end))).await;
    service.assert_nothing_left().await;
}

async fn a_form_with_the_hash_before_the_file_is_refused_before_its_video(service: Service) {
    let (ref_key, file) = (service.report().await, sample("bad-too-short.mp4"));
    let hash = sha256(&file);
    let form = Form::of(ref_key).text("sha256", &hash).file(&file).done();
    let refusal = problem(form::send(&service, form).await, 422, "video_refused").await;
    assert_eq!(refusal["details"]["remembered"], Value::Null);
    // By a header before the form is read, by a field before the file is.
    let (body, read) = crate::harness::bodies::watched();
    let request = form::request(&service, "/reports/upload")
        .header("X-Ref-Key", ref_key.to_string())
        .header("X-Sha256", &hash);
    assert_remembered(service.send(request.body(body).unwrap()).await).await;
    drop(read);
    let form = Form::of(ref_key).text("sha256", &hash).file(GOOD).done();
    assert_remembered(form::send(&service, form).await).await;
    // A refusal of a form holds for tus as well.
    assert_remembered(create(&service, ref_key, file.len(), Some(&hash)).await).await;
    assert_eq!(form::send(&service, Form::of(ref_key).file(GOOD).done()).await.status(), 201);
}

async fn a_video_that_was_damaged_in_transit_can_be_sent_again(service: Service) {
    let (ref_key, hash) = (service.report().await, sha256(GOOD));
    // Lost bytes move a box; flipped ones change only the hash.
    let lost = [&GOOD[..3_000], &GOOD[3_100..], &[0; 100]].concat();
    let mut flipped = GOOD.to_vec();
    flipped[2_000] ^= 1;
    for damaged in [lost, flipped] {
        refuse(&service, ref_key, &damaged, Some(&hash)).await;
    }
    assert_eq!(sent(&service, ref_key, GOOD, Some(&hash)).await.status(), 204);
}

/// Once the hash is verified, any refusal holds for the file.
#[tokio::test]
async fn a_broken_file_with_its_declared_hash_is_recognised() {
    let service = Service::embedded().await;
    let ref_key = service.report().await;
    let file = edited("good-moov-last.mp4", |file| file.at("moov/mvhd").fields[0] = 2);
    let hash = sha256(&file);
    let first = refuse(&service, ref_key, &file, Some(&hash)).await;
    assert_eq!(first["details"]["code"], "BOX_VERSION");
    assert_remembered(create(&service, ref_key, file.len(), Some(&hash)).await).await;
}

/// The new rules may accept what the old ones refused.
#[tokio::test]
async fn a_change_of_the_rules_clears_the_cache() {
    let service = Service::embedded().await;
    let (ref_key, file) = (service.report().await, sample("bad-too-short.mp4"));
    let hash = sha256(&file);
    refuse(&service, ref_key, &file, Some(&hash)).await;
    let env = service.crash().await;
    let service = Box::pin(Service::on(env, "one", Options::default())).await;
    assert_remembered(create(&service, ref_key, file.len(), Some(&hash)).await).await;
    let env = service.crash().await;
    let settings = vec![("INSPECT__MIN_DURATION", "1ms".to_owned())];
    let options = Options { settings, ..Options::default() };
    let service = Box::pin(Service::on(env, "one", options)).await;
    assert_eq!(sent(&service, ref_key, &file, Some(&hash)).await.status(), 204);
}

#[tokio::test]
async fn refusals_are_remembered_as_long_as_the_setting_says() {
    let service = Service::embedded_with(&[("UPLOAD__REFUSALS_KEPT", "999ms")]).await;
    let (ref_key, file) = (service.report().await, sample("bad-too-short.mp4"));
    let hash = sha256(&file);
    refuse(&service, ref_key, &file, Some(&hash)).await;
    service.manual_clock().advance(SignedDuration::from_secs(1));
    refuse(&service, ref_key, &file, Some(&hash)).await;
}

/// A body that does not match its checksum does not identify the file.
#[tokio::test]
async fn an_unverified_body_is_not_looked_up() {
    let service = Service::embedded().await;
    let (ref_key, file) = (service.report().await, too_short_with_moov_last(400_000));
    refuse(&service, ref_key, &file, None).await;
    let created = create(&service, ref_key, file.len(), None).await;
    let path = tus::path_of(header(&created, "location"));
    let mut request = tus::patch_request(&path, 0, file[..70_000].to_vec());
    let wrong = "sha1 AAAAAAAAAAAAAAAAAAAAAAAAAAA=".parse().unwrap();
    request.headers_mut().insert("upload-checksum", wrong);
    tus_problem(service.send(request).await, 460, "checksum_mismatch").await;
    let mut request = tus::patch_request(&path, 0, file[..70_000].to_vec());
    let right = {
        use base64::Engine as _;
        use sha2::Digest as _;
        let hash = sha2::Sha256::digest(&file[..70_000]);
        format!("sha256 {}", base64::engine::general_purpose::STANDARD.encode(hash))
    };
    request.headers_mut().insert("upload-checksum", right.parse().unwrap());
    assert_remembered(service.send(request).await).await;
}

/// A rejected report waits for another video, but the inspection has not refused the first one.
#[tokio::test]
async fn a_rejection_by_a_reviewer_is_not_a_remembered_refusal() {
    let service = Service::embedded().await;
    let ref_key = service.report_in(ReportStatus::Rejected).await;
    assert_eq!(sent(&service, ref_key, GOOD, Some(&sha256(GOOD))).await.status(), 204);
}

/// A declared hash that was not verified identifies nothing.
#[tokio::test]
async fn a_refusal_is_not_remembered_under_an_unverified_hash() {
    let service = Service::embedded().await;
    // One flipped bit in the codec's name, in a file whose `moov` is first.
    let (ref_key, hash) = (service.report().await, sha256(MOOV_FIRST));
    let mut damaged = MOOV_FIRST.to_vec();
    let codec = damaged.windows(4).rposition(|four| four == b"avc1").unwrap();
    damaged[codec + 2] ^= 1;
    let created = create(&service, ref_key, damaged.len(), Some(&hash)).await;
    let path = tus::path_of(header(&created, "location"));
    let refused = tus::patch(&service, &path, 0, damaged[..10_000].to_vec()).await;
    let refusal = tus_problem(refused, 422, "video_refused").await;
    assert_eq!(refusal["details"]["code"], "CODEC_UNSUPPORTED", "{refusal}");
    assert_eq!(sent(&service, ref_key, MOOV_FIRST, Some(&hash)).await.status(), 204);
    // An app sent another file in the form than the declared one.
    let (ref_key, hash) = (service.report().await, sha256(GOOD));
    let form = Form::of(ref_key).text("sha256", &hash).file(&sample("bad-too-short.mp4")).done();
    problem(form::send(&service, form).await, 422, "video_refused").await;
    let form = Form::of(ref_key).text("sha256", &hash).file(GOOD).done();
    assert_eq!(form::send(&service, form).await.status(), 201);
}

/// A file of `length` bytes with space for its tables before its pictures.
fn with_leading_space(name: &str, length: usize) -> Vec<u8> {
    let missing = length - sample(name).len() - 400_000;
    edited(name, |file| {
        file.children.insert(1, leaf(*b"free", &vec![0; 400_000 - 8]));
        file.shift_chunks(400_000);
        file.at("mdat").fields.extend(vec![0; missing]);
    })
}

/// Recorders that reserve space for the tables start all files alike.
#[tokio::test]
async fn a_head_of_zeros_identifies_no_file() {
    let service = Service::embedded().await;
    let ref_key = service.report().await;
    let [bad, good] =
        ["bad-too-short.mp4", "good-moov-last.mp4"].map(|name| with_leading_space(name, 420_000));
    assert_eq!(bad[..65_536], good[..65_536]);
    refuse(&service, ref_key, &bad, None).await;
    let created = create(&service, ref_key, good.len(), None).await;
    let path = tus::path_of(header(&created, "location"));
    let head = tus::patch(&service, &path, 0, good[..70_000].to_vec()).await;
    assert_eq!(head.status(), 204, "{}", crate::harness::service::json(head).await);
    let rest = tus::patch(&service, &path, 70_000, good[70_000..].to_vec()).await;
    assert_eq!(rest.status(), 204, "{}", crate::harness::service::json(rest).await);
}

/// The refused file had no declared hash; a file with another hash is not taken for it.
#[tokio::test]
async fn a_file_with_another_declared_hash_is_another_file() {
    let service = Service::embedded().await;
    let (ref_key, file) = (service.report().await, too_short_with_moov_last(400_000));
    refuse(&service, ref_key, &file, None).await;
    let created = create(&service, ref_key, file.len(), Some(&sha256(GOOD))).await;
    let path = tus::path_of(header(&created, "location"));
    let head = tus::patch(&service, &path, 0, file[..70_000].to_vec()).await;
    assert_eq!(head.status(), 204);
    assert_remembered(create(&service, ref_key, file.len(), Some(&sha256(&file))).await).await;
}
