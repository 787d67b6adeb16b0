//! Connections that are cut at any byte.

use std::net::SocketAddr;

use forte_media::model::{Random, RefKey};
use futures_util::{StreamExt as _, stream};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use super::{
    BOUNDARY, assert_submitted, body, count_active, form, form_request, offset, random_below,
};
use crate::harness::clips::GOOD;
use crate::harness::service::{Options, Service, on_both_backends};
use crate::harness::tus;

/// The number of concurrent clients.
const TOGETHER: usize = 8;

on_both_backends! {
    an_upload_resumes_after_a_cut_at_any_byte,
    forms_cut_at_any_byte_leave_nothing_and_can_be_repeated,
}

fn upload_count(service: &Service) -> usize {
    if service.env.bucket.is_some() { 50 } else { 200 }
}

async fn an_upload_resumes_after_a_cut_at_any_byte(service: Service) {
    let count = upload_count(&service);
    let phones = stream::iter(0..count as u64);
    phones.for_each_concurrent(TOGETHER, |seed| upload_with_cuts(&service, seed)).await;
    assert_submitted(&service, count, GOOD).await;
}

async fn upload_with_cuts(service: &Service, seed: u64) {
    let random = Random::seeded(seed);
    let path = tus::create(service, service.report().await, GOOD.len()).await;
    let mut acknowledged = 0;
    for _ in 0..=random_below(&random, 3) {
        let end = acknowledged + random_below(&random, GOOD.len() - acknowledged);
        let broken = body(&random, &GOOD[acknowledged..end], true);
        let response = tus::patch(service, &path, acknowledged, broken).await;
        assert_eq!(response.status(), 503);
        // In process, without a network, every byte before the cut arrives.
        acknowledged = offset(service, &path).await;
        assert_eq!(acknowledged, end);
    }
    let rest = body(&random, &GOOD[acknowledged..], false);
    assert_eq!(tus::patch(service, &path, acknowledged, rest).await.status(), 204);
    assert_eq!(offset(service, &path).await, GOOD.len());
}

async fn forms_cut_at_any_byte_leave_nothing_and_can_be_repeated(service: Service) {
    let token = service.driver();
    let mut reports = Vec::new();
    for _ in 0..upload_count(&service) {
        reports.push(service.report().await);
    }
    let served = service.serve();
    let phones = stream::iter(reports.iter().zip(0..));
    let cut = |(report, seed): (&RefKey, u64)| cut_form(served.address, &token, *report, seed);
    phones.for_each_concurrent(TOGETHER, cut).await;
    // Shutting down waits for the tasks of cut requests.
    served.shutdown.request();
    served.task.await.unwrap();

    let service = Service::on(served.env, "one", Options::default()).await;
    service.app.state.uploads.sweep().await.unwrap();
    assert_eq!(service.remaining_files().await, Vec::<String>::new());
    assert_eq!(count_active(&service).await, 0);
    for report in &reports {
        let response = service.send(form_request(&service, *report, GOOD)).await;
        assert_eq!(response.status(), 201);
    }
    assert_submitted(&service, reports.len(), GOOD).await;
}

/// Sends a form up to a random byte, in two writes, and disconnects.
async fn cut_form(address: SocketAddr, token: &str, report: RefKey, seed: u64) {
    let random = Random::seeded(seed);
    let form = form(report, GOOD);
    let head = format!(
        "POST /reports/upload HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {}\r\n\r\n",
        form.len()
    );
    let request = [head.as_bytes(), &form].concat();
    // A form is complete without its last line break.
    let cut = random_below(&random, request.len() - 2);
    let (first, second) = request[..cut].split_at(random_below(&random, cut + 1));
    let mut socket = TcpStream::connect(address).await.unwrap();
    for part in [first, second] {
        // The response may have arrived already, and the connection be closed.
        if socket.write_all(part).await.is_err() {
            return;
        }
        socket.flush().await.unwrap();
    }
}
