//! Verdicts on plausibility and reuse.

mod earlier_uses;
mod fingerprints;
mod receivers;
mod reuse;
mod rules;

use axum::body::Body;
use axum::http::request::Builder;
use axum::http::{Request, Response};
use forte_media::model::{Person, PersonId, RefKey, Role};
use serde_json::Value;

use crate::harness::boxes::{Node, leaf};
use crate::harness::clips::GOOD;
use crate::harness::service::{self, Service};
use crate::harness::tus;

/// Seconds between 1904, the epoch of MP4, and 1970.
const SINCE_1904: i64 = 2_082_844_800;

/// The good clip, recorded `ago` seconds ago at `place`.
fn recorded(service: &Service, ago: i64, place: Option<&str>) -> Vec<u8> {
    let mut file = Node::parse(GOOD);
    let created = service.clock().now().as_second() - ago + SINCE_1904;
    let created = u32::try_from(created).unwrap();
    file.at("moov/mvhd").set(4, created);
    let moov = file.at("moov");
    moov.children.retain(|child| child.kind != *b"udta" && child.kind != *b"meta");
    if let Some(place) = place {
        let length = u16::try_from(place.len()).unwrap().to_be_bytes();
        let text = [&length[..], &[0x15, 0xC7], place.as_bytes()].concat();
        let tag = leaf([0xA9, b'x', b'y', b'z'], &text);
        moov.children.push(Node { kind: *b"udta", fields: Vec::new(), children: vec![tag] });
    }
    file.bytes()
}

/// The good clip, which does not state when it was recorded.
fn without_time(service: &Service, place: &str) -> Vec<u8> {
    let mut file = Node::parse(&recorded(service, 0, Some(place)));
    file.at("moov/mvhd").set(4, 0);
    for track in file.at("moov").children.iter_mut().filter(|child| child.kind == *b"trak") {
        track.at("tkhd").set(4, 0);
        track.at("mdia/mdhd").set(4, 0);
    }
    file.bytes()
}

/// The file with other pictures, which are different for each `number` except 0.
fn other_pictures(mut file: Vec<u8>, number: u8) -> Vec<u8> {
    // The last byte of the media, which is not decoded.
    let moov = file.windows(4).rposition(|four| four == b"moov").unwrap();
    file[moov - 5] ^= number;
    file
}

/// The fields of a video sent now in Almaty.
fn details(service: &Service, report: RefKey) -> [(&'static str, String); 4] {
    [
        ("ref_key", report.to_string()),
        ("time_sent", service.clock().now().to_string()),
        ("lat", "43.238949".to_owned()),
        ("long", "76.889709".to_owned()),
    ]
}

/// A creation with further metadata.
fn creation(service: &Service, token: &str, report: RefKey, more: &[(&str, &str)]) -> Builder {
    let details = details(service, report);
    let pairs = details.iter().map(|(name, value)| (*name, value.as_str()));
    let pairs: Vec<_> = pairs.chain(more.iter().copied()).collect();
    tus::request("POST", "/uploads")
        .header("Authorization", format!("Bearer {token}"))
        .header("Upload-Metadata", tus::encoded(&pairs))
}

/// Sends a video with tus.
async fn sent_by(service: &Service, token: &str, report: RefKey, file: &[u8]) -> Response<Body> {
    let request = creation(service, token, report, &[]).header("Upload-Length", file.len());
    let created = service.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(created.status(), 201);
    let path = tus::path_of(service::header(&created, "location"));
    tus::patch(service, &path, 0, file.to_vec()).await
}

/// Sends a video that is accepted.
async fn sent(service: &Service, report: RefKey, file: &[u8]) {
    let answer = sent_by(service, &service.driver(), report, file).await;
    assert_eq!(answer.status(), 204, "{}", service::json(answer).await);
}

/// The video of a report as the owner of the token sees it.
async fn video_of(service: &Service, token: &str, report: RefKey) -> Value {
    let request = Request::get(format!("/reports/{report}/video"))
        .header("Authorization", format!("Bearer {token}"));
    let answer = service.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(answer.status(), 200);
    service::json(answer).await["data"].clone()
}

fn verdict<'a>(verdicts: &'a Value, test: &str) -> &'a Value {
    let mut all = verdicts.as_array().unwrap().iter();
    all.find(|verdict| verdict["test"] == test).unwrap_or_else(|| panic!("{test}: {verdicts}"))
}

fn outcome<'a>(verdicts: &'a Value, test: &str) -> &'a str {
    verdict(verdicts, test)["outcome"].as_str().unwrap()
}

/// A second driver of the company.
async fn second_driver(service: &Service) -> Person {
    let fixture = &service.env.fixture;
    fixture.person(Person { id: PersonId(154), role: Role::Employee, ..fixture.driver }).await
}
