//! Checks of the boxes in `moov`.

use forte_media::inspect::Config;
use forte_media::model::Check;

use super::{GOOD, Pair};
use crate::harness::boxes::{Node, leaf};
use crate::harness::mp4::{default_rules, edited, sample};

const STSD: &str = "moov/trak/mdia/minf/stbl/stsd";
const ENTRY: &str = "moov/trak/mdia/minf/stbl/stsd/avc1";

/// Bytes that are not a box.
fn tail(bytes: &[u8]) -> Node {
    Node { kind: *b"file", fields: bytes.to_vec(), children: Vec::new() }
}

/// Nested boxes of one type, inside the box at a path.
fn nested(parent: &'static str, kind: [u8; 4], depth: usize) -> impl FnOnce(&mut Node) {
    move |file| {
        let mut inner = leaf(kind, b"");
        for _ in 1..depth {
            inner = Node { kind, fields: Vec::new(), children: vec![inner] };
        }
        file.at(parent).children.push(inner);
    }
}

fn push(parent: &'static str, child: Node) -> impl FnOnce(&mut Node) {
    move |file| file.at(parent).children.push(child)
}

/// Sets a number in the fields of a box.
fn set(path: &'static str, offset: usize, number: u32) -> impl FnOnce(&mut Node) {
    move |file| file.at(path).set(offset, number)
}

fn renamed(path: &'static str, kind: [u8; 4]) -> impl FnOnce(&mut Node) {
    move |file| file.at(path).kind = kind
}

fn tracks(count: u32) -> impl FnOnce(&mut Node) {
    move |file| {
        let mut empty = file.at("moov/trak:1").clone();
        empty.empty_track();
        for id in 3..=count {
            empty.at("tkhd").set(12, id);
            file.at("moov").children.push(empty.clone());
        }
    }
}

/// `mvhd` with 64-bit times.
fn wide_mvhd(file: &mut Node) {
    let mvhd = &mut file.at("moov/mvhd").fields;
    let old = mvhd.clone();
    let [created, modified, timescale, duration] = [4, 8, 12, 16].map(|at| &old[at..at + 4]);
    let zero = &[0; 4][..];
    let head = [&[1, 0, 0, 0], zero, created, zero, modified, timescale, zero, duration];
    *mvhd = [head.concat(), old[20..].to_vec()].concat();
}

pub(super) fn refusals() -> Vec<Pair> {
    [shape(), fields(), codecs()].into_iter().flatten().collect()
}

fn shape() -> Vec<Pair> {
    let good = sample(GOOD);
    let mvhd = Node::parse(&good).position("moov/mvhd");
    let mut overrun = good;
    overrun[usize::try_from(mvhd).unwrap() + 1] = 0xFF;
    vec![
        Pair::raw(
            Check::BoxOverrun,
            overrun,
            (Some(mvhd), Some("moov/mvhd")),
            edited(GOOD, push("moov", leaf(*b"free", b""))),
        ),
        Pair::of(
            Check::BoxTooDeep,
            GOOD,
            (
                "moov/edts/edts/edts/edts/edts/edts/edts/edts/edts/edts/edts/edts/edts/edts/edts/edts",
                "moov/edts/edts/edts/edts/edts/edts/edts/edts/edts/edts/edts/edts/edts/edts/edts/edts",
            ),
            nested("moov", *b"edts", 16),
            nested("moov/udta", *b"abcd", 1000),
        ),
        Pair::of(
            Check::BoxMissing,
            GOOD,
            ("moov/trak/mdia/minf/stbl", "moov/trak[1]/mdia/minf/stbl"),
            |file| drop(file.remove("moov/trak/mdia/minf/stbl/stts")),
            |file| drop(file.remove("moov/trak/mdia/minf/stbl/stss")),
        ),
        Pair::of(
            Check::BoxDuplicate,
            GOOD,
            ("moov/mvhd:1", "moov/mvhd[2]"),
            |file| file.double("moov/mvhd"),
            |file| file.double("moov/udta"),
        ),
        Pair::of(
            Check::BoxDuplicate,
            GOOD,
            ("moov/trak/mdia/minf/stbl/co64", "moov/trak[1]/mdia/minf/stbl/co64"),
            push("moov/trak/mdia/minf/stbl", leaf(*b"co64", &[0; 8])),
            push("moov/trak/mdia/minf/stbl", leaf(*b"sdtp", &[0; 8])),
        ),
        Pair::of(
            Check::BoxMisplaced,
            GOOD,
            ("moov/trak/trak", "moov/trak[1]/trak"),
            push("moov/trak", leaf(*b"trak", b"")),
            push("moov/trak", leaf(*b"tref", b"")),
        ),
    ]
}

fn fields() -> Vec<Pair> {
    let mdhd = "moov/trak/mdia/mdhd";
    vec![
        Pair::of(
            Check::BoxVersion,
            GOOD,
            ("moov/mvhd", "moov/mvhd"),
            |file| file.at("moov/mvhd").fields[0] = 2,
            wide_mvhd,
        ),
        Pair::of(
            Check::BoxShort,
            GOOD,
            ("moov/mvhd", "moov/mvhd"),
            |file| file.at("moov/mvhd").fields.truncate(99),
            |file| file.at("moov/mvhd").fields.push(0),
        ),
        Pair::of(
            Check::TimescaleInvalid,
            GOOD,
            (mdhd, "moov/trak[1]/mdia/mdhd"),
            set(mdhd, 12, 0x8000_0000),
            set(mdhd, 12, 0x7FFF_FFFF),
        )
        .rules(default_rules(), Config::relaxed()),
        Pair::of(Check::TooManyTracks, GOOD, ("moov", "moov"), tracks(33), tracks(32)),
        Pair::of(
            Check::NoVideoTrack,
            GOOD,
            ("moov", "moov"),
            |file| drop(file.remove("moov/trak")),
            |file| file.at("moov/trak:1/mdia/hdlr").fields[8..12].copy_from_slice(b"meta"),
        ),
    ]
}

fn codecs() -> Vec<Pair> {
    let entry = "moov/trak[1]/mdia/minf/stbl/stsd/avc1";
    let config = "moov/trak/mdia/minf/stbl/stsd/avc1/avcC";
    let dref = "moov/trak/mdia/minf/dinf/dref/url ";
    vec![
        Pair::of(
            Check::CodecUnsupported,
            GOOD,
            ("moov/trak/mdia/minf/stbl/stsd/s263", "moov/trak[1]/mdia/minf/stbl/stsd/s263"),
            renamed(ENTRY, *b"s263"),
            renamed(ENTRY, *b"avc3"),
        ),
        Pair::of(
            Check::Encrypted,
            GOOD,
            ("moov/trak/mdia/minf/stbl/stsd/drms", "moov/trak[1]/mdia/minf/stbl/stsd/drms"),
            renamed(ENTRY, *b"drms"),
            renamed(ENTRY, *b"avc3"),
        ),
        Pair::of(
            Check::CodecConfigMissing,
            GOOD,
            (ENTRY, entry),
            renamed(config, *b"free"),
            |file| file.at(ENTRY).children.insert(0, leaf(*b"free", b"")),
        ),
        Pair::of(
            Check::CodecConfigInvalid,
            GOOD,
            (config, "moov/trak[1]/mdia/minf/stbl/stsd/avc1/avcC"),
            |file| file.at(ENTRY).at("avcC").fields[5] = 0xFF,
            |file| file.at(ENTRY).at("avcC").fields.push(0),
        ),
        Pair::of(
            Check::ExternalData,
            GOOD,
            (dref, "moov/trak[1]/mdia/minf/dinf/dref/url "),
            |file| file.at(dref).fields = b"\0\0\0\0file:///a\0".to_vec(),
            |file| drop(file.remove("moov/trak/mdia/minf/dinf")),
        ),
    ]
}

pub(super) fn notes() -> Vec<Pair> {
    let two = |file: &mut Node| {
        file.double(ENTRY);
        file.at(STSD).set(4, 2);
    };
    let size = |number: u32| move |file: &mut Node| file.at(ENTRY).set(24, number);
    let entry = "moov/trak[1]/mdia/minf/stbl/stsd/avc1";
    vec![
        Pair::of(
            Check::BoxTail,
            GOOD,
            ("moov/trak/mdia/file", "moov/trak[1]/mdia"),
            push("moov/trak/mdia", tail(&[0; 7])),
            push("moov/trak/mdia", tail(b"\0\0\0\x08free")),
        ),
        Pair::of(
            Check::TrackIdInvalid,
            GOOD,
            ("moov/trak:1", "moov/trak[2]"),
            set("moov/trak:1/tkhd", 12, 1),
            set("moov/trak:1/tkhd", 12, 7),
        ),
        Pair::of(Check::StsdCount, GOOD, (STSD, "moov/trak[1]/mdia/minf/stbl/stsd"), two, |file| {
            file.at(STSD).children.push(leaf(*b"free", b""));
        }),
        Pair::of(Check::VideoSizeZero, GOOD, (ENTRY, entry), size(0x0140_0000), size(0x0001_0001)),
        Pair::of(
            Check::MetadataInvalid,
            GOOD,
            ("moov/meta", "moov/meta"),
            push("moov", leaf(*b"meta", b"no box at all")),
            push("moov/udta", tail(&[0; 4])),
        )
        .rules(default_rules(), Config::relaxed()),
    ]
}
