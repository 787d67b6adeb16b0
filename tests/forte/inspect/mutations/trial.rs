//! A trial with one damaged file.

use std::sync::Arc;

use allocation_counter::measure;
use forte_media::inspect::{Config, Scanner, TruncatedRecording, steps};
use forte_media::model::{Length, Random};

use crate::harness::mp4::{self, NOW, Verdict, judge_in_chunks};
use crate::harness::mutants::below;

/// Heap for everything except the boxes that are read: headers, notes, messages, the second parser.
const SPARE: u64 = 64 * 1024;

/// A byte is read back at most twice: once for its box, once for the NAL check.
const MAX_READS: u64 = 2;

/// Fields and table entries read per byte of the file. The measured value is below one.
const STEPS: u64 = 2;

/// Steps for the smallest file.
const SPARE_STEPS: u64 = 1_000;

/// The cost of judging a file.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Cost {
    /// Calls of `push`, `needed_range` and `supply`.
    pub(super) calls: u64,
    /// Bytes that were read back.
    pub(super) supplied: u64,
    /// Fields and table entries that were read.
    pub(super) steps: u64,
    /// `steps` per 1,000 bytes of the file.
    pub(super) steps_in_1000: u64,
    /// The size of the largest range that was read back.
    pub(super) largest: u64,
    /// Peak heap in bytes, including the ranges that were read back.
    pub(super) heap: u64,
}

/// Judges a file in several ways that must agree, and asserts the limits on the cost.
pub(super) fn judge(file: &[u8], random: &Random) -> (Verdict, Cost) {
    let chunks = [1, 7, 501, 4096, 65_536];
    let size = chunks[below(chunks.len(), random)].max(file.len() / 4096);
    let (whole, _) = cost_of(file, file.len().max(1));
    let (verdict, cost) = cost_of(file, size);
    assert_eq!(verdict, whole, "in chunks of {size}");
    assert_eq!(judge_after_restart(file, size), whole, "after a restart, in chunks of {size}");
    let lenient = Config { cut_recording: TruncatedRecording::Accept, ..Config::relaxed() };
    assert_eq!(
        judge_in_chunks(file, lenient.clone(), size),
        mp4::judge(file, lenient),
        "with truncated recordings accepted"
    );
    assert_bounded(file, size, cost);
    (verdict, cost)
}

fn assert_bounded(file: &[u8], size: usize, cost: Cost) {
    let length = u64::try_from(file.len()).unwrap();
    let pushes = u64::try_from(file.len().div_ceil(size)).unwrap();
    assert!(cost.supplied <= MAX_READS * length, "{cost:?} for {length} bytes");
    // A header has at least eight bytes, which limits the number of ranges.
    assert!(cost.calls <= 2 * pushes + MAX_READS * length / 4 + 2, "{cost:?} for {length} bytes");
    let allowed = STEPS * length + SPARE_STEPS;
    assert!(cost.steps <= allowed, "{cost:?} for {length} bytes");
    assert!(cost.heap < 3 * cost.largest + SPARE, "{cost:?} for {length} bytes");
}

/// Judges a file in chunks of one size; like the upload, reads the needed ranges back.
fn cost_of(file: &[u8], size: usize) -> (Verdict, Cost) {
    let (mut verdict, mut cost) = (None, Cost::default());
    let before = steps::taken();
    let heap = measure(|| {
        let mut scanner = scanner(file);
        for chunk in file.chunks(size) {
            scanner.push(chunk);
            cost.calls += 1;
            supply(&mut scanner, file, &mut cost);
            if scanner.refusal().is_some() {
                break;
            }
        }
        verdict = Some(scanner.finish());
    });
    cost.heap = heap.bytes_max;
    cost.steps = steps::taken() - before;
    cost.steps_in_1000 = cost.steps * 1000 / file.len().max(1000) as u64;
    (verdict.unwrap(), cost)
}

fn supply(scanner: &mut Scanner, file: &[u8], cost: &mut Cost) {
    while let Some(needed) = scanner.needed_range() {
        assert!(needed.end <= scanner.position(), "{needed:?} has not been pushed");
        let [start, end] = [needed.start, needed.end].map(|at| usize::try_from(at).unwrap());
        let read_back = file[start..end].to_vec();
        scanner.supply(&read_back);
        cost.calls += 2;
        cost.supplied += needed.end - needed.start;
        cost.largest = cost.largest.max(needed.end - needed.start);
    }
}

/// Judges a file with a scanner that replays the first half, as after the restart of a node.
fn judge_after_restart(file: &[u8], size: usize) -> Verdict {
    let half = file.len() / 2;
    let mut cost = Cost::default();
    let mut scanner = scanner(file);
    scanner.push(&file[..half]);
    supply(&mut scanner, file, &mut cost);
    for chunk in file[half..].chunks(size.max(4096)) {
        scanner.push(chunk);
        supply(&mut scanner, file, &mut cost);
    }
    scanner.finish()
}

/// A scanner that knows the length of the file.
pub(super) fn scanner(file: &[u8]) -> Scanner {
    let length = Length::new(u64::try_from(file.len()).unwrap());
    Scanner::new(Arc::new(Config::relaxed()), Some(length), NOW)
}
