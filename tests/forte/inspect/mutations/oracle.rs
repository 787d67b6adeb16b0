//! Is `judged_after` what it says: is the verdict certain there, and was it not before?

use forte_media::model::{Check, Refusal};

use super::trial::scanner;

/// Checks that look at one header of the top level.
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

/// Bytes of the two forms of a header. One header is judged at once, when it is there.
const HEADERS: [u64; 2] = [8, 16];

/// Whether a refusal was certain at a header of the top level.
pub(super) fn is_top_level(file: &[u8], refusal: &Refusal) -> bool {
    let length = u64::try_from(file.len()).unwrap();
    let early = refusal.judged_after <= length;
    TOP_LEVEL.contains(&refusal.finding.check) && early && header(refusal).is_some()
}

/// Whatever follows the byte at which the verdict was certain, it stays.
pub(super) fn stays(file: &[u8], refusal: &Refusal) {
    let after = usize::try_from(refusal.judged_after).unwrap();
    let (head, tail) = file.split_at(after.min(file.len()));
    let backwards: Vec<u8> = tail.iter().rev().copied().collect();
    let free = filled_with_free(tail.len());
    for other in [vec![0; tail.len()], vec![0xFF; tail.len()], backwards, free] {
        assert_eq!(judged(head, &other).as_ref(), Some(refusal));
    }
}

/// What is left behind `ftyp` or reserve for the headers of `moov` and `mdat`, at least. With less, no
/// header could save the file, but the next one is heard all the same: it tells a recording that was cut
/// from one that was never finished.
const LEAST_ROOM: usize = 16;

/// Had the header that decided been another one, the verdict would have been another one: it was
/// not certain before.
pub(super) fn was_open_before(file: &[u8], good: &[u8], refusal: &Refusal) {
    let Some(start) = header(refusal) else { return };
    let (head, tail) = file.split_at(start);
    if tail.len() < LEAST_ROOM {
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

/// Where the header began that decided; `None` when something else did.
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

/// One box of nothing, as long as asked for.
fn filled_with_free(length: usize) -> Vec<u8> {
    let size = u32::try_from(length).unwrap();
    let mut free = [&size.to_be_bytes()[..], b"free"].concat();
    free.resize(length, 0x55);
    free
}

/// The smallest that goes on as a video does: an `mdat` that leaves just the header of a `moov`.
fn media_and_index(length: usize) -> Vec<u8> {
    let mdat = u32::try_from(length - 8).unwrap();
    let mut both = [&mdat.to_be_bytes()[..], b"mdat"].concat();
    both.resize(length - 8, 0x55);
    both.extend(8_u32.to_be_bytes());
    both.extend(b"moov");
    both
}
