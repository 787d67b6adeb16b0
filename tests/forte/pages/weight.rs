//! The size of the first page with its files: it must load quickly over a slow connection.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use axum::body::Body;
use axum::http::Request;
use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::BodyExt as _;

use super::submitted;
use super::visitor::Visitor;
use crate::harness::service::Service;

const MAX_BYTES: usize = 200_000;

/// The URLs of the files that a page refers to.
fn assets(html: &str) -> BTreeSet<String> {
    let quoted = html.split('"').filter(|text| text.starts_with("/assets/"));
    quoted.map(|address| address.split('#').next().unwrap().to_owned()).collect()
}

/// The URLs of the modules that a script imports.
fn imports(address: &str, script: &str) -> Vec<String> {
    let base = url::Url::parse("http://page").unwrap().join(address).unwrap();
    let from = script.lines().filter_map(|line| line.split_once(" from '"));
    let names = from.map(|(_, rest)| rest.split('\'').next().unwrap());
    names.map(|name| base.join(name).unwrap().path().to_owned()).collect()
}

async fn file(service: &Service, address: &str, encoding: &str) -> Vec<u8> {
    let request = Request::get(address).header("Accept-Encoding", encoding);
    let response = service.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(response.status(), 200, "{address}");
    let cache = response.headers()["cache-control"].to_str().unwrap();
    assert!(cache.contains("immutable"), "{address}: {cache}");
    response.into_body().collect().await.unwrap().to_bytes().to_vec()
}

/// The size in bytes of a page and all files that it loads, compressed.
async fn weight(service: &Service, html: &str) -> usize {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(html.as_bytes()).unwrap();
    let mut total = encoder.finish().unwrap().len();
    let mut wanted: Vec<_> = assets(html).into_iter().collect();
    let mut loaded = BTreeSet::new();
    while let Some(address) = wanted.pop() {
        if !loaded.insert(address.clone()) {
            continue;
        }
        total += file(service, &address, "gzip").await.len();
        if Path::new(&address).extension() == Some("js".as_ref()) {
            let script = String::from_utf8(file(service, &address, "identity").await).unwrap();
            wanted.extend(imports(&address, &script));
        }
    }
    assert!(loaded.len() > 4, "{loaded:?}");
    total
}

#[tokio::test]
async fn the_first_load_is_below_200_kilobytes() {
    let service = Service::embedded().await;
    let mut report = submitted(&service).await;
    for _ in 0..19 {
        report = submitted(&service).await;
    }
    let dina = Visitor::reviewer(&service, "dina").await;
    for path in ["/review".to_owned(), format!("/review/report/{report}")] {
        let page = dina.page(&service, &path).await;
        let weight = weight(&service, &page.html).await;
        assert!(weight < MAX_BYTES, "{path}: {weight} bytes");
    }
}
