//! Applies random damage of every kind to good files.

use forte_media::model::Random;

use super::map::{MappedFile, Place};

/// A kind of damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Damage {
    /// The end is missing.
    Truncation,
    /// A few bits or bytes are changed.
    Flip,
    /// The 32-bit size of a box.
    Size,
    /// The 64-bit size of a box.
    WideSize,
    /// The number of entries that a table claims.
    Count,
    /// An entry of a table.
    Entry,
    /// The type of a box.
    Type,
    /// A box is duplicated, removed, swapped, wrapped or moved.
    Nesting,
    /// A fixed field: version, flags, timescale, duration, track.
    Header,
}

/// Numbers that provoke overflows and off-by-one errors.
const EXTREME_VALUES: [u32; 16] = [
    0,
    1,
    2,
    7,
    8,
    9,
    15,
    16,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFF7,
    0xFFFF_FFFE,
    0xFFFF_FFFF,
    0x3F3F_3F3F,
    0x0100_0000,
    0x0001_0000,
];

const EXTREME_WIDE_VALUES: [u64; 10] =
    [0, 1, 15, 16, 17, 1 << 31, 1 << 32, i64::MAX as u64, u64::MAX - 15, u64::MAX];

/// Box types that parsers know, and some that they do not know.
const TYPES: [&[u8; 4]; 30] = [
    b"ftyp",
    b"moov",
    b"mdat",
    b"moof",
    b"free",
    b"skip",
    b"wide",
    b"uuid",
    b"trak",
    b"mdia",
    b"minf",
    b"stbl",
    b"stsd",
    b"stts",
    b"stsc",
    b"stsz",
    b"stz2",
    b"stco",
    b"co64",
    b"ctts",
    b"mvhd",
    b"tkhd",
    b"mdhd",
    b"hdlr",
    b"udta",
    b"meta",
    b"traf",
    b"encv",
    b"abcd",
    b"\0\0\0\0",
];

/// Tables: box type, offset of the count in the body, length of an entry.
const TABLES: [(&[u8; 4], usize, usize); 14] = [
    (b"stts", 4, 8),
    (b"ctts", 4, 8),
    (b"stsc", 4, 12),
    (b"stsz", 8, 4),
    (b"stco", 4, 4),
    (b"co64", 4, 8),
    (b"stss", 4, 4),
    (b"elst", 4, 12),
    (b"trun", 4, 4),
    (b"stsd", 4, 16),
    (b"dref", 4, 12),
    (b"sidx", 20, 12),
    (b"keys", 4, 12),
    (b"tfra", 12, 11),
];

/// Boxes with fixed fields that parsers compute with.
const HEADERS: [&[u8; 4]; 14] = [
    b"mvhd", b"tkhd", b"mdhd", b"hdlr", b"mehd", b"trex", b"mfhd", b"tfhd", b"tfdt", b"trun",
    b"vmhd", b"avcC", b"hvcC", b"av1C",
];

/// The maximum number of boxes to wrap around a box: deeper than any parser goes.
const MAX_LAYERS: usize = 20;

impl Damage {
    pub(crate) const ALL: [Self; 9] = [
        Self::Truncation,
        Self::Flip,
        Self::Size,
        Self::WideSize,
        Self::Count,
        Self::Entry,
        Self::Type,
        Self::Nesting,
        Self::Header,
    ];

    /// Returns a damaged copy of a good file, or an unchanged one if the damage does not apply.
    pub(crate) fn apply(self, good: &MappedFile, random: &Random) -> Vec<u8> {
        let mut bad = good.bytes.clone();
        match self {
            Self::Truncation => bad.truncate(cut(good, random)),
            Self::Flip => flip(&mut bad, good, random),
            Self::Size => size(&mut bad, good, random),
            Self::WideSize => wide_size(&mut bad, good, random),
            Self::Count => count(&mut bad, good, random),
            Self::Entry => entry(&mut bad, good, random),
            Self::Type => kind(&mut bad, good, random),
            Self::Nesting => nesting(&mut bad, good, random),
            Self::Header => header(&mut bad, good, random),
        }
        bad
    }
}

/// A random number below `limit`; 0 if `limit` is 0.
pub(crate) fn below(limit: usize, random: &Random) -> usize {
    usize::try_from(u32::from_be_bytes(random.bytes())).unwrap().checked_rem(limit).unwrap_or(0)
}

fn choose<T: Copy>(all: &[T], random: &Random) -> T {
    all[below(all.len(), random)]
}

/// Overwrites existing bytes; ignores those past the end.
fn write(bad: &mut [u8], at: usize, bytes: &[u8]) {
    for (place, byte) in bad.iter_mut().skip(at).zip(bytes) {
        *place = *byte;
    }
}

fn read(bad: &[u8], at: usize) -> u32 {
    bad.get(at..at + 4).map_or(0, |word| u32::from_be_bytes(word.try_into().unwrap()))
}

/// A position at a box boundary, within a box, or anywhere.
fn cut(good: &MappedFile, random: &Random) -> usize {
    let place = good.any(random);
    let near = [place.at, place.at + 4, place.body, place.end.saturating_sub(1), place.end];
    match below(3, random) {
        0 => below(good.bytes.len(), random),
        1 => place.at + below(place.end - place.at, random),
        _ => choose(&near, random).min(good.bytes.len() - 1),
    }
}

fn flip(bad: &mut [u8], good: &MappedFile, random: &Random) {
    for _ in 0..=below(4, random) {
        let at = good.metadata_byte(random);
        match below(3, random) {
            0 => bad[at] ^= 1 << below(8, random),
            1 => bad[at] = random.bytes::<1>()[0],
            _ => write(bad, at, &choose(&EXTREME_VALUES, random).to_be_bytes()),
        }
    }
}

/// An extreme number, or one close to the right one.
fn near(right: u32, random: &Random) -> u32 {
    let by = choose(&[1, 2, 4, 7, 8, 12, 16, 256], random);
    match below(3, random) {
        0 => right.wrapping_add(by),
        1 => right.wrapping_sub(by),
        _ => choose(&EXTREME_VALUES, random),
    }
}

fn size(bad: &mut [u8], good: &MappedFile, random: &Random) {
    let place = good.any(random);
    let size = near(read(bad, place.at), random);
    write(bad, place.at, &size.to_be_bytes());
}

/// Turns the first bytes of the body into a 64-bit size, or inserts a correct one.
fn wide_size(bad: &mut Vec<u8>, good: &MappedFile, random: &Random) {
    let place = good.any(random);
    write(bad, place.at, &1_u32.to_be_bytes());
    let right = u64::try_from(place.end - place.at).unwrap();
    if below(2, random) == 0 && place.body == place.at + 8 {
        bad.splice(place.body..place.body, (right + 8).to_be_bytes());
        place.resize_around(bad, 8);
        return;
    }
    let size = if below(4, random) == 0 { right } else { choose(&EXTREME_WIDE_VALUES, random) };
    write(bad, place.at + 8, &size.to_be_bytes());
}

fn table<'m>(good: &'m MappedFile, random: &Random) -> Option<(&'m Place, usize, usize)> {
    let tables = good.places.iter().filter_map(|place| {
        let (_, count, entry) = TABLES.iter().find(|(kind, ..)| **kind == place.kind)?;
        Some((place, place.body + count, *entry))
    });
    let tables: Vec<_> = tables.collect();
    tables.get(below(tables.len(), random)).copied()
}

fn count(bad: &mut [u8], good: &MappedFile, random: &Random) {
    if let Some((_, at, _)) = table(good, random) {
        let count = near(read(bad, at), random);
        write(bad, at, &count.to_be_bytes());
    }
}

fn entry(bad: &mut [u8], good: &MappedFile, random: &Random) {
    let Some((place, count, length)) = table(good, random) else { return };
    let first = count + 4;
    let entries = place.end.saturating_sub(first) / length;
    let word = below(length.div_ceil(4), random) * 4;
    let at = first + below(entries, random) * length + word;
    let number = near(read(bad, at), random);
    write(bad, at, &number.to_be_bytes());
}

fn kind(bad: &mut [u8], good: &MappedFile, random: &Random) {
    let place = good.any(random);
    let kind = match below(4, random) {
        0 => random.bytes(),
        1 => good.any(random).kind,
        _ => *choose(&TYPES, random),
    };
    write(bad, place.at + 4, &kind);
}

fn header(bad: &mut [u8], good: &MappedFile, random: &Random) {
    let known = good.places.iter().filter(|place| HEADERS.contains(&&place.kind));
    let known: Vec<_> = known.collect();
    let Some(place) = known.get(below(known.len(), random)) else { return };
    match below(4, random) {
        0 => bad[place.body] = random.bytes::<1>()[0], // the version
        1 => write(bad, place.body + 1, &random.bytes::<3>()), // the flags
        _ => {
            let words = (place.end - place.body).min(32) / 4;
            let at = place.body + below(words, random) * 4;
            let number = near(read(bad, at), random);
            write(bad, at, &number.to_be_bytes());
        }
    }
}

/// Duplicates, removes, moves, wraps or swaps a box, and corrects the sizes of its parents so that
/// parsers reach it.
fn nesting(bad: &mut Vec<u8>, good: &MappedFile, random: &Random) {
    let place = good.any_but_media(random);
    let (at, end) = (place.at, place.end);
    let whole = good.bytes[at..end].to_vec();
    let length = i64::try_from(whole.len()).unwrap();
    match below(5, random) {
        0 => {
            bad.splice(end..end, whole);
            place.resize_around(bad, length);
        }
        1 => {
            bad.drain(at..end);
            place.resize_around(bad, -length);
        }
        2 => {
            let parent = good.any_but_media(random);
            bad.splice(parent.body..parent.body, whole);
            parent.resize_within(bad, length);
        }
        3 => {
            let layers = 1 + below(MAX_LAYERS, random);
            let wrapped = wrap(whole, *choose(&TYPES, random), layers);
            let more = i64::try_from(wrapped.len()).unwrap() - length;
            bad.splice(at..end, wrapped);
            place.resize_around(bad, more);
        }
        _ => swap(bad, good, place),
    }
}

fn wrap(body: Vec<u8>, kind: [u8; 4], layers: usize) -> Vec<u8> {
    (0..layers).fold(body, |body, _| super::boxes::boxed(kind, &body))
}

/// Swaps a box with its next sibling.
fn swap(bad: &mut Vec<u8>, good: &MappedFile, place: &Place) {
    let next = good.places.iter().find(|next| next.at == place.end);
    if let Some(next) = next.filter(|next| next.parents == place.parents) {
        let swapped = [&good.bytes[next.at..next.end], &good.bytes[place.at..place.end]].concat();
        bad.splice(place.at..next.end, swapped);
    }
}
