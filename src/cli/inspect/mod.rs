//! `forte-media inspect`: inspects files offline with the server's rules.

mod inspector;
mod read;
mod report;
mod summary;
mod tree;
mod walk;

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rayon::prelude::*;

use super::answer::Answer;
use crate::config::Settings;
use crate::inspect::Config;

pub(super) use read::scan;

use inspector::Inspector;
use report::Report;
use summary::Summary;
use walk::find_videos;

/// Template of the progress bar. It counts files, because they are small.
const BAR: &str = "{wide_bar} {pos}/{len} files {eta}";

/// Upper limit of `--jobs`: each takes a thread and a few MiB.
const MAX_JOBS: usize = 256;

/// Files in a batch for each job: enough to keep all jobs busy, few enough to hold the reports in
/// memory until they are printed.
const BATCH_PER_JOB: usize = 16;

/// Inspect video files offline, with the same rules as the server
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "Examples:\n  \
                        forte-media inspect --tree holiday.mp4\n  \
                        forte-media inspect --json ~/Movies | jq -r 'select(.code) | .file'\n\n\
                        Exit codes: 0 all files accepted, 1 a file was refused, 2 a file could not be read.")]
pub struct Inspect {
    /// Files to inspect, and folders to search for .mp4, .m4v, .mov and .3gp
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print one JSON object per line
    #[arg(long)]
    pub json: bool,
    /// Show the boxes of each file and mark those with findings; with --json as "boxes"
    #[arg(long)]
    pub tree: bool,
    /// Inspect as if the upload had declared this length in bytes
    #[arg(long, value_name = "N")]
    pub declared_length: Option<u64>,
    /// Inspect N files in parallel [default: the number of cores]
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
}

impl Inspect {
    /// Inspects the files and prints the reports to standard output. A file that cannot be read
    /// only changes the exit code.
    #[expect(clippy::unused_async, reason = "every command is awaited; this one only reads files")]
    pub async fn run(self, settings: Settings) -> anyhow::Result<Answer> {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr())
            .with_style(ProgressStyle::with_template(BAR)?);
        self.inspect_all(settings.inspect, &bar, &mut io::stdout(), &mut io::stderr())
    }

    /// Like [`Inspect::run`], without a progress bar and with other outputs.
    pub fn print(
        &self,
        config: Config,
        out: &mut impl Write,
        err: &mut impl Write,
    ) -> anyhow::Result<Answer> {
        self.inspect_all(config, &ProgressBar::hidden(), out, err)
    }

    fn inspect_all(
        &self,
        config: Config,
        bar: &ProgressBar,
        out: &mut impl Write,
        err: &mut impl Write,
    ) -> anyhow::Result<Answer> {
        let files = find_videos(&self.files);
        bar.set_length(u64::try_from(files.len()).unwrap_or(u64::MAX));
        let inspector = Inspector {
            config: Arc::new(config),
            declared_length: self.declared_length,
            with_tree: self.tree,
        };
        let inspect = |file: &Result<PathBuf, String>| {
            let path = file.as_ref().map_err(String::clone);
            let report =
                path.and_then(|it| inspector.inspect(it).map_err(|error| format!("{error:#}")));
            bar.inc(1);
            report
        };
        let jobs = self.jobs();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(jobs).build()?;
        let mut summary = Summary::default();
        let printed = files.chunks(jobs.saturating_mul(BATCH_PER_JOB)).try_for_each(|batch| {
            let results: Vec<_> = pool.install(|| batch.par_iter().map(inspect).collect());
            results.iter().try_for_each(|result| {
                summary.add(result);
                bar.suspend(|| self.write(result, out, err))
            })
        });
        bar.finish_and_clear();
        printed?;
        summary.write(err)?;
        Ok(summary.answer())
    }

    fn jobs(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.jobs.map_or_else(cores, NonZeroUsize::get).min(MAX_JOBS)
    }

    fn write(
        &self,
        result: &Result<Report, String>,
        out: &mut impl Write,
        err: &mut impl Write,
    ) -> anyhow::Result<()> {
        match result {
            Err(error) => writeln!(err, "{error}")?,
            Ok(report) if self.json => writeln!(out, "{}", serde_json::to_string(report)?)?,
            Ok(report) => report.write(out)?,
        }
        Ok(())
    }
}
