//! For the checks of the top level, `judged_after` is the first byte at which the verdict is certain:
//! after it no continuation up to the declared length could be accepted.
//!
//! The oracle shares no code with the scanner. It decides for each prefix of a file whether the file
//! can still be accepted. It works on complete headers of 8 or 16 bytes.

use forte_media::inspect::{Config, Quicktime};
use forte_media::model::{Check, Random, Refusal};

use crate::harness::mp4::{default_rules, judge, push, sample, scanner};

/// The number of damaged files.
const FILES: usize = 500;

/// The types of box that a file can begin with.
const BEGIN: [&[u8]; 7] = [b"ftyp", b"wide", b"free", b"skip", b"mdat", b"moov", b"pnot"];

/// The types of box that occur only inside others.
const INNER: [&[u8]; 21] = [
    b"trak", b"edts", b"mdia", b"minf", b"dinf", b"stbl", b"mvex", b"traf", b"mvhd", b"tkhd",
    b"mdhd", b"stsd", b"stts", b"stsc", b"stsz", b"stco", b"co64", b"mfhd", b"tfhd", b"tfdt",
    b"trun",
];

const MAX_PADDING: usize = 64 * 1024;

/// The boxes before the current position.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
struct Seen {
    boxes: usize,
    ftyp: bool,
    /// The size of `moov`.
    moov: Option<usize>,
    mdat: bool,
    fragments: bool,
    /// Whether no `mdat` has begun since the last `moof`.
    awaits_media: bool,
}

impl Seen {
    fn is_complete(&self) -> bool {
        self.moov.is_some() && self.mdat
    }

    /// The minimum number of bytes that must follow a box of this type: the headers of the missing
    /// boxes. 0 where the content of `ftyp` and `moov` decides first.
    fn needs(&self, kind: &[u8]) -> usize {
        if !self.ftyp || matches!(kind, b"ftyp" | b"moov") {
            return 0;
        }
        let moov = if self.moov.is_some() { 0 } else { 8 };
        let mdat = if self.mdat || kind == b"mdat" { 0 } else { 8 };
        moov + mdat
    }
}

enum Header {
    Bad,
    Unknown,
    Size(usize),
}

/// Whether no file of `length` bytes with this prefix can be accepted.
fn is_hopeless(prefix: &[u8], length: usize) -> bool {
    let mut seen = Seen::default();
    let mut at = 0;
    while at < length {
        let (there, left) = (&prefix[at.min(prefix.len())..], length - at);
        if seen.is_complete() && (left < 8 || is_tail(there, &seen)) {
            return false; // bytes after the last box are judged at the end of the file
        }
        if there.len() < 8 {
            return there.len() == left; // too few for any box
        }
        match header(there, at, left, &seen) {
            Header::Bad => return true,
            Header::Unknown => return false,
            Header::Size(size) => {
                seen.boxes += 1;
                seen.ftyp |= &there[4..8] == b"ftyp";
                seen.fragments |= &there[4..8] == b"moof";
                seen.awaits_media =
                    &there[4..8] == b"moof" || (seen.awaits_media && &there[4..8] != b"mdat");
                if &there[4..8] == b"moov" {
                    seen.moov = seen.moov.or(Some(size));
                }
                seen.mdat |= &there[4..8] == b"mdat";
                at += size;
            }
        }
        if at > prefix.len() {
            return false;
        }
    }
    !seen.is_complete()
}

/// Whether a header after a complete video is none.
fn is_tail(there: &[u8], seen: &Seen) -> bool {
    let Some(first) = there.get(..8) else { return false };
    let plain = |byte: &u8| (0x20..0x7F).contains(byte) || b"\r\n\t".contains(byte);
    let is_plain = first == [0; 8] || first.iter().all(plain);
    let is_text = first[4..].iter().all(|byte| (0x20..0x7F).contains(byte) || *byte == 0xA9);
    let known = [
        b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"sidx", b"ssix", b"styp",
        b"emsg", b"prft", b"mfra", b"meta", b"uuid", b"pnot", b"udta",
    ];
    let is_known = known.iter().any(|kind| **kind == first[4..]) || INNER.contains(&&first[4..]);
    let size = u32::from_be_bytes(first[..4].try_into().unwrap());
    let has_size = matches!(size, 0 | 1 | 8..0x800_0000);
    let is_box = is_text && (is_known || has_size);
    !is_box && (!seen.fragments || is_plain || !(seen.awaits_media || is_text))
}

fn may_be_open(kind: &[u8], seen: &Seen) -> bool {
    seen.is_complete() && !seen.fragments && kind != b"moof"
}

fn header(there: &[u8], at: usize, left: usize, seen: &Seen) -> Header {
    let short = u32::from_be_bytes(there[..4].try_into().unwrap());
    let kind = &there[4..8];
    let reserve = matches!(kind, b"free" | b"skip" | b"wide");
    let strange = (seen.boxes == 0 && !BEGIN.contains(&kind))
        || !kind.iter().all(|byte| (0x20..0x7F).contains(byte) || *byte == 0xA9)
        || INNER.contains(&kind)
        || (kind == b"mdat" && (short == 0x3F3F_3F3F || (short == 0 && seen.moov.is_none())))
        || (kind == b"moov" && seen.moov.is_some_and(|size| size != short as usize))
        || (kind == b"moof" && seen.moov.is_none());
    if strange {
        return Header::Bad;
    }
    let (claimed, least) = match short {
        1 if left < 16 => return Header::Bad,
        1 if there.len() < 16 => return Header::Unknown,
        1 => (u64::from_be_bytes(there[8..16].try_into().unwrap()), 16),
        short => (u64::from(short), 8),
    };
    let claimed = usize::try_from(claimed).unwrap();
    let late =
        !seen.ftyp && kind != b"ftyp" && !(reserve && at.saturating_add(claimed) <= MAX_PADDING);
    let size = match claimed {
        0 if least == 8 && (matches!(kind, b"mdat" | b"moov") || may_be_open(kind, seen)) => left,
        size if size >= least => size,
        _ if least == 8 && matches!(kind, b"free" | b"skip") => 8,
        _ => return Header::Bad,
    };
    let most = match kind {
        b"ftyp" => 4096,
        b"moov" => 4 << 20,
        b"moof" => 1 << 20,
        _ => usize::MAX,
    };
    let placeholder = kind == b"mdat" && claimed == 0x3F3F_3F3F_3F3F_3F3F;
    if late || placeholder || size > most || size > left || left - size < seen.needs(kind) {
        return Header::Bad;
    }
    Header::Size(size)
}

/// The length of the shortest hopeless prefix, by binary search.
fn first_hopeless(file: &[u8]) -> Option<usize> {
    let hopeless = |length: &usize| is_hopeless(&file[..*length], file.len());
    if !hopeless(&file.len()) {
        return None;
    }
    let (mut from, mut to) = (0, file.len());
    while to - from > 64 {
        let middle = usize::midpoint(from, to);
        if hopeless(&middle) { to = middle } else { from = middle }
    }
    (from..=to).find(hopeless)
}

/// The default rules, but a missing `ftyp` is refused.
fn rules() -> Config {
    Config { quicktime: Quicktime::Refuse, ..default_rules() }
}

/// The position at which the scanner, fed byte by byte, refuses the file.
fn first_refusal(file: &[u8]) -> Option<usize> {
    let mut scanner = scanner(file, rules());
    (0..file.len()).find_map(|at| {
        push(&mut scanner, &file[at..=at], file);
        scanner.refusal().map(|_| at + 1)
    })
}

/// Whether the refusal depends on the top level alone. Whether bytes behind a fragment are media that
/// has moved is decided at the end of the file.
fn is_top_level(refusal: &Refusal, file: &[u8]) -> bool {
    let judged_at_end = refusal.judged_after == file.len() as u64;
    if refusal.finding.check == Check::BoxGarbage && judged_at_end {
        return false;
    }
    let inside = refusal.finding.path.as_ref().is_some_and(|path| path.contains('/'));
    let checks = [
        Check::NotMp4,
        Check::FtypMissing,
        Check::FtypInvalid,
        Check::RecordingNotFinalised,
        Check::BoxSizeInvalid,
        Check::BoxBeyondEnd,
        Check::BoxGarbage,
        Check::MoovTooLarge,
        Check::MoofTooLarge,
        Check::MoovDuplicate,
        Check::MoofBeforeMoov,
        Check::BoxMisplaced,
        Check::Truncated,
        Check::MoovMissing,
        Check::MdatMissing,
    ];
    !inside && checks.contains(&refusal.finding.check)
}

/// The positions of the top-level headers.
fn headers(file: &[u8]) -> Vec<usize> {
    let (mut at, mut found) = (0, Vec::new());
    while at + 8 <= file.len() {
        found.push(at);
        at += u32::from_be_bytes(file[at..at + 4].try_into().unwrap()) as usize;
    }
    found
}

fn below(limit: usize, random: &Random) -> usize {
    usize::try_from(u32::from_be_bytes(random.bytes())).unwrap() % limit
}

/// A file with one or two changes to its top level.
fn damaged(good: &[u8], random: &Random) -> Vec<u8> {
    let mut bad = good.to_vec();
    for _ in 0..=below(2, random) {
        let places = headers(good);
        let place = places[below(places.len(), random)].min(bad.len().saturating_sub(9));
        match below(9, random) {
            0 => bad[place + below(8, random)] ^= 1 << below(8, random),
            1 => bad[place..place + 4]
                .copy_from_slice(&u32::try_from(below(40, random)).unwrap().to_be_bytes()),
            2 => bad[place + 3] = bad[place + 3].wrapping_add(random.bytes::<1>()[0]),
            3 => bad[place + 4..place + 8]
                .copy_from_slice([b"free", b"mdat", b"moov", b"trak", b"moof"][below(5, random)]),
            4 => drop(bad.drain(place..place + 8)),
            5 => bad.extend(vec![0; below(12, random)]),
            6 => bad.extend(random.bytes::<5>().map(|byte| byte & 1)),
            7 => bad.truncate(place.max(9) + below(20, random)),
            _ => {
                let size = u64::try_from(below(good.len(), random)).unwrap().to_be_bytes();
                bad.splice(place..place + 4, [0, 0, 0, 1]);
                bad.splice(place + 8..place + 8, size);
            }
        }
    }
    bad
}

#[test]
fn a_top_level_refusal_comes_at_the_first_certain_byte() {
    let random = Random::seeded(20_261_124);
    let names = ["good-moov-last.mp4", "good-moov-first.mp4", "good-fragmented.mp4"];
    let mut top_level = 0;
    for round in 0..FILES {
        let file = damaged(&sample(names[round % names.len()]), &random);
        let (verdict, hopeless) = (judge(&file, rules()), first_hopeless(&file));
        match verdict {
            Ok(_) => assert_eq!(hopeless, None, "file {round} was accepted"),
            Err(refusal) => {
                let judged = usize::try_from(refusal.judged_after).unwrap();
                let Refusal { finding, .. } = &refusal;
                if first_refusal(&file).is_some() {
                    assert_eq!(first_refusal(&file), Some(judged), "file {round}: {finding:?}");
                }
                if is_top_level(&refusal, &file) {
                    top_level += 1;
                    assert_eq!(hopeless, Some(judged), "file {round}: {finding:?}");
                } else {
                    assert!(hopeless.is_none_or(|at| at >= judged), "file {round}: {finding:?}");
                }
            }
        }
    }
    assert!(top_level > FILES / 3, "only {top_level} of {FILES} are refused for the top level");
}

#[test]
fn the_oracle_is_monotonic() {
    let random = Random::seeded(7);
    for _ in 0..20 {
        let file = damaged(&sample("good-moov-last.mp4"), &random);
        let first = first_hopeless(&file).unwrap_or(usize::MAX);
        for length in 0..=file.len() {
            assert_eq!(is_hopeless(&file[..length], file.len()), length >= first, "{length}");
        }
    }
}
