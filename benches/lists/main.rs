//! How long lists take with a million reports of a hundred companies in one database, and by which
//! plan. Prints figures; judges nothing.
//!
//!   scripts/with-servers cargo bench --bench lists [-- [requests] [companies] [reports of each]]

#![expect(clippy::unwrap_used, reason = "a measurement stops where its world is not as it says")]
#![expect(clippy::print_stdout, reason = "results belong to standard output")]

#[expect(dead_code, unused_imports, unused_macros, reason = "shared with the tests")]
mod harness;

mod cases;
mod fill;
mod memory;
mod plans;

use std::time::Instant;

use harness::service::{Backend, Service};

/// How much there is.
#[derive(Clone, Copy)]
pub(crate) struct Size {
    /// Companies.
    pub(crate) companies: i64,
    /// Reports of each.
    pub(crate) reports: i64,
    /// Vehicles of each.
    pub(crate) vehicles: i64,
}

#[tokio::main]
async fn main() {
    let words = std::env::args().skip(1).filter(|word| !word.starts_with('-'));
    let numbers: Vec<i64> = words.filter_map(|word| word.parse().ok()).collect();
    let number = |at: usize, other| numbers.get(at).copied().unwrap_or(other);
    let (requests, companies, reports) = (number(0, 300), number(1, 100), number(2, 10_000));
    let size = Size { companies, reports, vehicles: reports / 20 };
    for backend in [Backend::Embedded, Backend::Shared] {
        let Some(service) = Service::start(backend).await else { continue };
        let begun = Instant::now();
        fill::fill(&service, size).await;
        let (count, seconds) = (companies * reports, begun.elapsed().as_secs_f64());
        println!("\n== {backend:?}: {count} reports of {companies} companies, in {seconds:.0} s");
        cases::measure(&service, size, requests).await;
        memory::whole_list(&service, size).await;
        plans::print(&service).await;
    }
}
