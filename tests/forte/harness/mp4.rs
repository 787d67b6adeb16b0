//! Judging files in tests: rules, drivers of the scanner, the sample clips.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, LazyLock};

use forte_media::config::Settings;
use forte_media::inspect::{Config, Inspection, Scanner};
use forte_media::model::{Check, Length, Refusal};
use jiff::Timestamp;

use super::boxes::Node;

/// "Now" for all files: later than the samples were made.
pub(crate) const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// Read once.
static RULES: LazyLock<Config> = LazyLock::new(|| Settings::load(None, []).unwrap().inspect);

/// The rules of the embedded settings.
pub(crate) fn default_rules() -> Config {
    RULES.clone()
}

/// A verdict, in a form that can be compared.
pub(crate) type Verdict = Result<Inspection, Refusal>;

/// A scanner that was told the length of the file.
pub(crate) fn scanner(file: &[u8], rules: Config) -> Scanner {
    Scanner::new(Arc::new(rules), Some(Length::new(file.len() as u64)), NOW)
}

/// Judges a file whose length was announced, pushed as a whole.
pub(crate) fn judge(file: &[u8], rules: Config) -> Verdict {
    judge_in_pieces(file, rules, usize::MAX)
}

/// Judges a file that is pushed in pieces of one size, as a caller should.
pub(crate) fn judge_in_pieces(file: &[u8], rules: Config, size: usize) -> Verdict {
    drive(scanner(file, rules), file, file.chunks(size.min(file.len().max(1))))
}

/// Judges a file that is pushed piece by piece, until it is refused.
pub(crate) fn drive<'f>(
    mut scanner: Scanner,
    file: &[u8],
    pieces: impl IntoIterator<Item = &'f [u8]>,
) -> Verdict {
    for piece in pieces {
        push(&mut scanner, piece, file);
        if let Some(refusal) = scanner.refusal() {
            assert!(refusal.judged_after <= scanner.position());
            break;
        }
    }
    scanner.finish()
}

/// Pushes a piece, and supplies what is then wanted out of the whole file.
pub(crate) fn push(scanner: &mut Scanner, piece: &[u8], file: &[u8]) {
    scanner.push(piece);
    supply(scanner, file);
}

/// Supplies what is wanted, and checks that it has been pushed before.
pub(crate) fn supply(scanner: &mut Scanner, file: &[u8]) {
    while let Some(wanted) = scanner.needed_range() {
        assert!(wanted.end <= scanner.position(), "{wanted:?} has not been pushed");
        let [start, end] = [wanted.start, wanted.end].map(|at| usize::try_from(at).unwrap());
        scanner.supply(&file[start..end]);
    }
}

/// Judges a file in several ways of cutting it, which must all agree.
pub(crate) fn judge_every_way(file: &[u8], rules: &Config) -> Verdict {
    let whole = judge(file, rules.clone());
    for size in [1, 7, 4096] {
        assert_eq!(judge_in_pieces(file, rules.clone(), size), whole, "in pieces of {size}");
    }
    let thirds = [0, file.len() / 3, file.len() * 2 / 3, file.len()];
    let thirds = thirds.array_windows().map(|[from, to]| &file[*from..*to]);
    assert_eq!(judge_anew(file, rules, thirds), whole, "with a new scanner for each piece");
    whole
}

/// Judges a file as many requests on many nodes do: for each piece there is a new scanner, which is
/// fed all that came before.
pub(crate) fn judge_anew<'f>(
    file: &[u8],
    rules: &Config,
    pieces: impl IntoIterator<Item = &'f [u8]>,
) -> Verdict {
    let mut last = scanner(file, rules.clone());
    let mut come = 0;
    for piece in pieces {
        let mut next = scanner(file, rules.clone());
        for again in file[..come].chunks(4096) {
            push(&mut next, again, file);
        }
        assert_eq!(next.refusal(), last.refusal());
        push(&mut next, piece, file);
        come += piece.len();
        last = next;
    }
    last.finish()
}

/// The refusal of a file, which must be for the reason that is asked for.
pub(crate) fn refused_by(file: &[u8], rules: &Config, check: Check) -> Refusal {
    match judge_every_way(file, rules) {
        Ok(_) => panic!("accepted, but {check} was asked for"),
        Err(refusal) => {
            assert_eq!(refusal.finding.check, check, "{}", refusal.finding.message);
            refusal
        }
    }
}

/// What is known of a file, which must be accepted.
pub(crate) fn accepted_by(file: &[u8], rules: &Config) -> Inspection {
    match judge_every_way(file, rules) {
        Ok(inspection) => inspection,
        Err(refusal) => panic!("{}: {}", refusal.finding.check, refusal.finding.message),
    }
}

/// The refusal of a sample clip after an edit, by the default rules.
pub(crate) fn refused(name: &str, check: Check, edit: impl FnOnce(&mut Node)) -> Refusal {
    refused_by(&edited(name, edit), &default_rules(), check)
}

/// What is known of a sample clip after an edit that does no harm.
pub(crate) fn accepted(name: &str, edit: impl FnOnce(&mut Node)) -> Inspection {
    accepted_by(&edited(name, edit), &default_rules())
}

/// The checks noted of a sample clip after an edit that only earns notes.
pub(crate) fn noted(name: &str, edit: impl FnOnce(&mut Node)) -> Vec<Check> {
    accepted(name, edit).notes.iter().map(|note| note.check).collect()
}

/// A sample clip after an edit.
pub(crate) fn edited(name: &str, edit: impl FnOnce(&mut Node)) -> Vec<u8> {
    let mut file = Node::parse(&sample(name));
    edit(&mut file);
    file.bytes()
}

/// The folder of the sample clips.
pub(crate) fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

/// The bytes of a sample clip.
pub(crate) fn sample(name: &str) -> Vec<u8> {
    fs::read(samples().join(name)).unwrap()
}
