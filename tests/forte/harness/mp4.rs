//! Helpers that judge files in tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use forte_media::config::Settings;
use forte_media::inspect::{Config, Inspection, Scanner};
use forte_media::model::{Check, Length, Refusal};
use jiff::Timestamp;

use super::boxes::Node;

/// The current time in all tests, later than the creation of the samples.
pub(crate) const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

static RULES: LazyLock<Config> = LazyLock::new(|| Settings::load(None, []).unwrap().inspect);

/// The rules of the default settings.
pub(crate) fn default_rules() -> Config {
    RULES.clone()
}

pub(crate) type Verdict = Result<Inspection, Refusal>;

/// A scanner that knows the length of the file.
pub(crate) fn scanner(file: &[u8], rules: Config) -> Scanner {
    Scanner::new(Arc::new(rules), Some(Length::new(file.len() as u64)), NOW)
}

/// Judges a file of declared length, pushed in one chunk.
pub(crate) fn judge(file: &[u8], rules: Config) -> Verdict {
    judge_in_chunks(file, rules, usize::MAX)
}

/// Judges a file of declared length, pushed in chunks of one size.
pub(crate) fn judge_in_chunks(file: &[u8], rules: Config, size: usize) -> Verdict {
    drive(scanner(file, rules), file, file.chunks(size.min(file.len().max(1))))
}

/// Pushes a file chunk by chunk until it is refused.
pub(crate) fn drive<'f>(
    mut scanner: Scanner,
    file: &[u8],
    chunks: impl IntoIterator<Item = &'f [u8]>,
) -> Verdict {
    for chunk in chunks {
        push(&mut scanner, chunk, file);
        if let Some(refusal) = scanner.refusal() {
            assert!(refusal.judged_after <= scanner.position());
            break;
        }
    }
    scanner.finish()
}

/// Pushes a chunk, and supplies the needed ranges from the whole file.
pub(crate) fn push(scanner: &mut Scanner, chunk: &[u8], file: &[u8]) {
    scanner.push(chunk);
    supply(scanner, file);
}

/// Supplies the needed ranges, and asserts that they have been pushed before.
pub(crate) fn supply(scanner: &mut Scanner, file: &[u8]) {
    while let Some(needed) = scanner.needed_range() {
        assert!(needed.end <= scanner.position(), "{needed:?} has not been pushed");
        let [start, end] = [needed.start, needed.end].map(|at| usize::try_from(at).unwrap());
        scanner.supply(&file[start..end]);
    }
}

/// Judges a file in several chunkings, which must all agree.
pub(crate) fn judge_all_ways(file: &[u8], rules: &Config) -> Verdict {
    let whole = judge(file, rules.clone());
    for size in [1, 7, 4096] {
        assert_eq!(judge_in_chunks(file, rules.clone(), size), whole, "in chunks of {size}");
    }
    let thirds = [0, file.len() / 3, file.len() * 2 / 3, file.len()];
    let thirds = thirds.array_windows().map(|[from, to]| &file[*from..*to]);
    assert_eq!(
        judge_with_restarts(file, rules, thirds),
        whole,
        "with a new scanner for each chunk"
    );
    whole
}

/// Judges a file like an upload in many requests on many nodes: each chunk gets a new scanner that
/// first replays all earlier bytes.
pub(crate) fn judge_with_restarts<'f>(
    file: &[u8],
    rules: &Config,
    chunks: impl IntoIterator<Item = &'f [u8]>,
) -> Verdict {
    let mut last = scanner(file, rules.clone());
    let mut pushed = 0;
    for chunk in chunks {
        let mut next = scanner(file, rules.clone());
        for earlier in file[..pushed].chunks(4096) {
            push(&mut next, earlier, file);
        }
        assert_eq!(next.refusal(), last.refusal());
        push(&mut next, chunk, file);
        pushed += chunk.len();
        last = next;
    }
    last.finish()
}

/// Asserts that a file is refused by `check`, and returns the refusal.
pub(crate) fn refused_by(file: &[u8], rules: &Config, check: Check) -> Refusal {
    match judge_all_ways(file, rules) {
        Ok(_) => panic!("accepted, expected {check}"),
        Err(refusal) => {
            assert_eq!(refusal.finding.check, check, "{}", refusal.finding.message);
            refusal
        }
    }
}

/// Asserts that a file is accepted, and returns the inspection.
pub(crate) fn accepted_by(file: &[u8], rules: &Config) -> Inspection {
    match judge_all_ways(file, rules) {
        Ok(inspection) => inspection,
        Err(refusal) => panic!("{}: {}", refusal.finding.check, refusal.finding.message),
    }
}

/// Asserts that an edited sample is refused by `check` under the default rules.
pub(crate) fn refused(name: &str, check: Check, edit: impl FnOnce(&mut Node)) -> Refusal {
    refused_by(&edited(name, edit), &default_rules(), check)
}

/// Asserts that an edited sample is accepted under the default rules.
pub(crate) fn accepted(name: &str, edit: impl FnOnce(&mut Node)) -> Inspection {
    accepted_by(&edited(name, edit), &default_rules())
}

/// Asserts that an edited sample is accepted, and returns the checks of its notes.
pub(crate) fn noted(name: &str, edit: impl FnOnce(&mut Node)) -> Vec<Check> {
    accepted(name, edit).notes.iter().map(|note| note.check).collect()
}

/// The bytes of a sample after an edit.
pub(crate) fn edited(name: &str, edit: impl FnOnce(&mut Node)) -> Vec<u8> {
    let mut file = Node::parse(&sample(name));
    edit(&mut file);
    file.bytes()
}

pub(crate) fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

/// The bytes of a sample.
pub(crate) fn sample(name: &str) -> Vec<u8> {
    fs::read(samples().join(name)).unwrap()
}
