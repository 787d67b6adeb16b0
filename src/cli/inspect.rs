//! `forte-media inspect`: judges files offline, with the rules of the server.

use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use serde::Serialize;

use super::Answer;
use crate::config::Settings;
use crate::inspect::{Config, Digests, Inspection, Scanner};
use crate::model::{Check, Clock, Facts, Finding, Length, Refusal};

/// Bytes read at a time.
const PIECE: usize = 64 * 1024;

/// Judge video files offline, with the same rules as the server.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example: forte-media inspect --json holiday.mp4 | jq .code\n\n\
                        Exit codes: 0 all accepted, 1 one was refused, 2 one could not be read.")]
pub struct Inspect {
    /// The files to judge.
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print one JSON object a line.
    #[arg(long)]
    pub json: bool,
    /// Judge as if this length in bytes had been announced for the upload.
    #[arg(long, value_name = "N")]
    pub declared_length: Option<u64>,
}

/// What is printed of a file: `interface.md` calls each of these names a promise.
#[derive(Serialize)]
struct Report {
    file: String,
    verdict: Verdict,
    code: Option<Check>,
    message: String,
    at: Option<u64>,
    path: Option<String>,
    judged_after: u64,
    notes: Vec<Finding>,
    facts: Facts,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Accepted,
    Refused,
}

impl Inspect {
    /// Judges the files and prints what was found to standard output.
    ///
    /// # Errors
    /// When standard output cannot be written; files that cannot be read only change the exit code.
    #[expect(clippy::unused_async, reason = "every command is awaited; this one only reads files")]
    pub async fn run(self, settings: Settings) -> anyhow::Result<Answer> {
        self.print(settings.inspect, &mut io::stdout().lock(), &mut io::stderr().lock())
    }

    /// Like [`Inspect::run`], with somewhere else to put data and words.
    ///
    /// # Errors
    /// When one of the two cannot be written.
    pub fn print(
        &self,
        rules: Config,
        data: &mut impl Write,
        words: &mut impl Write,
    ) -> anyhow::Result<Answer> {
        let rules = Arc::new(rules);
        let (mut refused, mut unreadable) = (false, false);
        for file in &self.files {
            match self.judge(file, &rules) {
                Ok(report) => {
                    refused |= report.verdict == Verdict::Refused;
                    self.show(&report, data)?;
                }
                Err(error) => {
                    unreadable = true;
                    writeln!(words, "{error:#}")?;
                }
            }
        }
        Ok(match (unreadable, refused) {
            (true, _) => Answer::CouldNot,
            (false, true) => Answer::No,
            (false, false) => Answer::Done,
        })
    }

    fn show(&self, report: &Report, data: &mut impl Write) -> anyhow::Result<()> {
        if self.json {
            writeln!(data, "{}", serde_json::to_string(report)?)?;
            return Ok(());
        }
        Ok(report.write(data)?)
    }

    fn judge(&self, path: &Path, rules: &Arc<Config>) -> anyhow::Result<Report> {
        let mut file =
            File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let length = file.metadata().map(|data| data.len());
        let length = length.with_context(|| format!("cannot look at {}", path.display()))?;
        let declared = Some(Length::new(self.declared_length.unwrap_or(length)));
        let mut scanner = Scanner::new(Arc::clone(rules), declared, Clock::system().now());
        let digests = scan(&mut file, &mut scanner)
            .with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.display().to_string();
        Ok(match scanner.finish() {
            Ok(inspection) => accepted(name, inspection, &digests),
            Err(refusal) => refused(name, refusal, length),
        })
    }
}

/// Feeds a file through the scanner until its end, or until it is refused. Answers the hash of what
/// was read.
pub(super) fn scan(file: &mut File, scanner: &mut Scanner) -> io::Result<Digests> {
    let mut digests = Digests::default();
    let mut again = Vec::new();
    let mut piece = vec![0; PIECE];
    while scanner.refusal().is_none() {
        let count = file.read(&mut piece)?;
        let bytes = piece.get(..count).unwrap_or_default();
        if bytes.is_empty() {
            break;
        }
        scanner.push(bytes);
        digests.update(scanner, bytes);
        while let Some(wanted) = scanner.wants() {
            read_again(file, &wanted, &mut again)?;
            scanner.supply(&again);
        }
    }
    Ok(digests)
}

/// Reads a stretch that was passed. The scanner never asks for more than `inspect.max_moov`.
fn read_again(file: &File, wanted: &Range<u64>, into: &mut Vec<u8>) -> io::Result<()> {
    let length = wanted.end.saturating_sub(wanted.start);
    into.resize(usize::try_from(length).map_err(io::Error::other)?, 0);
    file.read_exact_at(into, wanted.start)
}

fn accepted(file: String, inspection: Inspection, digests: &Digests) -> Report {
    let facts = digests.known(inspection.facts);
    Report {
        file,
        verdict: Verdict::Accepted,
        code: None,
        message: format!("The video is in order: {}.", summary(&facts)),
        at: None,
        path: None,
        judged_after: facts.length,
        notes: inspection.notes,
        facts,
    }
}

fn refused(file: String, refusal: Refusal, length: u64) -> Report {
    Report {
        file,
        verdict: Verdict::Refused,
        code: Some(refusal.finding.check),
        message: refusal.finding.message,
        at: refusal.finding.at,
        path: refusal.finding.path,
        judged_after: refusal.judged_after,
        notes: refusal.notes,
        facts: Facts { length, ..Facts::default() },
    }
}

/// The facts a person asks for first.
fn summary(facts: &Facts) -> String {
    let unknown = || "?".to_owned();
    let number = |number: Option<u32>| number.map_or_else(unknown, |number| number.to_string());
    let seconds = facts.duration_ms.map_or_else(unknown, |all| {
        let (seconds, millis) = (all / 1000, all % 1000);
        format!("{seconds}.{millis:03}")
    });
    format!(
        "{seconds} s, {} by {} pixels, picture {}, sound {}",
        number(facts.width),
        number(facts.height),
        facts.video_codec.as_deref().unwrap_or("?"),
        facts.audio_codec.as_deref().unwrap_or("none"),
    )
}

impl Report {
    /// Writes the report for a person.
    fn write(&self, data: &mut impl Write) -> io::Result<()> {
        match self.code {
            None => writeln!(data, "{}: accepted", self.file)?,
            Some(code) => writeln!(
                data,
                "{}: refused, {code}{}, after {} of {} bytes",
                self.file,
                place(self.at, self.path.as_deref()),
                self.judged_after,
                self.facts.length
            )?,
        }
        writeln!(data, "  {}", self.message)?;
        if let Some(digest) = self.facts.sha256 {
            writeln!(data, "  SHA-256 {digest}")?;
        }
        for note in &self.notes {
            let place = place(note.at, note.path.as_deref());
            writeln!(data, "  note {}{place}: {}", note.check, note.message)?;
        }
        Ok(())
    }
}

/// Where it is, as far as that is known.
fn place(position: Option<u64>, path: Option<&str>) -> String {
    let position = position.map(|position| format!(" at byte {position}"));
    let path = path.map(|path| format!(" ({path})"));
    [position, path].into_iter().flatten().collect()
}
