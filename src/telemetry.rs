//! The log subscriber and the metrics recorder.

use std::io::{self, IsTerminal};
use std::sync::OnceLock;

use metrics::{Unit, describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::config::{Log, LogFormat};

/// Writes the log to standard error from now on: results belong to standard output.
///
/// Only the first call in a process counts; tests start many servers.
///
/// # Errors
/// When `log.filter` is not a filter.
pub fn start_log(log: &Log) -> Result<(), tracing_subscriber::filter::ParseError> {
    let lines = tracing_subscriber::fmt()
        .with_env_filter(EnvFilter::try_new(&log.filter)?)
        .with_writer(io::stderr);
    // An error means that there is a subscriber already, and that one stays.
    let _set_before = match log.format {
        LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).try_init(),
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
    };
    Ok(())
}

/// Panics go to the log, where a collector finds them. Before there is a log, they are written as
/// Rust writes them.
pub fn report_panics() {
    let without_log = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !tracing::dispatcher::has_been_set() {
            return without_log(panic);
        }
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(place, message, "panic");
    }));
}

/// What a metric's number means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Many values, counted by size.
    Histogram,
}

/// Every metric there is: its name, kind, unit and meaning. Labels stand in the meaning.
const METRICS: &[(&str, Kind, Unit, &str)] = &[
    ("forte_media_uploads_active", Kind::Gauge, Unit::Count, "Uploads somebody is working on now"),
    ("forte_media_uploads_created_total", Kind::Counter, Unit::Count, "Uploads begun, by door"),
    ("forte_media_uploads_finished_total", Kind::Counter, Unit::Count, "Uploads ended, by state"),
    (
        "forte_media_bytes_received_total",
        Kind::Counter,
        Unit::Bytes,
        "Bytes of videos that arrived",
    ),
    (
        "forte_media_bytes_acknowledged_total",
        Kind::Counter,
        Unit::Bytes,
        "Bytes made durable and counted",
    ),
    ("forte_media_refusals_total", Kind::Counter, Unit::Count, "Videos refused, by code"),
    (
        "forte_media_refused_again_total",
        Kind::Counter,
        Unit::Count,
        "Videos refused because the same bytes were refused before",
    ),
    ("forte_media_preflights_total", Kind::Counter, Unit::Count, "Preflights, by verdict"),
    (
        "forte_media_verdicts_total",
        Kind::Counter,
        Unit::Count,
        "Verdicts on stored videos, by test and outcome",
    ),
    (
        "forte_media_refused_after_bytes",
        Kind::Histogram,
        Unit::Bytes,
        "Bytes read when a refusal was certain",
    ),
    (
        "forte_media_finish_seconds",
        Kind::Histogram,
        Unit::Seconds,
        "From the last byte to the commit",
    ),
    (
        "forte_media_outbox_depth",
        Kind::Gauge,
        Unit::Count,
        "Messages not yet delivered, by channel",
    ),
    (
        "forte_media_outbox_dead",
        Kind::Gauge,
        Unit::Count,
        "Messages that were given up, by channel",
    ),
    (
        "forte_media_outbox_age_seconds",
        Kind::Gauge,
        Unit::Seconds,
        "Age of the oldest undelivered message, by channel",
    ),
    (
        "forte_media_outbox_deliveries_total",
        Kind::Counter,
        Unit::Count,
        "Deliveries tried, by channel and outcome",
    ),
    ("forte_media_sweeps_total", Kind::Counter, Unit::Count, "What the sweep found, by outcome"),
];

/// Bounds for sizes: where in a file the refusals fall.
const BYTES: [f64; 7] =
    [4096.0, 16_384.0, 65_536.0, 262_144.0, 1_048_576.0, 4_194_304.0, 67_108_864.0];

/// Bounds for times, in seconds: from a local disk to a phone that gives up.
const SECONDS: [f64; 8] = [0.005, 0.02, 0.1, 0.5, 1.0, 2.0, 10.0, 30.0];

/// The process's metrics. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Records what every room counts, from now on. There is one recorder in a process: later
    /// calls share it.
    ///
    /// # Errors
    /// When the bounds of the histograms are not to the recorder's liking.
    pub fn start() -> Result<Self, BuildError> {
        static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
        let recorder = builder()?.build_recorder();
        let handle = RECORDER.get_or_init(|| {
            let handle = recorder.handle();
            // An error means that somebody else's recorder is set; ours then stays empty.
            let _set_before = metrics::set_global_recorder(recorder);
            describe();
            handle
        });
        Ok(Self(handle.clone()))
    }

    /// The page that Prometheus reads.
    #[must_use]
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Folds the histograms' samples together. To be called now and then, or they pile up while
    /// nobody reads the page.
    pub fn tidy(&self) {
        self.0.run_upkeep();
    }
}

fn builder() -> Result<PrometheusBuilder, BuildError> {
    use metrics_exporter_prometheus::Matcher::Suffix;

    PrometheusBuilder::new()
        .set_buckets_for_metric(Suffix("_bytes".to_owned()), &BYTES)?
        .set_buckets_for_metric(Suffix("_seconds".to_owned()), &SECONDS)
}

fn describe() {
    for &(name, ref kind, unit, meaning) in METRICS {
        match kind {
            Kind::Counter => describe_counter!(name, unit, meaning),
            Kind::Gauge => describe_gauge!(name, unit, meaning),
            Kind::Histogram => describe_histogram!(name, unit, meaning),
        }
    }
}
