//! Checks of the top level.

use forte_media::inspect::{Config, Quicktime};
use forte_media::model::Check;

use super::{FIRST, FRAGMENTED, GOOD, Pair, unchanged};
use crate::harness::boxes::{Node, leaf};
use crate::harness::mp4::{default_rules, edited, sample};

/// Inserts a box at the start of the file.
fn lead(file: &mut Node, first: Node) {
    let size = i32::try_from(first.bytes().len()).unwrap();
    file.children.insert(0, first);
    file.shift_chunks(size);
}

/// Appends a box to the file.
fn behind(kind: [u8; 4], body: &[u8]) -> impl FnOnce(&mut Node) {
    let last = leaf(kind, body);
    move |file| file.children.push(last)
}

/// The default rules of an operator who refuses QuickTime movies.
fn without_quicktime() -> Config {
    Config { quicktime: Quicktime::Refuse, ..default_rules() }
}

fn position(clip: &str, kind: &str) -> usize {
    usize::try_from(Node::parse(&sample(clip)).position(kind)).unwrap()
}

/// The sample with the 32-bit size of a box replaced.
fn sized(clip: &str, kind: &str, size: u32) -> Vec<u8> {
    let (mut file, at) = (sample(clip), position(clip, kind));
    file[at..at + 4].copy_from_slice(&size.to_be_bytes());
    file
}

/// The sample with a 64-bit size of its `mdat`, as Android writes it.
fn wide() -> Vec<u8> {
    let (file, at) = (edited(GOOD, |file| file.shift_chunks(8)), position(GOOD, "mdat"));
    let size = u32::from_be_bytes(file[at..at + 4].try_into().unwrap());
    let size = (u64::from(size) + 8).to_be_bytes();
    [&file[..at], b"\0\0\0\x01mdat", &size, &file[at + 8..]].concat()
}

fn brands(list: &'static [u8]) -> impl FnOnce(&mut Node) {
    move |file| {
        let ftyp = &mut file.at("ftyp").fields;
        let length = ftyp.len();
        *ftyp = [&list[..4], &[0; 4], &list[4..]].concat();
        ftyp.resize(length, 0);
    }
}

pub(super) fn refusals() -> Vec<Pair> {
    [opening(), streaming(), completion()].into_iter().flatten().collect()
}

fn opening() -> Vec<Pair> {
    let long_ftyp = |length: usize| {
        move |file: &mut Node| {
            let old = file.at("ftyp").fields.len();
            file.at("ftyp").fields.resize(length, 0);
            file.shift_chunks(i32::try_from(length - old).unwrap());
        }
    };
    let reserve = |bytes: usize| move |file: &mut Node| lead(file, leaf(*b"free", &vec![0; bytes]));
    let killed = [&sample(GOOD)[..32], b"????mdat", &[7; 2000]].concat();
    let start = |path| (Some(0), path);
    vec![
        Pair::raw(
            Check::NotMp4,
            sample("bad-not-mp4.mp4"),
            start(None),
            edited(GOOD, |file| lead(file, leaf(*b"wide", b""))),
        ),
        Pair::of(
            Check::FtypMissing,
            GOOD,
            ("free", "free"),
            reserve(64 * 1024 - 7),
            reserve(64 * 1024 - 8),
        )
        .rules(without_quicktime(), without_quicktime()),
        Pair::of(Check::FtypInvalid, GOOD, ("ftyp", "ftyp"), long_ftyp(4096), long_ftyp(4088)),
        Pair::of(
            Check::BrandUnsupported,
            GOOD,
            ("ftyp", "ftyp"),
            brands(b"mif1heic"),
            brands(b"abcd3gr9"),
        ),
        Pair::raw(
            Check::Quicktime,
            sample("quicktime.mov"),
            start(Some("ftyp")),
            edited(GOOD, |file| file.at("ftyp").fields[..4].copy_from_slice(b"qt  ")),
        )
        .rules(without_quicktime(), without_quicktime()),
        Pair::raw(Check::SizeLimit, Vec::new(), (None, None), sample(GOOD)),
        Pair::raw(Check::RecordingNotFinalised, killed, (Some(32), Some("mdat")), wide()),
    ]
}

fn streaming() -> Vec<Pair> {
    let moov = Some(position(GOOD, "moov") as u64);
    let good = sample(GOOD);
    let media = |count| {
        move |file: &mut Node| {
            file.children.extend(std::iter::repeat_n(leaf(*b"mdat", b""), count));
        }
    };
    let moov_limit = |max_moov| Config { max_moov, ..default_rules() };
    let fragment_limit = |max_moof| Config { max_moof, ..default_rules() };
    let length = (good.len() - position(GOOD, "moov")) as u64;
    let largest = 4096;
    let repeated = sample(FIRST).len() - 9;
    vec![
        Pair::raw(
            Check::BoxSizeInvalid,
            sized(GOOD, "moov", 7),
            (moov, Some("moov")),
            sized(GOOD, "moov", 0),
        ),
        Pair::raw(
            Check::BoxBeyondEnd,
            good[..good.len() - 1].to_vec(),
            (moov, Some("moov")),
            good.clone(),
        ),
        Pair::raw(
            Check::BoxGarbage,
            edited(GOOD, |file| file.children.insert(1, leaf(*b"moo\x1F", b""))),
            (Some(32), None),
            edited(GOOD, behind(*b"\xA9abc", b"")),
        ),
        Pair::of(
            Check::TooManyBoxes,
            GOOD,
            ("mdat:16384", "mdat[16385]"),
            media(16_384),
            media(16_383),
        ),
        Pair::of(Check::MoovTooLarge, GOOD, ("moov", "moov"), unchanged, unchanged)
            .rules(moov_limit(length - 1), moov_limit(length)),
        Pair::of(Check::MoofTooLarge, FRAGMENTED, ("moof", "moof[1]"), unchanged, unchanged)
            .rules(fragment_limit(100), fragment_limit(largest)),
        Pair::of(
            Check::MoovDuplicate,
            GOOD,
            ("moov:1", "moov[2]"),
            |file| {
                file.double("moov");
                file.at("moov:1").children.pop();
            },
            behind(*b"free", b""),
        ),
        Pair::of(
            Check::MoofBeforeMoov,
            FRAGMENTED,
            ("moof", "moof[1]"),
            |file| {
                let moov = file.remove("moov");
                file.children.push(moov);
            },
            |file| file.children.insert(1, leaf(*b"free", b"")),
        ),
        Pair::raw(
            Check::TrailingBytes,
            [sample(FIRST), sample(FIRST)[repeated..].to_vec()].concat(),
            (Some(sample(FIRST).len() as u64), None),
            [sample(FIRST), vec![0x9C; 9]].concat(),
        ),
    ]
}

fn completion() -> Vec<Pair> {
    let good = sample(GOOD);
    let end = Some(good.len() as u64);
    let tail = |tail: &[u8]| [&good[..], tail].concat();
    vec![
        Pair::raw(
            Check::Truncated,
            tail(b"\0\0\0\x01free\0\0\0\0\0\0\0"),
            (end, Some("free")),
            tail(b"\0\0\0\x01free\0\0\0\0\0\0\0\x10"),
        ),
        Pair::of(
            Check::MoovMissing,
            GOOD,
            ("mdat", "mdat"),
            |file| drop(file.remove("moov")),
            behind(*b"mdat", b""),
        ),
        Pair::raw(
            Check::MdatMissing,
            edited(GOOD, |file| file.at("mdat").kind = *b"free"),
            (None, None),
            edited(GOOD, behind(*b"mdat", b"")),
        ),
        Pair::of(
            Check::MdatMissing,
            GOOD,
            ("free:2", "free"),
            |file| {
                file.at("mdat").kind = *b"free";
                file.children.push(leaf(*b"free", b""));
            },
            unchanged,
        ),
    ]
}

pub(super) fn notes() -> Vec<Pair> {
    let free = Some(position(GOOD, "free") as u64);
    let unused = |bytes: usize| edited(GOOD, behind(*b"mdat", &vec![1; bytes]));
    vec![
        Pair::raw(
            Check::FreeTooSmall,
            sized(GOOD, "free", 7),
            (free, Some("free")),
            sized(GOOD, "free", 8),
        ),
        Pair::of(
            Check::BoxUnknown,
            GOOD,
            ("sefd", "sefd"),
            behind(*b"sefd", b"!"),
            behind(*b"uuid", &[0; 16]),
        ),
        Pair::raw(Check::MdatUnreferenced, unused(16_000), (None, None), unused(15_000)),
    ]
}
