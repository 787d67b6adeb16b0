//! The time and memory that a whole list takes, plain and compressed.

use std::fs;
use std::time::Instant;

use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt as _;

use super::Size;
use super::fill::director;
use super::harness::service::Service;

/// Reads a company's whole list in pieces without keeping them, as a phone does.
pub(crate) async fn whole_list(service: &Service, size: Size) {
    for (name, coding) in [("plain", "identity"), ("gzip", "gzip")] {
        let mut times = Vec::new();
        let (mut bytes, mut peak, mut before) = (0, 0, 0);
        for company in 0..size.companies.min(10) {
            let token = service.token_of(director(company));
            let request = Request::get("/reports/general/filter")
                .header("Authorization", format!("Bearer {token}"))
                .header("Accept-Encoding", coding)
                .body(Body::empty())
                .unwrap();
            reset_peak();
            before = memory("VmRSS:");
            let started_at = Instant::now();
            let mut body = service.send(request).await.into_body();
            bytes = 0;
            while let Some(frame) = body.frame().await {
                bytes += frame.unwrap().into_data().unwrap().len();
            }
            times.push(started_at.elapsed());
            peak = peak.max(memory("VmHWM:").saturating_sub(before));
        }
        times.sort();
        let (median, max) = (times[times.len() / 2], times[times.len() - 1]);
        println!(
            "whole list, {name}: {bytes} bytes, p50 {:.0} ms, max {:.0} ms; \
             peak memory {} KiB above {before} KiB",
            median.as_secs_f64() * 1000.0,
            max.as_secs_f64() * 1000.0,
            peak,
        );
    }
}

/// Resets the peak of the process's memory.
fn reset_peak() {
    fs::write("/proc/self/clear_refs", "5").unwrap();
}

/// A line of `/proc/self/status`, in KiB.
fn memory(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(field)).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
