//! `forte-media inspect`: judges files offline, with the rules of the server.

mod crew;
mod judge;
mod report;
mod summary;
mod tree;
mod walk;

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Answer;
use crate::config::Settings;
use crate::inspect::Config;

pub(super) use judge::scan;

use judge::Judge;
use report::Report;
use summary::Summary;
use walk::Found;

/// How the bar looks: it counts files, for they are small.
const BAR: &str = "{wide_bar} {pos}/{len} files {eta}";

/// Most files at a time, whatever is asked for: each takes a thread and a few MiB.
const MAX_JOBS: usize = 256;

/// Judge video files offline, with the same rules as the server.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "Examples:\n  \
                        forte-media inspect --tree holiday.mp4\n  \
                        forte-media inspect --json ~/Movies | jq -r 'select(.code) | .file'\n\n\
                        Exit codes: 0 all accepted, 1 one was refused, 2 one could not be read.")]
pub struct Inspect {
    /// The files to judge, and folders to be searched for .mp4, .m4v, .mov and .3gp.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print one JSON object a line.
    #[arg(long)]
    pub json: bool,
    /// Show the boxes of each file, and where the trouble is; with --json as "boxes".
    #[arg(long)]
    pub tree: bool,
    /// Judge as if this length in bytes had been announced for the upload.
    #[arg(long, value_name = "N")]
    pub declared_length: Option<u64>,
    /// Judge so many files at a time; as many as there are cores if not given.
    #[arg(long, value_name = "N")]
    pub jobs: Option<NonZeroUsize>,
}

impl Inspect {
    /// Judges the files and prints what was found to standard output.
    ///
    /// # Errors
    /// When standard output cannot be written; files that cannot be read only change the exit code.
    #[expect(clippy::unused_async, reason = "every command is awaited; this one only reads files")]
    pub async fn run(self, settings: Settings) -> anyhow::Result<Answer> {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        // The words of BAR are fixed; should they not be read, the usual bar is as good.
        let style = ProgressStyle::with_template(BAR);
        let bar = bar.with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        self.judge_all(settings.inspect, &bar, &mut io::stdout(), &mut io::stderr())
    }

    /// Like [`Inspect::run`], without a bar and with somewhere else to put data and words.
    ///
    /// # Errors
    /// When one of the two cannot be written.
    pub fn print(
        &self,
        rules: Config,
        data: &mut impl Write,
        words: &mut impl Write,
    ) -> anyhow::Result<Answer> {
        self.judge_all(rules, &ProgressBar::hidden(), data, words)
    }

    fn judge_all(
        &self,
        rules: Config,
        bar: &ProgressBar,
        data: &mut impl Write,
        words: &mut impl Write,
    ) -> anyhow::Result<Answer> {
        let found = walk::all(&self.files);
        bar.set_length(u64::try_from(found.len()).unwrap_or(u64::MAX));
        let judge = Judge {
            rules: Arc::new(rules),
            declared_length: self.declared_length,
            with_tree: self.tree,
        };
        let work = |found: &Found| {
            let verdict = found
                .as_ref()
                .map_err(String::clone)
                .and_then(|path| judge.file(path).map_err(|error| format!("{error:#}")));
            bar.inc(1);
            verdict
        };
        let mut summary = Summary::default();
        let shown = crew::in_order(self.crew(), &found, work, |verdict| {
            summary.count(&verdict);
            bar.suspend(|| self.show(&verdict, data, words))
        });
        bar.finish_and_clear();
        shown?;
        summary.write(words)?;
        Ok(summary.answer())
    }

    fn crew(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        self.jobs.map_or_else(cores, NonZeroUsize::get).min(MAX_JOBS)
    }

    fn show(
        &self,
        verdict: &Result<Report, String>,
        data: &mut impl Write,
        words: &mut impl Write,
    ) -> anyhow::Result<()> {
        match verdict {
            Err(error) => writeln!(words, "{error}")?,
            Ok(report) if self.json => writeln!(data, "{}", serde_json::to_string(report)?)?,
            Ok(report) => report.write(data)?,
        }
        Ok(())
    }
}
