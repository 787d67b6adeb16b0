//! One file read and judged.

use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;

use super::report::Report;
use super::tree;
use crate::inspect::{Config, Digests, Scanner};
use crate::model::{Clock, Length};

/// Bytes read at a time.
const PIECE: usize = 64 * 1024;

/// What all files are judged by.
pub(super) struct Judge {
    pub(super) rules: Arc<Config>,
    pub(super) declared_length: Option<u64>,
    pub(super) with_tree: bool,
}

impl Judge {
    /// Reads a file until it is certain whether it is good.
    pub(super) fn file(&self, path: &Path) -> anyhow::Result<Report> {
        let mut file =
            File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        let length = file.metadata().map(|data| data.len());
        let length = length.with_context(|| format!("cannot look at {}", path.display()))?;
        let read = || format!("cannot read {}", path.display());
        let report = self.judge(path, &mut file, length).with_context(read)?;
        if !self.with_tree {
            return Ok(report);
        }
        let boxes = tree::read(&file, length).with_context(read)?;
        Ok(Report { boxes: Some(boxes), ..report })
    }

    fn judge(&self, path: &Path, file: &mut File, length: u64) -> io::Result<Report> {
        let declared = Some(Length::new(self.declared_length.unwrap_or(length)));
        let mut scanner = Scanner::new(Arc::clone(&self.rules), declared, Clock::system().now());
        let digests = scan(file, &mut scanner)?;
        let name = path.display().to_string();
        Ok(match scanner.finish() {
            Ok(inspection) => Report::accepted(name, inspection, &digests),
            Err(refusal) => Report::refused(name, refusal, length),
        })
    }
}

/// Feeds a file through the scanner until its end, or until it is refused. Answers the hashes of
/// what was read.
pub(in crate::cli) fn scan(file: &mut File, scanner: &mut Scanner) -> io::Result<Digests> {
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
        while let Some(wanted) = scanner.needed_range() {
            read_range(file, &wanted, &mut again)?;
            scanner.supply(&again);
        }
    }
    Ok(digests)
}

/// Reads a stretch, wherever the file is being read. The scanner never asks for more than
/// `inspect.max_moov`, the outline for no more than its own bound.
pub(super) fn read_range(file: &File, wanted: &Range<u64>, into: &mut Vec<u8>) -> io::Result<()> {
    let length = wanted.end.saturating_sub(wanted.start);
    into.resize(usize::try_from(length).map_err(io::Error::other)?, 0);
    file.read_exact_at(into, wanted.start)
}
