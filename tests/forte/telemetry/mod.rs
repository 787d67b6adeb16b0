//! The log, and the page of metrics.

mod broken_log;

use forte_media::config::Settings;
use forte_media::telemetry::{self, Metrics};

#[test]
fn starting_the_log_twice_is_allowed() {
    crate::harness::log::start();
    let settings = Settings::load(None, []).unwrap();
    telemetry::start_log(&settings.log).unwrap();
    telemetry::start_log(&settings.log).unwrap();
}

#[test]
fn an_invalid_filter_is_an_error() {
    let filter = ("FORTE_MEDIA__LOG__FILTER".to_owned(), "info,=".to_owned());
    let settings = Settings::load(None, [filter]).unwrap();
    assert!(telemetry::start_log(&settings.log).is_err());
}

#[test]
fn starting_metrics_twice_gives_one_page_with_help_texts() {
    let first = Metrics::start().unwrap();
    let second = Metrics::start().unwrap();
    metrics::counter!("forte_media_sweeps_total", "outcome" => "expired").increment(1);
    metrics::histogram!("forte_media_refused_after_bytes").record(20_000.0);
    let page = first.render();
    assert!(
        page.contains("# HELP forte_media_sweeps_total Uploads handled by the sweep"),
        "{page}"
    );
    assert!(page.contains("forte_media_refused_after_bytes_bucket{le=\"65536\"}"), "{page}");
    // Other tests change counters concurrently, so only a constant line is compared.
    assert!(
        second.render().contains("# HELP forte_media_sweeps_total Uploads handled by the sweep")
    );
}
