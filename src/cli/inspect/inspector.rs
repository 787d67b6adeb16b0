//! Inspection of one file.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;

use super::read::scan;
use super::report::Report;
use super::tree;
use crate::inspect::{Config, Scanner};
use crate::model::{Clock, Length};

/// The options that apply to every file.
pub(super) struct Inspector {
    pub(super) config: Arc<Config>,
    pub(super) declared_length: Option<u64>,
    pub(super) with_tree: bool,
}

impl Inspector {
    pub(super) fn inspect(&self, path: &Path) -> anyhow::Result<Report> {
        let mut file =
            File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        self.report(path, &mut file).with_context(|| format!("cannot read {}", path.display()))
    }

    fn report(&self, path: &Path, file: &mut File) -> io::Result<Report> {
        let length = file.metadata()?.len();
        let declared = Some(Length::new(self.declared_length.unwrap_or(length)));
        let mut scanner = Scanner::new(Arc::clone(&self.config), declared, Clock::system().now());
        let digests = scan(file, &mut scanner)?;
        let name = path.display().to_string();
        let mut report = match scanner.finish() {
            Ok(inspection) => Report::accepted(name, inspection, &digests),
            Err(refusal) => Report::refused(name, refusal, length),
        };
        if self.with_tree {
            report.boxes = Some(tree::read(file, length)?);
        }
        Ok(report)
    }
}
