//! What each fuzz target does with some bytes. All of them must end, and none may panic.

use std::sync::Arc;

use jiff::Timestamp;

use super::rooms::inspect::{Config, Inspection, Scanner};
use super::rooms::model::{Length, Random, Refusal};

/// Files with a good `moov` each: its media last, first, in fragments, and QuickTime's.
const GOOD: [&[u8]; 4] = [
    include_bytes!("../../samples/good-moov-last.mp4"),
    include_bytes!("../../samples/good-moov-first.mp4"),
    include_bytes!("../../samples/good-fragmented.mp4"),
    include_bytes!("../../samples/quicktime.mov"),
];

/// The one whose `moov` announces fragments.
const FRAGMENTED: usize = 2;

/// "Now" for all files.
const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// The longest file there may be: every position of a table is inside it.
const LONGEST: u64 = 64 << 20;

/// Pieces that a file is cut into, at most.
const CUTS: usize = 24;

/// The scanner: a whole file in arbitrary pieces gives the verdict that it gives in one, and asks
/// for no more than a small multiple of its bytes.
pub fn scanner(data: &[u8]) {
    let random = Random::seeded(sum(data));
    let rules = Config { enforce: random.bytes::<1>()[0] > 63, ..Config::relaxed() };
    let declared = Some(data.len() as u64);
    let (whole, _) = judged(data, &[data], declared, &rules);
    let pieces = pieces(data, &random);
    let (cut, supplied) = judged(data, &pieces, declared, &rules);
    assert_eq!(cut, whole, "cut at {:?}", pieces.iter().map(|it| it.len()).collect::<Vec<_>>());
    assert!(supplied <= 2 * data.len() as u64, "{supplied} of {} bytes", data.len());
    // Of a file whose length is not announced, only that it ends.
    let _ = judged(data, &pieces, None, &rules);
}

/// The reader: the bytes as the inside of a `moov`, and as that of a `moof` after a good `moov`. Of
/// a whole file, as seeds are, what is inside its own.
pub fn reader(data: &[u8]) {
    let rules = Config::relaxed();
    let start = [ftyp(0), boxed(*b"moov", inside(data, *b"moov"))].concat();
    let _ = judged(&start, &[&start], Some(LONGEST), &rules);
    let moof = boxed(*b"moof", inside(data, *b"moof"));
    let fragment = [moov_and_before(FRAGMENTED), moof, boxed(*b"mdat", &[0; 4096])].concat();
    let _ = judged(&fragment, &[&fragment], Some(fragment.len() as u64), &rules);
}

/// What is inside the first box of a kind; everything, where there is none.
fn inside(data: &[u8], kind: [u8; 4]) -> &[u8] {
    let found = top_level(data).find(|found| found[4..8] == kind);
    found.map_or(data, |found| &found[8..])
}

/// The rebuild: a good `moov` that is changed in places named by the bytes. Whatever our reader
/// accepts of it is rebuilt and read by the crate `mp4`, which must neither fail nor run on.
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
    let (verdict, _) = judged(&start, &[&start], Some(LONGEST), &Config::relaxed());
    let notes = match &verdict {
        Ok(inspection) => &inspection.notes,
        Err(refusal) => &refusal.notes,
    };
    let failed = ["failed on this file", "too many steps", "seek to nowhere"];
    let failed = |message: &str| failed.iter().any(|words| message.contains(words));
    let bad = notes.iter().find(|note| failed(&note.message));
    assert!(bad.is_none(), "{bad:?}");
}

/// One byte becomes another, or four become an evil number.
fn change_byte(bytes: &mut [u8], at: usize, how: u8, value: u8) {
    const EVIL: [u32; 8] =
        [0, 1, 7, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFF7, 0xFFFF_FFFF, 0x0001_0000];
    match how % 3 {
        0 => bytes[at] = value,
        1 => bytes[at] ^= 1 << (value % 8),
        _ => {
            let number = EVIL[usize::from(value) % EVIL.len()].to_be_bytes();
            bytes.iter_mut().skip(at).zip(number).for_each(|(place, byte)| *place = byte);
        }
    }
}

type Verdict = Result<Inspection, Refusal>;

/// The verdict, and how many bytes were asked for again.
fn judged(file: &[u8], pieces: &[&[u8]], declared: Option<u64>, rules: &Config) -> (Verdict, u64) {
    let mut scanner = Scanner::new(Arc::new(rules.clone()), declared.map(Length::new), NOW);
    let mut supplied = 0;
    for piece in pieces {
        scanner.push(piece);
        while let Some(wanted) = scanner.needed_range() {
            assert!(wanted.end <= scanner.position(), "{wanted:?} has not been pushed");
            let [start, end] = [wanted.start, wanted.end].map(|at| usize::try_from(at).unwrap());
            scanner.supply(&file[start..end]);
            supplied += wanted.end - wanted.start;
        }
        if scanner.refusal().is_some() {
            break;
        }
    }
    (scanner.finish(), supplied)
}

fn pieces<'f>(file: &'f [u8], random: &Random) -> Vec<&'f [u8]> {
    let count = usize::from(random.bytes::<1>()[0]) % CUTS;
    let place = |_| u32::from_be_bytes(random.bytes()) as usize % (file.len() + 1);
    let mut ends: Vec<usize> = (0..count).map(place).chain([0, file.len()]).collect();
    ends.sort_unstable();
    ends.windows(2).map(|pair| &file[pair[0]..pair[1]]).collect()
}

/// Where a file is cut depends on its bytes, so that a file that fails fails again.
fn sum(data: &[u8]) -> u64 {
    data.iter().fold(0xCBF2_9CE4_8422_2325, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01B3)
    })
}

fn boxed(kind: [u8; 4], body: &[u8]) -> Vec<u8> {
    let size = u32::try_from(body.len() + 8).unwrap();
    [&size.to_be_bytes()[..], &kind, body].concat()
}

/// The `moov` of a good file, its header included.
fn moov(which: usize) -> &'static [u8] {
    top_level(GOOD[which]).find(|found| &found[4..8] == b"moov").unwrap()
}

fn ftyp(which: usize) -> Vec<u8> {
    top_level(GOOD[which]).next().unwrap().to_vec()
}

fn moov_and_before(which: usize) -> Vec<u8> {
    [&ftyp(which), moov(which)].concat()
}

/// The boxes of the top level, as far as they are whole and have plain headers.
fn top_level(mut file: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let size = u32::from_be_bytes(*file.first_chunk()?).max(8);
        let (found, rest) = file.split_at_checked(usize::try_from(size).ok()?)?;
        file = rest;
        Some(found)
    })
}
