//! Judging files in tests: rules, a driver of the scanner, the sample clips.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use forte_media::inspect::{Config, Inspection, Quicktime, Scanner};
use forte_media::model::{Length, Refusal};
use jiff::{SignedDuration, Timestamp};

/// "Now" for all files: later than the samples were made.
pub(crate) const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// The rules of the default settings.
pub(crate) fn default_rules() -> Config {
    Config {
        min_duration: SignedDuration::from_secs(1),
        max_duration: SignedDuration::from_mins(30),
        quicktime: Quicktime::Refuse,
        max_moov: 4 * 1024 * 1024,
        max_moof: 1024 * 1024,
        enforce: true,
        codecs: ["avc1", "avc3", "hvc1", "hev1", "av01", "vp09", "mp4v"].map(String::from).into(),
    }
}

/// A verdict, in a form that can be compared.
pub(crate) type Verdict = Result<Inspection, Refusal>;

/// Judges a file whose length was announced, pushed as a whole.
pub(crate) fn judge(bytes: &[u8], rules: Config) -> Verdict {
    judge_in_pieces(bytes, rules, usize::MAX)
}

/// Judges a file that is pushed in pieces of one size, as a caller should.
pub(crate) fn judge_in_pieces(bytes: &[u8], rules: Config, size: usize) -> Verdict {
    let mut scanner = Scanner::new(Arc::new(rules), Some(Length::new(bytes.len() as u64)), NOW);
    for piece in bytes.chunks(size.min(bytes.len().max(1))) {
        push(&mut scanner, piece, bytes);
        if scanner.refusal().is_some() {
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
    while let Some(wanted) = scanner.wants() {
        assert!(wanted.end <= scanner.position(), "{wanted:?} has not been pushed");
        scanner.supply(&file[wanted.start as usize..wanted.end as usize]);
    }
}

/// The folder of the sample clips.
pub(crate) fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

/// The bytes of a sample clip.
pub(crate) fn sample(name: &str) -> Vec<u8> {
    fs::read(samples().join(name)).unwrap()
}
