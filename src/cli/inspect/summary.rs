//! Counts of accepted, refused and unreadable files.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::report::{Report, Verdict};
use crate::cli::answer::Answer;

#[derive(Default)]
pub(super) struct Summary {
    accepted: u64,
    refused: u64,
    unreadable: u64,
    refusals_by_code: BTreeMap<&'static str, u64>,
}

impl Summary {
    pub(super) fn add(&mut self, result: &Result<Report, String>) {
        let counter = match result {
            Err(_) => &mut self.unreadable,
            Ok(report) if report.verdict == Verdict::Accepted => &mut self.accepted,
            Ok(report) => {
                let code = report.code.map_or("?", |check| check.code());
                let of_code = self.refusals_by_code.entry(code).or_default();
                *of_code = of_code.saturating_add(1);
                &mut self.refused
            }
        };
        *counter = counter.saturating_add(1);
    }

    /// Writes the counts if there was more than one file.
    pub(super) fn write(&self, out: &mut impl Write) -> io::Result<()> {
        let all = [self.accepted, self.refused, self.unreadable].iter().sum::<u64>();
        if all < 2 {
            return Ok(());
        }
        let codes = self.refusals_by_code.iter().map(|(code, count)| format!("{code} {count}"));
        let codes = codes.collect::<Vec<_>>().join(", ");
        let codes = if codes.is_empty() { codes } else { format!(" ({codes})") };
        write!(out, "{all} files: {} accepted, {} refused{codes}", self.accepted, self.refused)?;
        if self.unreadable > 0 {
            write!(out, ", {} could not be read", self.unreadable)?;
        }
        writeln!(out)
    }

    /// The exit status for all files together.
    pub(super) fn answer(&self) -> Answer {
        match (self.unreadable, self.refused) {
            (0, 0) => Answer::Done,
            (0, _) => Answer::No,
            _ => Answer::Failed,
        }
    }
}
