//! What was noticed, and how many bytes had been read by then.

use crate::model::{Check, Finding, Refusal};

/// The most notes kept by each of the two readers; a file that earns more is no better known by
/// them.
const MAX_NOTES: usize = 32;

/// The most notes of one check: the fourth says nothing that the first three did not.
const MAX_NOTES_OF_A_CHECK: usize = 3;

/// A finding, with the number of bytes after which it was certain.
#[derive(Debug, Clone)]
pub(crate) struct Noted {
    pub(crate) finding: Finding,
    pub(crate) after: u64,
    /// Whether it only says that the end of the file is missing.
    pub(crate) end_missing: bool,
}

impl Noted {
    pub(crate) fn new(finding: Finding, after: u64) -> Self {
        let end_missing = matches!(finding.check, Check::BoxBeyondEnd | Check::Truncated);
        Self { finding, after, end_missing }
    }

    /// The refusal, with those notes that were already certain by then.
    pub(crate) fn into_refusal(self, notes: &[Noted]) -> Refusal {
        let notes = notes.iter().filter(|note| note.after <= self.after);
        Refusal {
            finding: self.finding.asking(),
            judged_after: self.after,
            notes: notes.map(|note| note.finding.clone()).collect(),
        }
    }
}

/// A bounded list of notes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Notes(Vec<Noted>);

impl Notes {
    pub(crate) fn add(&mut self, after: u64, finding: Finding) {
        if self.0.len() < MAX_NOTES && self.count(finding.check) < MAX_NOTES_OF_A_CHECK {
            self.0.push(Noted::new(finding, after));
        }
    }

    /// Takes back what was noted after so many bytes.
    pub(crate) fn forget(&mut self, after: u64) {
        self.0.retain(|note| note.after != after);
    }

    /// Gives those notes a path that have none yet.
    pub(crate) fn place(&mut self, path: impl Fn(u64) -> Option<String>) {
        for finding in self.0.iter_mut().map(|note| &mut note.finding) {
            if finding.path.is_none() {
                finding.path = finding.at.and_then(&path);
            }
        }
    }

    /// Both lists in the order in which their notes became certain.
    pub(crate) fn merged(&self, other: &Self) -> Vec<Noted> {
        let mut all: Vec<Noted> = self.0.iter().chain(&other.0).cloned().collect();
        all.sort_by_key(|note| note.after);
        all
    }

    fn count(&self, check: Check) -> usize {
        self.0.iter().filter(|note| note.finding.check == check).count()
    }
}
