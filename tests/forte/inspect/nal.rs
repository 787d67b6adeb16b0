//! Check 41: pictures are chains of units that add up.

use allocation_counter::measure;
use forte_media::inspect::{Config, NalChain};
use forte_media::model::{Check, Refusal};

use super::corpus::{corpus, say};
use crate::harness::boxes::{Node, leaf, table};
use crate::harness::mp4::{
    Verdict, accepted_by, default_rules, drive, edited, judge, judge_every_way, push, refused_by,
    sample, scanner, supply,
};

const LAST: &str = "good-moov-last.mp4";
const FIRST: &str = "good-moov-first.mp4";
const FRAGMENTED: &str = "good-fragmented.mp4";
const STBL: &str = "moov/trak/mdia/minf/stbl";

/// Files of the corpus with broken pictures, made so on purpose.
const BROKEN: [&str; 1] = ["androidx-media/sample_with_invalid_nalu.mp4"];

/// A page of the file, in which units are read together.
const PAGE: u64 = 4096;

/// A clip with other bytes at some place of its first media.
fn with(name: &str, at: usize, bytes: &[u8]) -> Vec<u8> {
    edited(name, |file| file.at("mdat").fields[at..at + bytes.len()].copy_from_slice(bytes))
}

fn broken(file: &[u8]) -> Refusal {
    refused_by(file, &default_rules(), Check::NalChain)
}

/// Where the payload of the first `mdat` begins.
fn media(file: &[u8]) -> u64 {
    file.windows(4).position(|kind| kind == b"mdat").unwrap() as u64 + 4
}

/// Check 41
#[test]
fn zeroed_media_is_refused_with_the_place_of_the_picture() {
    for name in [LAST, FIRST, FRAGMENTED] {
        let file = with(name, 0, &[0; 64]);
        let refusal = broken(&file);
        assert_eq!(refusal.finding.at, Some(media(&file)), "{name}");
        assert!(refusal.finding.message.ends_with(Check::NalChain.guide().driver), "{name}");
    }
}

/// Check 41
#[test]
fn a_broken_picture_is_certain_with_the_length_that_breaks_it() {
    for name in [FIRST, FRAGMENTED] {
        let file = with(name, 0, &[0; 64]);
        assert_eq!(broken(&file).judged_after, media(&file) + 4, "{name}");
    }
}

/// Check 41
#[test]
fn with_moov_last_a_broken_picture_is_certain_at_its_end() {
    let file = with(LAST, 0, &[0; 64]);
    assert_eq!(broken(&file).judged_after, file.len() as u64);
    let followed = [file.clone(), b"\0\0\0\x08free".repeat(9)].concat();
    assert_eq!(broken(&followed).judged_after, file.len() as u64);
}

/// Check 41
#[test]
fn a_length_that_is_off_by_one_is_noticed_and_other_bytes_are_not() {
    for name in [LAST, FIRST, FRAGMENTED] {
        let first = Node::parse(&sample(name)).at("mdat").fields[3];
        for wrong in [first.wrapping_add(1), first.wrapping_sub(1)] {
            broken(&with(name, 3, &[wrong]));
        }
        accepted_by(&with(name, 4, &[0x65, 0xFF]), &default_rules());
    }
}

/// Check 41
#[test]
fn the_operator_may_have_it_noted_or_not_looked_at() {
    for name in [LAST, FIRST, FRAGMENTED] {
        let file = with(name, 0, &[0; 64]);
        for (nal_chain, notes) in [(NalChain::Note, 1), (NalChain::Off, 0)] {
            let found = accepted_by(&file, &Config { nal_chain, ..default_rules() });
            assert_eq!(found.notes.len(), notes, "{name}");
        }
        let observed = accepted_by(&file, &Config { enforce: false, ..default_rules() });
        assert_eq!(observed.notes[0].check, Check::NalChain, "{name}");
    }
}

/// Check 41
#[test]
fn no_real_picture_is_called_broken() {
    let mut called = Vec::new();
    for file in corpus() {
        if let Err(refusal) = judge(&file.bytes, Config::relaxed())
            && refusal.finding.check == Check::NalChain
        {
            called.push(file.file);
        }
    }
    if corpus().is_empty() {
        return;
    }
    say(&format!("pictures called broken: {called:?}"));
    assert_eq!(called, BROKEN);
}

/// The largest files that are damaged here, so that the test stays short.
const SMALL: usize = 60_000;

/// What a scanner says of a file whose boxes and gaps are supplied only when all has been pushed.
fn judge_late(file: &[u8], rules: &Config) -> Verdict {
    let mut scanner = scanner(file, rules.clone());
    file.chunks(1000).for_each(|piece| scanner.push(piece));
    supply(&mut scanner, file);
    scanner.finish()
}

/// A file with a zeroed page, for each eighth of it.
fn zeroed(file: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let page = usize::try_from(PAGE).unwrap();
    (1..8).map(move |eighth| {
        let mut file = file.to_vec();
        let from = file.len() * eighth / 8;
        let to = file.len().min(from + page);
        file[from..to].fill(0);
        file
    })
}

/// Check 41, S44
#[test]
fn damaged_real_pictures_are_judged_the_same_however_they_come() {
    let (mut damaged, mut broken) = (0, 0);
    for file in corpus().iter().filter(|file| file.clean_video && file.bytes.len() < SMALL) {
        for bytes in zeroed(&file.bytes) {
            for nal_chain in [NalChain::Refuse, NalChain::Note] {
                let rules = Config { nal_chain, ..Config::relaxed() };
                let whole = judge_every_way(&bytes, &rules);
                assert_eq!(judge_late(&bytes, &rules), whole, "{}", file.file);
                let is = |check| whole.as_ref().is_err_and(|it| it.finding.check == check);
                broken += usize::from(is(Check::NalChain));
            }
            damaged += 1;
        }
    }
    say(&format!("a zeroed page: {broken} of {damaged} files are refused for their pictures"));
}

/// A clip with so many pictures of one unit of `size` bytes each, `moov` in front or not.
fn many_pictures(count: u32, size: u32, moov_first: bool) -> Vec<u8> {
    let mut file = Node::parse(&sample(LAST));
    file.remove("moov/trak:1");
    let stbl = file.at(STBL);
    for kind in ["ctts", "stss"] {
        stbl.remove(kind);
    }
    let sizes = vec![size + 4; count as usize];
    stbl.replace("stts", table(*b"stts", 1, &[count, 512]));
    stbl.replace("stsc", table(*b"stsc", 1, &[1, count, 1]));
    stbl.replace("stsz", table(*b"stsz", 0, &[&[count], &sizes[..]].concat()));
    stbl.replace("stco", table(*b"stco", 1, &[48]));
    let unit = [&size.to_be_bytes()[..], &vec![1; size as usize]].concat();
    file.at("mdat").fields = unit.repeat(count as usize);
    file.remove("free"); // 8 bytes, before the media
    if moov_first {
        let moov = file.remove("moov");
        let shift = 48 - 8 + u32::try_from(moov.bytes().len()).unwrap();
        file.children.insert(1, moov);
        file.at(STBL).at("stco").set(8, shift);
    } else {
        file.at(STBL).at("stco").set(8, 40);
    }
    file.bytes()
}

/// S39: what is kept of the tables stays within the bound.
#[test]
fn a_million_pictures_stay_within_the_heap() {
    for moov_first in [false, true] {
        let file = many_pictures(1_000_000, 1, moov_first);
        let rules = Config::relaxed();
        let mut verdict = Ok(());
        let heap = measure(|| {
            let mut scanner = scanner(&file, rules);
            for piece in file.chunks(1 << 20) {
                push(&mut scanner, piece, &file);
            }
            verdict = scanner.finish().map(drop);
        });
        assert_eq!(verdict, Ok(()));
        let moov = 4_000_000 + 4096;
        let taken = heap.bytes_max + moov; // the copy of `moov` that is read back
        assert!(taken < 3 * moov + 64 * 1024, "{taken} bytes of heap");
    }
}

/// What is read again of the media is bounded by the pages of the file, however its units lie.
#[test]
fn few_bytes_are_read_again() {
    for (count, size) in [(200_000, 1), (100_000, 60), (2_000, 4096), (200, 100_000)] {
        let file = many_pictures(count, size, false);
        let (mut reads, mut bytes) = (0, 0);
        let mut scanner = scanner(&file, Config::relaxed());
        scanner.push(&file);
        while let Some(wanted) = scanner.needed_range() {
            (reads, bytes) = (reads + 1, bytes + wanted.end - wanted.start);
            let [start, end] = [wanted.start, wanted.end].map(|at| usize::try_from(at).unwrap());
            scanner.supply(&file[start..end]);
        }
        scanner.finish().unwrap();
        let length = file.len() as u64;
        assert!(reads <= length / PAGE * 2 + 2, "{reads} reads of {length} bytes");
        assert!(bytes <= length + PAGE * 2, "{bytes} of {length} bytes");
    }
}

/// `moov`, then four pictures in two `mdat` boxes, with a `uuid` box before each.
fn parted() -> Node {
    let mut file = Node::parse(&many_pictures(4, 60, true));
    let mut second = file.at("mdat").clone();
    let media = file.at("mdat").fields.split_off(128);
    second.fields = media;
    let tags = leaf(*b"uuid", &[7; 40]);
    file.children.insert(2, tags.clone());
    file.children.extend([tags, second]);
    let stbl = file.at(STBL);
    stbl.replace("stsc", table(*b"stsc", 1, &[1, 2, 1]));
    stbl.replace("stco", table(*b"stco", 2, &[0, 0]));
    for (chunk, mdat) in [(8, "mdat"), (12, "mdat:1")] {
        let at = u32::try_from(file.position(mdat)).unwrap() + 8;
        file.at(STBL).at("stco").set(chunk, at);
    }
    file
}

/// Check 41, S44: a box that is looked at, and ends in the piece in which media begins.
#[test]
fn tags_between_the_media_change_nothing_however_they_are_cut() {
    let rules = Config::relaxed();
    for damaged in [None, Some("mdat"), Some("mdat:1")] {
        let mut file = parted();
        if let Some(mdat) = damaged {
            file.at(mdat).fields[..4].fill(0);
        }
        let file = file.bytes();
        let whole = judge(&file, rules.clone());
        assert_eq!(whole.is_ok(), damaged.is_none(), "{whole:?}");
        for place in 1..file.len() {
            let pieces = [&file[..place], &file[place..]];
            let cut = drive(scanner(&file, rules.clone()), &file, pieces);
            assert_eq!(cut, whole, "cut at {place} of {}", file.len());
        }
    }
}
