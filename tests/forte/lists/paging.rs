//! Pagination, and lists of thousands of reports.

use std::io::Read as _;

use axum::body::Body;
use axum::http::Request;
use forte_media::model::{Person, ReportStatus};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use super::{all_keys, get, keys, list};
use crate::harness::fleet::ReportSpec;
use crate::harness::service::{Service, header, on_both_backends};
use jiff::SignedDuration;

on_both_backends! {
    pages_of_any_size_add_up_to_the_whole_list,
    a_list_of_thousands_is_streamed_and_compressed,
    an_unreadable_list_is_a_problem,
}

const STATES: [ReportStatus; 4] = [
    ReportStatus::AwaitingVideo,
    ReportStatus::Submitted,
    ReportStatus::Approved,
    ReportStatus::Rejected,
];

/// Adds `count` reports of `vehicles` vehicles in all states, some with equal dates; the director.
async fn fill(service: &Service, vehicles: usize, count: usize) -> Person {
    let fixture = &service.env.fixture;
    let director = fixture.director().await;
    let kind = fixture.vehicle_type("Легковой автомобиль", &["Салон", "Шины"]).await;
    let mut guids = Vec::new();
    for at in 0..vehicles {
        guids.push(fixture.vehicle(kind, &format!("{at:04}")).await);
    }
    let specs = (0..count).map(|at| {
        let spec = fixture.report_spec(guids[at % vehicles], STATES[at % 4]);
        let back = SignedDuration::from_hours(i64::try_from(at % 97).unwrap());
        ReportSpec {
            starts_at: spec.starts_at.map(|start| start - back),
            finishes_at: spec.finishes_at.map(|end| end - back * 5),
            ..spec
        }
    });
    fixture.add_reports(specs.collect()).await;
    director
}

/// The rows of all pages of this size, and the number of pages.
async fn read_pages(service: &Service, person: Person, path: &str, limit: usize) -> (Value, usize) {
    let (mut blocks, mut pages) = ([Vec::new(), Vec::new()], 0);
    let mut after = String::new();
    loop {
        let data = list(service, person, &format!("{path}?limit={limit}{after}")).await;
        pages += 1;
        let shown = all_keys(&data).len();
        assert!(shown <= limit);
        for (block, rows) in ["important", "general"].iter().zip(&mut blocks) {
            rows.extend(data["reports"][block].as_array().unwrap().clone());
        }
        match data["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => break,
        }
        assert_eq!(shown, limit);
    }
    let [important, general] = blocks;
    (json!({ "important": important, "general": general }), pages)
}

/// E6, E7, E8: nothing is repeated or missing, and the order is the same.
async fn pages_of_any_size_add_up_to_the_whole_list(service: Service) {
    let director = fill(&service, 5, 60).await;
    let vehicle = {
        let data = list(&service, director, "/reports/general/filter").await;
        data["reports"]["general"][0]["vehicle_guid"].as_str().unwrap().to_owned()
    };
    for (path, rows) in [
        ("/reports/general/filter".to_owned(), 60),
        ("/reports/general/filter/2".to_owned(), 15),
        ("/reports/general/filter/4".to_owned(), 15),
        ("/reports/vehicle/filter".to_owned(), 5),
        (format!("/reports/vehicle/select/{vehicle}"), 12),
    ] {
        let whole = list(&service, director, &path).await;
        assert_eq!(all_keys(&whole).len(), rows, "{path}");
        assert!(whole.get("next").is_none());
        for limit in [1, 7, 30, rows - 1, rows, rows + 1, 1000] {
            let (pages, count) = read_pages(&service, director, &path, limit).await;
            assert_eq!(pages, whole["reports"], "{path} by {limit}");
            assert_eq!(count, rows.div_ceil(limit), "{path} by {limit}");
        }
    }
    // A cursor without a limit returns all remaining rows.
    let first = list(&service, director, "/reports/general/filter?limit=10").await;
    let next = first["next"].as_str().unwrap();
    let rest = list(&service, director, &format!("/reports/general/filter?after={next}")).await;
    assert_eq!(all_keys(&rest).len(), 50);
    assert!(rest.get("next").is_none());
    // Empty values mean none.
    let empty = "/reports/general/filter?limit=&after=&image=";
    let whole = list(&service, director, "/reports/general/filter").await;
    assert_eq!(list(&service, director, empty).await, whole);
}

/// The compressed list has the same content.
async fn a_list_of_thousands_is_streamed_and_compressed(service: Service) {
    let director = fill(&service, 30, 3_000).await;
    let plain = get(&service, director, "/reports/general/filter").await;
    assert_eq!(header(&plain, "content-encoding"), "");
    let mut body = plain.into_body();
    let (mut bytes, mut chunks, mut longest) = (Vec::new(), 0, 0);
    while let Some(frame) = body.frame().await {
        let chunk = frame.unwrap().into_data().unwrap();
        (chunks, longest) = (chunks + 1, longest.max(chunk.len()));
        bytes.extend_from_slice(&chunk);
    }
    assert!(chunks >= 4, "{chunks} chunks");
    assert!(longest < 600 * 1024, "a chunk of {longest} bytes");
    let whole: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(keys(&whole["data"], "important").len(), 1_500);
    assert_eq!(keys(&whole["data"], "general").len(), 1_500);

    let request = Request::get("/reports/general/filter")
        .header("Authorization", format!("Bearer {}", service.token_of(director)))
        .header("Accept-Encoding", "gzip");
    let response = service.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(header(&response, "content-encoding"), "gzip");
    assert_eq!(header(&response, "content-type"), "application/json; charset=utf-8");
    assert!(header(&response, "vary").contains("accept-encoding"));
    let compressed = response.into_body().collect().await.unwrap().to_bytes();
    assert!(compressed.len() * 5 < bytes.len(), "{} of {}", compressed.len(), bytes.len());
    let mut decompressed = Vec::new();
    flate2::read::GzDecoder::new(&compressed[..]).read_to_end(&mut decompressed).unwrap();
    assert_eq!(decompressed, bytes);
}

/// An error before the first chunk is a problem in the envelope, not a truncated list.
async fn an_unreadable_list_is_a_problem(service: Service) {
    let director = fill(&service, 1, 4).await;
    service.env.db.execute("UPDATE reports SET due_at = 9223372036854775807").await;
    let response = get(&service, director, "/reports/general/filter").await;
    crate::harness::answers::problem(response, 500, "internal").await;
}
