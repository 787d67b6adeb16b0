//! Response times and query plans of the app's lists and of the review queue, with a million reports of a hundred
//! companies in one database. Prints figures and asserts no limits.
//!
//! `scripts/with-servers cargo bench --bench lists [-- [REQUESTS] [COMPANIES] [REPORTS_PER_COMPANY]]`

#![expect(clippy::unwrap_used, reason = "a benchmark stops at the first error")]
#![expect(clippy::print_stdout, reason = "the results go to standard output")]

#[expect(dead_code, unused_imports, unused_macros, reason = "shared with the tests")]
mod harness;

mod cases;
mod fill;
mod memory;
mod plans;
mod queue;

use std::time::Instant;

use harness::service::{Backend, Service};

/// The size of the database.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    pub(crate) companies: i64,
    /// Reports per company.
    pub(crate) reports: i64,
    /// Vehicles per company.
    pub(crate) vehicles: i64,
}

#[tokio::main]
async fn main() {
    let arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with('-'));
    let numbers: Vec<i64> = arguments.filter_map(|argument| argument.parse().ok()).collect();
    let number = |at: usize, default| numbers.get(at).copied().unwrap_or(default);
    let (requests, companies, reports) = (number(0, 300), number(1, 100), number(2, 10_000));
    let size = Size { companies, reports, vehicles: reports / 20 };
    for backend in [Backend::Embedded, Backend::Shared] {
        let Some(service) = Service::start(backend).await else { continue };
        let started_at = Instant::now();
        fill::fill(&service, size).await;
        let (count, seconds) = (companies * reports, started_at.elapsed().as_secs_f64());
        println!("\n== {backend:?}: {count} reports of {companies} companies, in {seconds:.0} s");
        cases::measure(&service, size, requests).await;
        queue::measure(&service, size, requests).await;
        memory::whole_list(&service, size).await;
        plans::print(&service).await;
        queue::print_plans(&service).await;
    }
}
