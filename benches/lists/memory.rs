//! A whole list, compressed: how long it takes, and how much memory.

use std::fs;
use std::time::Instant;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;

use super::Size;
use super::fill::director;
use super::harness::service::Service;

/// Reads a company's whole list as a phone does: piece by piece, keeping nothing.
pub(crate) async fn whole_list(service: &Service, size: Size) {
    for (name, coding) in [("plain", "identity"), ("gzip", "gzip")] {
        let mut times = Vec::new();
        let (mut bytes, mut most, mut before) = (0, 0, 0);
        for company in 0..size.companies.min(10) {
            let token = service.token_of(director(company));
            let request = Request::get("/reports/general/filter")
                .header("Authorization", format!("Bearer {token}"))
                .header("Accept-Encoding", coding)
                .body(Body::empty())
                .unwrap();
            forget_peak();
            before = memory("VmRSS:");
            let begun = Instant::now();
            let mut body = service.send(request).await.into_body();
            bytes = 0;
            while let Some(frame) = body.frame().await {
                bytes += frame.unwrap().into_data().unwrap().len();
            }
            times.push(begun.elapsed());
            most = most.max(memory("VmHWM:").saturating_sub(before));
        }
        times.sort();
        let (half, last) = (times[times.len() / 2], times[times.len() - 1]);
        println!(
            "whole list, {name}: {bytes} bytes, p50 {:.0} ms, most {:.0} ms; \
             memory {} KiB more than the {before} KiB before",
            half.as_secs_f64() * 1000.0,
            last.as_secs_f64() * 1000.0,
            most,
        );
    }
}

/// The peak counts from here on.
fn forget_peak() {
    fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// What the system says about this process, in KiB.
fn memory(what: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
