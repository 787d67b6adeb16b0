//! The log and the metrics' page.

use forte_media::config::Settings;
use forte_media::telemetry::{self, Metrics};

#[test]
fn the_log_may_be_started_twice() {
    crate::harness::log::start();
    let settings = Settings::load(None, []).unwrap();
    telemetry::start_log(&settings.log).unwrap();
    telemetry::start_log(&settings.log).unwrap();
}

#[test]
fn a_filter_that_is_none_is_an_error() {
    let filter = ("FORTE_MEDIA__LOG__FILTER".to_owned(), "info,=".to_owned());
    let settings = Settings::load(None, [filter]).unwrap();
    assert!(telemetry::start_log(&settings.log).is_err());
}

#[test]
fn metrics_started_twice_show_one_page_with_meanings() {
    let first = Metrics::start().unwrap();
    let second = Metrics::start().unwrap();
    metrics::counter!("forte_media_sweeps_total", "outcome" => "expired").increment(1);
    metrics::histogram!("forte_media_refused_after_bytes").record(20_000.0);
    second.tidy();
    let page = first.render();
    assert!(page.contains("# HELP forte_media_sweeps_total What the sweep found"), "{page}");
    assert!(page.contains("forte_media_refused_after_bytes_bucket{le=\"65536\"}"), "{page}");
    // Other tests count meanwhile, so the pages are compared by what stands still.
    assert!(second.render().contains("# HELP forte_media_sweeps_total What the sweep found"));
}
