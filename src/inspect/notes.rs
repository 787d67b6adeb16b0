//! Findings with the number of bytes after which they were certain.

use crate::model::{Check, Finding, Refusal};

/// The most notes in one list. The top level and the parsed boxes have one list each.
const MAX_NOTES: usize = 32;

/// The most notes of one check.
const MAX_NOTES_OF_A_CHECK: usize = 3;

/// A finding, and the number of bytes after which it was certain.
#[derive(Debug, Clone)]
pub(crate) struct TimedFinding {
    pub(crate) finding: Finding,
    pub(crate) after: u64,
    /// Whether a missing end of the file explains it. A truncated recording may be accepted in
    /// spite of such a finding.
    pub(crate) end_missing: bool,
}

impl TimedFinding {
    pub(crate) fn new(finding: Finding, after: u64) -> Self {
        let end_missing = matches!(finding.check, Check::BoxBeyondEnd | Check::Truncated);
        Self { finding, after, end_missing }
    }

    /// The refusal, with the notes that were already certain by then.
    pub(crate) fn into_refusal(self, notes: &[TimedFinding]) -> Refusal {
        let notes = notes.iter().filter(|note| note.after <= self.after);
        Refusal {
            finding: self.finding,
            judged_after: self.after,
            notes: notes.map(|note| note.finding.clone()).collect(),
        }
    }
}

/// A bounded list of notes.
#[derive(Debug, Clone, Default)]
pub(crate) struct NoteList(Vec<TimedFinding>);

impl NoteList {
    pub(crate) fn add(&mut self, after: u64, finding: Finding) {
        let of_check = self.0.iter().filter(|note| note.finding.check == finding.check).count();
        if self.0.len() < MAX_NOTES && of_check < MAX_NOTES_OF_A_CHECK {
            self.0.push(TimedFinding::new(finding, after));
        }
    }

    /// Removes the notes of the box that ends at the position `after`.
    pub(crate) fn remove_at(&mut self, after: u64) {
        self.0.retain(|note| note.after != after);
    }

    /// Sets the path of the notes that have none yet.
    pub(crate) fn set_paths(&mut self, path: impl Fn(u64) -> Option<String>) {
        for note in &mut self.0 {
            set_path(&mut note.finding, &path);
        }
    }

    /// Both lists in the order in which their notes became certain.
    pub(crate) fn merged(&self, other: &Self) -> Vec<TimedFinding> {
        let mut all: Vec<TimedFinding> = self.0.iter().chain(&other.0).cloned().collect();
        all.sort_by_key(|note| note.after);
        all
    }
}

/// Sets the path of a finding from its position, unless it has one.
pub(crate) fn set_path(finding: &mut Finding, path: impl Fn(u64) -> Option<String>) {
    if finding.path.is_none() {
        finding.path = finding.at.and_then(path);
    }
}
