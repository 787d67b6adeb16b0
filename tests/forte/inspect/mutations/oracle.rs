//! Asserts that the verdict is certain at `judged_after` and not before.

use forte_media::model::{Check, Refusal};

use super::trial::scanner;

/// Checks of a single top-level header.
const TOP_LEVEL: [Check; 14] = [
    Check::NotMp4,
    Check::FtypMissing,
    Check::RecordingNotFinalised,
    Check::BoxSizeInvalid,
    Check::BoxBeyondEnd,
    Check::BoxGarbage,
    Check::TooManyBoxes,
    Check::MoovTooLarge,
    Check::MoofTooLarge,
    Check::MoovDuplicate,
    Check::MoofBeforeMoov,
    Check::MoovMissing,
    Check::TrailingBytes,
    Check::BoxMisplaced,
];

/// The sizes of a header. A header is judged when it is complete.
const HEADERS: [u64; 2] = [8, 16];

/// Whether a top-level header decided the refusal.
pub(super) fn is_top_level(file: &[u8], refusal: &Refusal) -> bool {
    let length = u64::try_from(file.len()).unwrap();
    let early = refusal.judged_after <= length;
    TOP_LEVEL.contains(&refusal.finding.check) && early && header(refusal).is_some()
}

/// Asserts that the refusal does not depend on the bytes after `judged_after`.
pub(super) fn assert_certain(file: &[u8], refusal: &Refusal) {
    let after = usize::try_from(refusal.judged_after).unwrap();
    let (head, tail) = file.split_at(after.min(file.len()));
    let backwards: Vec<u8> = tail.iter().rev().copied().collect();
    let free = filled_with_free(tail.len());
    for other in [vec![0; tail.len()], vec![0xFF; tail.len()], backwards, free] {
        assert_eq!(judged(head, &other).as_ref(), Some(refusal));
    }
}

/// The size of the headers of `moov` and `mdat`. With fewer bytes left no header could save the file,
/// but the next one still decides between a truncated and an unfinished recording.
const MIN_REST: usize = 16;

/// Asserts that another deciding header would have changed the verdict.
pub(super) fn assert_uncertain_before(file: &[u8], good: &[u8], refusal: &Refusal) {
    let Some(start) = header(refusal) else { return };
    let (head, tail) = file.split_at(start);
    if tail.len() < MIN_REST {
        return;
    }
    let before = good.get(start..).unwrap_or_default();
    let mut like_the_good = before.to_vec();
    like_the_good.resize(tail.len(), 0);
    let others = [filled_with_free(tail.len()), like_the_good, media_and_index(tail.len())];
    let same = |other: &Vec<u8>| {
        let other = judged(head, other);
        other.is_some_and(|it| {
            it.finding == refusal.finding && it.judged_after == refusal.judged_after
        })
    };
    assert!(!others.iter().all(same), "{refusal:?} was certain before byte {start}");
}

/// The position of the header that decided the refusal, if a header did.
fn header(refusal: &Refusal) -> Option<usize> {
    let at = refusal.finding.at?;
    let decided = HEADERS.contains(&refusal.judged_after.checked_sub(at)?);
    decided.then(|| usize::try_from(at).unwrap())
}

fn judged(head: &[u8], tail: &[u8]) -> Option<Refusal> {
    let file = [head, tail].concat();
    let mut scanner = scanner(&file);
    crate::harness::mp4::push(&mut scanner, &file, &file);
    scanner.finish().err()
}

/// A `free` box of the given length.
fn filled_with_free(length: usize) -> Vec<u8> {
    let size = u32::try_from(length).unwrap();
    let mut free = [&size.to_be_bytes()[..], b"free"].concat();
    free.resize(length, 0x55);
    free
}

/// An `mdat` followed by an empty `moov`.
fn media_and_index(length: usize) -> Vec<u8> {
    let mdat = u32::try_from(length - 8).unwrap();
    let mut both = [&mdat.to_be_bytes()[..], b"mdat"].concat();
    both.resize(length - 8, 0x55);
    both.extend(8_u32.to_be_bytes());
    both.extend(b"moov");
    both
}
