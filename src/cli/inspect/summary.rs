//! How many were accepted, and why the others were not.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::report::{Report, Verdict};
use crate::cli::Answer;

/// Counts of verdicts.
#[derive(Default)]
pub(super) struct Summary {
    accepted: u64,
    refused: u64,
    unreadable: u64,
    /// Refusals by their codes.
    codes: BTreeMap<&'static str, u64>,
}

impl Summary {
    /// Counts one more.
    pub(super) fn count(&mut self, verdict: &Result<Report, String>) {
        let counter = match verdict {
            Err(_) => &mut self.unreadable,
            Ok(report) if report.verdict == Verdict::Accepted => &mut self.accepted,
            Ok(report) => {
                let code = report.code.map_or("?", |check| check.code());
                let of_code = self.codes.entry(code).or_default();
                *of_code = of_code.saturating_add(1);
                &mut self.refused
            }
        };
        *counter = counter.saturating_add(1);
    }

    /// Writes the counts, where there was more than one file.
    pub(super) fn write(&self, words: &mut impl Write) -> io::Result<()> {
        let all = [self.accepted, self.refused, self.unreadable].iter().sum::<u64>();
        if all < 2 {
            return Ok(());
        }
        let codes = self.codes.iter().map(|(code, count)| format!("{code} {count}"));
        let codes = codes.collect::<Vec<_>>().join(", ");
        let codes = if codes.is_empty() { codes } else { format!(" ({codes})") };
        write!(words, "{all} files: {} accepted, {} refused{codes}", self.accepted, self.refused)?;
        if self.unreadable > 0 {
            write!(words, ", {} could not be read", self.unreadable)?;
        }
        writeln!(words)
    }

    /// The exit code for all of them together.
    pub(super) fn answer(&self) -> Answer {
        match (self.unreadable, self.refused) {
            (0, 0) => Answer::Done,
            (0, _) => Answer::No,
            _ => Answer::CouldNot,
        }
    }
}
