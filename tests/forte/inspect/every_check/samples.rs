//! Checks of the sample tables, the fragments and the duration.

use forte_media::inspect::Config;
use forte_media::model::Check;
use jiff::SignedDuration;

use super::{FIRST, FRAGMENTED, GOOD, Pair, unchanged};
use crate::harness::boxes::{Node, boxed, leaf, table};
use crate::harness::mp4::{accepted, default_rules, edited, sample};

const STBL: &str = "moov/trak/mdia/minf/stbl";
const STBL_PATH: &str = "moov/trak[1]/mdia/minf/stbl";

/// An edit of a sample table of the video track.
fn video_table(kind: &'static str, edit: impl FnOnce(&mut Node)) -> impl FnOnce(&mut Node) {
    move |file| edit(file.at(STBL).at(kind))
}

fn set(kind: &'static str, offset: usize, number: u32) -> impl FnOnce(&mut Node) {
    video_table(kind, move |table| table.set(offset, number))
}

/// Scales a number to a percentage.
fn scale(path: &'static str, offset: usize, percent: u32) -> impl FnOnce(&mut Node) {
    move |file| {
        let node = file.at(path);
        node.set(offset, node.get(offset) * percent / 100);
    }
}

pub(super) fn refusals() -> Vec<Pair> {
    [tables(), places(), length(), fragments()].into_iter().flatten().collect()
}

fn tables() -> Vec<Pair> {
    let stco = "moov/trak/mdia/minf/stbl/stco";
    vec![
        Pair::of(
            Check::TableSize,
            GOOD,
            (stco, "moov/trak[1]/mdia/minf/stbl/stco"),
            set("stco", 4, 9999),
            video_table("stco", |stco| stco.fields.push(0)),
        ),
        Pair::of(
            Check::StscInvalid,
            GOOD,
            (STBL, STBL_PATH),
            set("stsc", 8, 2),
            video_table("stsc", |stsc| *stsc = table(*b"stsc", 3, &[1, 2, 1, 2, 1, 1, 3, 1, 1])),
        ),
        Pair::of(
            Check::StscInvalid,
            GOOD,
            (STBL, STBL_PATH),
            |file| {
                // The table claims four billion descriptions and has one.
                file.at(STBL).at("stsd").set(4, u32::MAX);
                file.at(STBL).at("stsc").set(16, 2);
            },
            unchanged,
        ),
        Pair::of(
            Check::SampleCountMismatch,
            GOOD,
            (STBL, STBL_PATH),
            video_table("stco", |stco| stco.add(4, -1)),
            |file| drop(file.at(STBL).remove("ctts")),
        ),
    ]
}

fn places() -> Vec<Pair> {
    let chunk = |edit: fn(&mut Node)| {
        let mut file = Node::parse(&sample(GOOD));
        edit(file.at(STBL).at("stco"));
        let at = Some(u64::from(file.at(STBL).at("stco").get(12)));
        (file.bytes(), (at, None))
    };
    let (outside, outside_at) = chunk(|stco| stco.add(12, 1 << 20));
    let (shared, shared_at) = chunk(|stco| stco.add(12, -1));
    let mdat = Node::parse(&sample(GOOD)).position("mdat");
    let moved = |file: &mut Node| {
        file.children.insert(1, leaf(*b"free", b""));
        file.shift_chunks(8);
    };
    vec![
        Pair::raw(Check::SampleOutsideFile, outside, outside_at, sample(FIRST)),
        Pair::raw(
            Check::SampleOutsideMdat,
            edited(GOOD, |file| file.shift_chunks(-1)),
            (Some(mdat + 7), None),
            edited(GOOD, moved),
        ),
        Pair::raw(Check::SampleOverlap, shared, shared_at, sample(GOOD)),
    ]
}

fn length() -> Vec<Pair> {
    let millis = accepted(GOOD, unchanged).facts.duration_ms.unwrap();
    let at_least = |millis| Config {
        min_duration: SignedDuration::from_millis(i64::try_from(millis).unwrap()),
        ..default_rules()
    };
    let fragments = |count: usize| {
        move |file: &mut Node| {
            let fragment = |child: &Node| matches!(&child.kind, b"moof" | b"mdat");
            let (mut rest, _): (Vec<Node>, Vec<Node>) =
                file.children.clone().into_iter().partition(|child| !fragment(child));
            rest.retain(|child| matches!(&child.kind, b"ftyp" | b"moov"));
            let some = file.children.iter().filter(|child| fragment(child)).take(2 * count);
            rest.extend(some.cloned());
            file.children = rest;
        }
    };
    vec![
        Pair::of(Check::DurationOutOfRange, GOOD, ("moov", "moov"), unchanged, unchanged)
            .rules(at_least(millis + 1), at_least(millis)),
        Pair::of(
            Check::NoSamples,
            GOOD,
            ("moov", "moov"),
            |file| file.at("moov/trak").empty_track(),
            |file| file.at("moov/trak:1").empty_track(),
        ),
        Pair::raw(
            Check::NoFragments,
            // The empty mdat prevents MdatMissing.
            edited(FRAGMENTED, |file| {
                fragments(0)(file);
                file.children.push(leaf(*b"mdat", b""));
            }),
            (Some(Node::parse(&sample(FRAGMENTED)).position("moov")), Some("moov")),
            edited(FRAGMENTED, fragments(1)),
        )
        .rules(default_rules(), Config::relaxed()),
    ]
}

fn fragments() -> Vec<Pair> {
    let trex = |file: &mut Node| {
        let mut other = file.at("moov/mvex/trex").clone();
        other.set(4, 9);
        file.at("moov/mvex").children.push(other);
    };
    vec![
        Pair::of(
            Check::FragTrackUnknown,
            FRAGMENTED,
            ("moof:1/traf/tfhd", "moof[2]/traf[1]/tfhd"),
            |file| file.at("moof:1/traf/tfhd").set(4, 9),
            trex,
        ),
        Pair::of(
            Check::MoofWithoutMdat,
            FRAGMENTED,
            ("moof:1", "moof[2]"),
            |file| file.at("mdat:1").kind = *b"free",
            |file| file.children.push(leaf(*b"free", b"")),
        ),
        Pair::of(
            Check::SampleOutsideFile,
            FRAGMENTED,
            ("moof/traf/trun", "moof[1]/traf[1]/trun"),
            |file| file.at("moof/traf/trun").set(8, 0x7FFF_FFFF),
            unchanged,
        ),
    ]
}

/// The fragmented sample with an `mfra` index that declares `size`.
fn index(size: u32) -> Vec<u8> {
    let mfro = boxed(*b"mfro", &[[0; 4], size.to_be_bytes()].concat());
    edited(FRAGMENTED, |file| {
        file.children.retain(|child| child.kind != *b"mfra");
        file.children.push(leaf(*b"mfra", &mfro));
    })
}

pub(super) fn notes() -> Vec<Pair> {
    let mfro = index(24).len() as u64 - 16;
    let track = ("moov/trak", "moov/trak[1]");
    let movie = ("moov", "moov");
    // Samples without a chunk: our parser skips such a track.
    let claimed = |file: &mut Node| {
        file.at("moov/trak:1").empty_track();
        let samples = [[0, 0, 0, 0], [0, 0, 0, 1], [0, 0, 0, 5]].concat();
        file.at("moov/trak:1/mdia/minf/stbl").replace("stsz", leaf(*b"stsz", &samples));
    };
    vec![
        Pair::of(
            Check::SyncTableInvalid,
            GOOD,
            (STBL, STBL_PATH),
            set("stss", 8, 51),
            set("stss", 8, 50),
        ),
        Pair::of(
            Check::DurationMismatch,
            GOOD,
            movie,
            scale("moov/mvhd", 16, 160),
            scale("moov/trak/mdia/mdhd", 16, 140),
        ),
        Pair::of(
            Check::EditListOdd,
            GOOD,
            track,
            scale("moov/trak/edts/elst", 8, 300),
            scale("moov/trak/edts/elst", 8, 110),
        ),
        Pair::of(
            Check::FragSequence,
            FRAGMENTED,
            ("moof:1/mfhd", "moof[2]/mfhd"),
            |file| file.at("moof:1/mfhd").set(4, 1),
            |file| file.at("moof:1/mfhd").set(4, 3),
        ),
        Pair::of(
            Check::TfdtBackwards,
            FRAGMENTED,
            ("moof:1/traf/tfdt", "moof[2]/traf[1]/tfdt"),
            |file| file.at("moof/traf/tfdt").set(8, 50_000),
            |file| file.at("moof/traf/tfdt").set(8, 1),
        ),
        Pair::raw(Check::MfraSize, index(25), (Some(mfro), Some("mfra/mfro")), index(24)),
        Pair::of(Check::SecondOpinion, GOOD, movie, claimed, |file| {
            file.at("moov/trak:1").empty_track();
        }),
    ]
}
