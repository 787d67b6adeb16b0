//! The NAL check: the lengths of the NAL units of a frame add up to the size of its sample.

use allocation_counter::measure;
use forte_media::inspect::{Config, NalChain};
use forte_media::model::{Check, Refusal};

use super::corpus::{corpus, print_uncaptured};
use crate::harness::boxes::{Node, leaf, table};
use crate::harness::mp4::{
    Verdict, accepted_by, default_rules, drive, edited, judge, judge_all_ways, push, refused_by,
    sample, scanner, supply,
};

const LAST: &str = "good-moov-last.mp4";
const FIRST: &str = "good-moov-first.mp4";
const FRAGMENTED: &str = "good-fragmented.mp4";
const STBL: &str = "moov/trak/mdia/minf/stbl";

/// NAL lengths within one page of the file are read back together.
const PAGE: u64 = 4096;

/// A sample with some bytes of its first `mdat` replaced.
fn with(name: &str, at: usize, bytes: &[u8]) -> Vec<u8> {
    edited(name, |file| file.at("mdat").fields[at..at + bytes.len()].copy_from_slice(bytes))
}

fn broken(file: &[u8]) -> Refusal {
    refused_by(file, &default_rules(), Check::NalChain)
}

/// The start of the payload of the first `mdat`.
fn media(file: &[u8]) -> u64 {
    file.windows(4).position(|kind| kind == b"mdat").unwrap() as u64 + 4
}

#[test]
fn zeroed_media_is_refused_with_the_position_of_the_frame() {
    for name in [LAST, FIRST, FRAGMENTED] {
        let file = with(name, 0, &[0; 64]);
        let refusal = broken(&file);
        assert_eq!(refusal.finding.at, Some(media(&file)), "{name}");
    }
}

#[test]
fn a_broken_frame_is_refused_at_its_wrong_length_field() {
    for name in [FIRST, FRAGMENTED] {
        let file = with(name, 0, &[0; 64]);
        assert_eq!(broken(&file).judged_after, media(&file) + 4, "{name}");
    }
}

#[test]
fn with_moov_last_a_broken_frame_is_refused_at_the_end_of_moov() {
    let file = with(LAST, 0, &[0; 64]);
    assert_eq!(broken(&file).judged_after, file.len() as u64);
    let followed = [file.clone(), b"\0\0\0\x08free".repeat(9)].concat();
    assert_eq!(broken(&followed).judged_after, file.len() as u64);
}

#[test]
fn a_nal_length_off_by_one_is_refused_and_other_changes_are_not() {
    for name in [LAST, FIRST, FRAGMENTED] {
        let first = Node::parse(&sample(name)).at("mdat").fields[3];
        for wrong in [first.wrapping_add(1), first.wrapping_sub(1)] {
            broken(&with(name, 3, &[wrong]));
        }
        accepted_by(&with(name, 4, &[0x65, 0xFF]), &default_rules());
    }
}

#[test]
fn the_nal_check_can_be_a_note_or_off() {
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

#[test]
fn no_real_video_fails_the_nal_check() {
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
    print_uncaptured(&format!("files refused by the NAL check: {called:?}"));
    assert_eq!(called, Vec::<String>::new());
}

/// Only smaller files are damaged, to keep the test short.
const SMALL: usize = 60_000;

/// Judges a file whose needed ranges are supplied only after all bytes have been pushed.
fn judge_late(file: &[u8], rules: &Config) -> Verdict {
    let mut scanner = scanner(file, rules.clone());
    file.chunks(1000).for_each(|chunk| scanner.push(chunk));
    supply(&mut scanner, file);
    scanner.finish()
}

/// Copies of a file, each with one zeroed page.
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

#[test]
fn the_verdict_on_damaged_real_videos_does_not_depend_on_the_chunks() {
    let (mut damaged, mut broken) = (0, 0);
    for file in corpus().iter().filter(|file| file.clean_video && file.bytes.len() < SMALL) {
        for bytes in zeroed(&file.bytes) {
            for nal_chain in [NalChain::Refuse, NalChain::Note] {
                let rules = Config { nal_chain, ..Config::relaxed() };
                let whole = judge_all_ways(&bytes, &rules);
                assert_eq!(judge_late(&bytes, &rules), whole, "{}", file.file);
                let is = |check| whole.as_ref().is_err_and(|it| it.finding.check == check);
                broken += usize::from(is(Check::NalChain));
            }
            damaged += 1;
        }
    }
    print_uncaptured(&format!("a zeroed page: the NAL check refuses {broken} of {damaged} files"));
}

/// A file with `count` frames of one NAL unit of `size` bytes each.
fn many_frames(count: u32, size: u32, moov_first: bool) -> Vec<u8> {
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

#[test]
fn a_million_frames_stay_within_the_heap_limit() {
    for moov_first in [false, true] {
        let file = many_frames(1_000_000, 1, moov_first);
        let rules = Config::relaxed();
        let mut verdict = Ok(());
        let heap = measure(|| {
            let mut scanner = scanner(&file, rules);
            for chunk in file.chunks(1 << 20) {
                push(&mut scanner, chunk, &file);
            }
            verdict = scanner.finish().map(drop);
        });
        assert_eq!(verdict, Ok(()));
        let moov = 4_000_000 + 4096;
        let taken = heap.bytes_max + moov; // the copy of `moov` that is read back
        assert!(taken < 3 * moov + 64 * 1024, "{taken} bytes of heap");
    }
}

/// The limit is the number of pages in the file, for any layout of the NAL units.
#[test]
fn the_bytes_read_back_are_bounded() {
    for (count, size) in [(200_000, 1), (100_000, 60), (2_000, 4096), (200, 100_000)] {
        let file = many_frames(count, size, false);
        let (mut reads, mut bytes) = (0, 0);
        let mut scanner = scanner(&file, Config::relaxed());
        scanner.push(&file);
        while let Some(needed) = scanner.needed_range() {
            (reads, bytes) = (reads + 1, bytes + needed.end - needed.start);
            let [start, end] = [needed.start, needed.end].map(|at| usize::try_from(at).unwrap());
            scanner.supply(&file[start..end]);
        }
        scanner.finish().unwrap();
        let length = file.len() as u64;
        assert!(reads <= length / PAGE * 2 + 2, "{reads} reads of {length} bytes");
        assert!(bytes <= length + PAGE * 2, "{bytes} of {length} bytes");
    }
}

/// `moov`, then four frames in two `mdat` boxes, with a `uuid` box before each.
fn with_two_mdats() -> Node {
    let mut file = Node::parse(&many_frames(4, 60, true));
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

/// A parsed box may end in the same chunk in which media begins.
#[test]
fn tags_between_media_do_not_change_the_verdict_in_any_chunking() {
    let rules = Config::relaxed();
    for damaged in [None, Some("mdat"), Some("mdat:1")] {
        let mut file = with_two_mdats();
        if let Some(mdat) = damaged {
            file.at(mdat).fields[..4].fill(0);
        }
        let file = file.bytes();
        let whole = judge(&file, rules.clone());
        assert_eq!(whole.is_ok(), damaged.is_none(), "{whole:?}");
        for place in 1..file.len() {
            let chunks = [&file[..place], &file[place..]];
            let cut = drive(scanner(&file, rules.clone()), &file, chunks);
            assert_eq!(cut, whole, "cut at {place} of {}", file.len());
        }
    }
}
