//! The log subscriber and the metrics recorder.

mod log_writer;

use std::io::{self, IsTerminal};
use std::sync::OnceLock;
use std::time::Duration;

use metrics::Unit::{self, Bytes, Count, Seconds};
use metrics::{describe_counter, describe_gauge, describe_histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use tracing::{Level, Metadata};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{Log, LogFormat};
use Kind::{Counter, Gauge, Histogram};
pub use log_writer::flush_log;
use log_writer::{LOST, LogWriter};

/// How long a panic waits for its line to be written: the process may abort right after it.
const PANIC_FLUSH: Duration = Duration::from_millis(100);

/// Starts the log on standard error; standard output is for results. Later calls in a process have no
/// effect, because tests start many servers.
pub fn start_log(log: &Log) -> Result<(), tracing_subscriber::filter::ParseError> {
    let writer = LogWriter::start();
    let lines = tracing_subscriber::fmt::layer()
        // They would be printed with `eprintln!`, which panics when standard error fails.
        .log_internal_errors(false)
        .with_writer(move || writer.clone());
    let filtered = tracing_subscriber::registry()
        .with(EnvFilter::try_new(&log.filter)?)
        .with(filter_fn(is_public));
    // An error means that a subscriber has been set before.
    let _set_before = match log.format {
        LogFormat::Text => filtered.with(lines.with_ansi(io::stderr().is_terminal())).try_init(),
        LogFormat::Json => filtered.with(lines.json().flatten_event(true)).try_init(),
    };
    Ok(())
}

/// Whether an event may be logged whatever the filter says. At this level the AWS SDK logs whole requests,
/// with their signatures.
fn is_public(event: &Metadata<'_>) -> bool {
    *event.level() != Level::TRACE || !event.target().starts_with("aws_")
}

/// Logs panics from now on. Before the log is started, they are printed as usual.
pub fn report_panics() {
    let default_hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !tracing::dispatcher::has_been_set() {
            return default_hook(panic);
        }
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let message = panic.payload_as_str().unwrap_or("no message");
        tracing::error!(place, message, "panic");
        flush_log(PANIC_FLUSH);
    }));
}

enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// All metrics: name, kind, unit, description with the labels.
const METRICS: &[(&str, Kind, Unit, &str)] = &[
    ("forte_media_uploads_active", Gauge, Count, "Uploads that a request of this node has locked"),
    ("forte_media_uploads_created_total", Counter, Count, "Uploads created, by protocol"),
    (
        "forte_media_uploads_finished_total",
        Counter,
        Count,
        "Uploads that have ended, by final state",
    ),
    ("forte_media_bytes_received_total", Counter, Bytes, "Bytes of videos received"),
    (
        "forte_media_bytes_acknowledged_total",
        Counter,
        Bytes,
        "Bytes of videos made durable and acknowledged",
    ),
    ("forte_media_refusals_total", Counter, Count, "Videos refused, by code"),
    ("forte_media_refused_again_total", Counter, Count, "Videos refused by the refusal cache"),
    ("forte_media_preflights_total", Counter, Count, "Preflights, by verdict"),
    (
        "forte_media_verdicts_total",
        Counter,
        Count,
        "Plausibility verdicts on stored videos, by test and outcome",
    ),
    (
        "forte_media_refused_after_bytes",
        Histogram,
        Bytes,
        "Bytes of a video read before its refusal",
    ),
    (
        "forte_media_finish_seconds",
        Histogram,
        Seconds,
        "Time from the last byte of a video to the commit",
    ),
    ("forte_media_outbox_depth", Gauge, Count, "Undelivered messages, by channel"),
    ("forte_media_outbox_dead", Gauge, Count, "Messages whose delivery was given up, by channel"),
    (
        "forte_media_outbox_age_seconds",
        Gauge,
        Seconds,
        "Age of the oldest undelivered message, by channel",
    ),
    (
        "forte_media_outbox_deliveries_total",
        Counter,
        Count,
        "Delivery attempts, by channel and outcome",
    ),
    ("forte_media_bytes_lost_total", Counter, Bytes, "Acknowledged bytes that storage has lost"),
    ("forte_media_sweeps_total", Counter, Count, "Uploads handled by the sweep, by outcome"),
    (
        "forte_media_out_of_files_total",
        Counter,
        Count,
        "Connections and files refused because no file descriptor was free, by operation",
    ),
    (LOST, Counter, Count, "Log lines that could not be written"),
];

/// Buckets for sizes: refusals fall within the first kilobytes, or at the end.
const BYTES: [f64; 7] =
    [4096.0, 16_384.0, 65_536.0, 262_144.0, 1_048_576.0, 4_194_304.0, 67_108_864.0];

/// Buckets for durations: from a write to a local disk up to the timeout of a phone.
const SECONDS: [f64; 8] = [0.005, 0.02, 0.1, 0.5, 1.0, 2.0, 10.0, 30.0];

/// The metrics of the process. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    /// Installs the recorder. A process has one: later calls return the same.
    pub fn start() -> Result<Self, BuildError> {
        static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(Matcher::Suffix("_bytes".to_owned()), &BYTES)?
            .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
            .build_recorder();
        let handle = RECORDER.get_or_init(|| {
            let handle = recorder.handle();
            // An error means that another recorder is installed; ours then stays empty.
            let _set_before = metrics::set_global_recorder(recorder);
            describe();
            handle
        });
        Ok(Self(handle.clone()))
    }

    /// The page that Prometheus scrapes.
    pub fn render(&self) -> String {
        // Moves samples into the histograms; otherwise they accumulate.
        self.0.run_upkeep();
        self.0.render()
    }
}

fn describe() {
    for &(name, ref kind, unit, meaning) in METRICS {
        match kind {
            Counter => describe_counter!(name, unit, meaning),
            Gauge => describe_gauge!(name, unit, meaning),
            Histogram => describe_histogram!(name, unit, meaning),
        }
    }
}
