//! The bodies of the fuzz targets. Each must terminate without a panic for any bytes.

use std::sync::Arc;

use forte_media::inspect::{Config, Inspection, Scanner};
use forte_media::model::{Length, Random, Refusal};
use jiff::Timestamp;

/// Files with a valid `moov`: at the end, at the beginning, with fragments, and QuickTime's.
const GOOD: [&[u8]; 4] = [
    include_bytes!("../../samples/good-moov-last.mp4"),
    include_bytes!("../../samples/good-moov-first.mp4"),
    include_bytes!("../../samples/good-fragmented.mp4"),
    include_bytes!("../../samples/quicktime.mov"),
];

/// The index of the fragmented one.
const FRAGMENTED: usize = 2;

/// The current time for all files.
const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// The length of the longest file: every position in a table is inside it.
const LONGEST: u64 = 64 << 20;

/// The maximum number of pieces of a file.
const MAX_PIECES: usize = 24;

/// A file in arbitrary pieces gets the same verdict as in one piece, and the scanner requests no more
/// than twice its bytes.
pub fn scanner(data: &[u8]) {
    let random = Random::seeded(hash(data));
    let rules = Config { enforce: random.bytes::<1>()[0] > 63, ..Config::relaxed() };
    let declared = Some(data.len() as u64);
    let (whole, _) = inspected(data, &[data], declared, &rules);
    let pieces = pieces(data, &random);
    let (cut, supplied) = inspected(data, &pieces, declared, &rules);
    assert_eq!(cut, whole, "cut at {:?}", pieces.iter().map(|it| it.len()).collect::<Vec<_>>());
    assert!(supplied <= 2 * data.len() as u64, "{supplied} of {} bytes", data.len());
    // Without a declared length it only must terminate.
    let _ = inspected(data, &pieces, None, &rules);
}

/// Reads the bytes as the content of a `moov`, and as that of a `moof` after a valid `moov`. Of a whole
/// file, as the seeds are, reads the content of its own boxes.
pub fn reader(data: &[u8]) {
    let rules = Config::relaxed();
    let start = [ftyp(0), boxed(*b"moov", content_of(data, *b"moov"))].concat();
    let _ = inspected(&start, &[&start], Some(LONGEST), &rules);
    let moof = boxed(*b"moof", content_of(data, *b"moof"));
    let fragment = [moov_and_before(FRAGMENTED), moof, boxed(*b"mdat", &[0; 4096])].concat();
    let _ = inspected(&fragment, &[&fragment], Some(fragment.len() as u64), &rules);
}

/// The content of the first box of a type; all bytes if there is none.
fn content_of(data: &[u8], kind: [u8; 4]) -> &[u8] {
    let found = top_level(data).find(|found| found[4..8] == kind);
    found.map_or(data, |found| &found[8..])
}

/// Changes a valid `moov` at positions given by the bytes. If our reader accepts it, it is rebuilt and
/// read by the crate `mp4`, which must neither fail nor loop.
pub fn rebuild(data: &[u8]) {
    let Some((first, changes)) = data.split_first() else { return };
    let which = usize::from(*first) % GOOD.len();
    let mut start = moov_and_before(which);
    let inside = start.len() - moov(which).len() + 8;
    for change in changes.chunks_exact(4) {
        let at = usize::from(u16::from_be_bytes([change[0], change[1]]));
        let at = inside + at % (start.len() - inside);
        change_byte(&mut start, at, change[2], change[3]);
    }
    let (verdict, _) = inspected(&start, &[&start], Some(LONGEST), &Config::relaxed());
    let notes = match &verdict {
        Ok(inspection) => &inspection.notes,
        Err(refusal) => &refusal.notes,
    };
    let failed = ["failed on this file", "too many steps", "seek to nowhere"];
    let failed = |message: &str| failed.iter().any(|words| message.contains(words));
    let bad = notes.iter().find(|note| failed(&note.message));
    assert!(bad.is_none(), "{bad:?}");
}

/// Changes one byte, or replaces four with an edge case.
fn change_byte(bytes: &mut [u8], at: usize, how: u8, value: u8) {
    const EDGE_CASES: [u32; 8] =
        [0, 1, 7, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF7, 0xFFFF_FFFF, 0x0001_0000];
    match how % 3 {
        0 => bytes[at] = value,
        1 => bytes[at] ^= 1 << (value % 8),
        _ => {
            let number = EDGE_CASES[usize::from(value) % EDGE_CASES.len()].to_be_bytes();
            bytes.iter_mut().skip(at).zip(number).for_each(|(place, byte)| *place = byte);
        }
    }
}

type Verdict = Result<Inspection, Refusal>;

/// The verdict, and how many bytes were requested again.
fn inspected(
    file: &[u8],
    pieces: &[&[u8]],
    declared: Option<u64>,
    rules: &Config,
) -> (Verdict, u64) {
    let mut scanner = Scanner::new(Arc::new(rules.clone()), declared.map(Length::new), NOW);
    let mut supplied = 0;
    for piece in pieces {
        scanner.push(piece);
        while let Some(needed) = scanner.needed_range() {
            assert!(needed.end <= scanner.position(), "{needed:?} has not been pushed");
            let [start, end] = [needed.start, needed.end].map(|at| usize::try_from(at).unwrap());
            scanner.supply(&file[start..end]);
            supplied += needed.end - needed.start;
        }
        if scanner.refusal().is_some() {
            break;
        }
    }
    (scanner.finish(), supplied)
}

fn pieces<'f>(file: &'f [u8], random: &Random) -> Vec<&'f [u8]> {
    let count = usize::from(random.bytes::<1>()[0]) % MAX_PIECES;
    let place = |_| u32::from_be_bytes(random.bytes()) as usize % (file.len() + 1);
    let mut ends: Vec<usize> = (0..count).map(place).chain([0, file.len()]).collect();
    ends.sort_unstable();
    ends.windows(2).map(|pair| &file[pair[0]..pair[1]]).collect()
}

/// The seed of the pieces depends on the bytes, so that failures are reproducible (FNV-1a).
fn hash(data: &[u8]) -> u64 {
    data.iter().fold(0xCBF2_9CE4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

fn boxed(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).unwrap();
    [&size.to_be_bytes()[..], &kind, body].concat()
}

/// The `moov` of a valid file, header included.
fn moov(which: usize) -> &'static [u8] {
    top_level(GOOD[which]).find(|found| &found[4..8] == b"moov").unwrap()
}

fn ftyp(which: usize) -> Vec<u8> {
    top_level(GOOD[which]).next().unwrap().to_vec()
}

fn moov_and_before(which: usize) -> Vec<u8> {
    [&ftyp(which), moov(which)].concat()
}

/// The boxes of the top level, as far as they are complete and have short headers.
fn top_level(mut file: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let size = u32::from_be_bytes(*file.first_chunk()?).max(8);
        let (found, rest) = file.split_at_checked(usize::try_from(size).ok()?)?;
        file = rest;
        Some(found)
    })
}
