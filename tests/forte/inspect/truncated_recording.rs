//! Truncated fragmented recordings and the setting `inspect.cut_recording`.

use std::sync::Arc;

use forte_media::inspect::{Config, Digests, Inspection, Scanner, TruncatedRecording};
use forte_media::model::{Check, Length, Refusal};

use crate::harness::boxes::Node;
use crate::harness::ffmpeg::clip;
use crate::harness::mp4::{
    NOW, accepted_by, default_rules, edited, judge, judge_all_ways, push, refused_by, sample,
    scanner, supply,
};

const FRAGMENTED: &str = "good-fragmented.mp4";

/// Accepts truncated recordings of any duration.
fn lenient() -> Config {
    Config { cut_recording: TruncatedRecording::Accept, ..Config::relaxed() }
}

/// Judges a file whose length is declared at its end, or never.
fn judge_undeclared(
    file: &[u8],
    rules: &Config,
    size: usize,
    at_end: bool,
) -> Result<Inspection, Refusal> {
    let mut scanner = Scanner::new(Arc::new(rules.clone()), None, NOW);
    for chunk in file.chunks(size) {
        push(&mut scanner, chunk, file);
    }
    if at_end {
        scanner.set_length(Length::new(file.len() as u64));
        supply(&mut scanner, file);
    }
    scanner.finish()
}

/// The verdict on a file. Asserts that it does not depend on the chunks and on when the length is
/// declared.
fn verdict(file: &[u8], rules: &Config) -> Result<Inspection, Check> {
    let declared = judge(file, rules.clone()).map_err(|refusal| refusal.finding.check);
    for (size, at_end) in [(13, true), (13, false), (4096, true), (4096, false)] {
        let found = judge_undeclared(file, rules, size, at_end);
        match (&declared, found) {
            (Ok(declared), found) => assert_eq!(found.as_ref(), Ok(declared), "{}", file.len()),
            (Err(_), found) => assert!(found.is_err(), "{} bytes: {declared:?}", file.len()),
        }
    }
    declared
}

/// The type, start and end of each top-level box.
fn boxes(file: &[u8]) -> Vec<([u8; 4], usize, usize)> {
    let mut at = 0;
    let mut found = Vec::new();
    for child in Node::parse(file).children {
        let end = at + child.bytes().len();
        found.push((child.kind, at, end));
        at = end;
    }
    found
}

/// Positions to truncate at: around every box boundary, and at regular intervals.
fn places(file: &[u8]) -> Vec<usize> {
    let edges = boxes(file).into_iter().flat_map(|(_, at, _)| at.saturating_sub(2)..at + 18);
    let others = (0..file.len()).step_by(211);
    let mut places: Vec<usize> = edges.chain(others).filter(|place| *place < file.len()).collect();
    places.sort_unstable();
    places.dedup();
    places
}

/// The ends of the fragments that are complete in the first `length` bytes.
fn whole_fragments(file: &[u8], length: usize) -> Vec<usize> {
    let ends = boxes(file).into_iter().filter(|(kind, _, end)| kind == b"mdat" && *end <= length);
    ends.map(|(_, _, end)| end).collect()
}

fn check_all_cuts(file: &[u8]) {
    let all = accepted_by(file, &lenient()).facts.duration_ms.unwrap();
    let fragments = whole_fragments(file, file.len()).len();
    for place in places(file) {
        let whole = whole_fragments(file, place);
        let found = verdict(&file[..place], &lenient());
        let Some(end) = whole.last() else {
            assert!(found.is_err(), "{place}");
            continue;
        };
        let found = found.unwrap_or_else(|check| panic!("{place} of {}: {check}", file.len()));
        let notes: Vec<_> = found.notes.iter().map(|note| note.check).collect();
        let edge = boxes(file).iter().any(|(kind, _, end)| kind != b"moof" && *end == place);
        let zeros = file[..place].ends_with(&[0]) && notes == [Check::TrailingBytes];
        assert!(
            if edge { notes.is_empty() } else { zeros || notes == [Check::Truncated] },
            "{place}: {notes:?}"
        );
        if let [note] = &found.notes[..]
            && !zeros
        {
            assert_eq!(note.at, Some(*end as u64), "{}", note.message);
        }
        let playable = found.facts.duration_ms.unwrap();
        if whole.len() < fragments {
            assert!(playable < all && found.facts.fragmented == Some(true), "{place}: {playable}");
        }
    }
}

#[test]
fn a_truncated_recording_is_accepted_up_to_its_last_complete_fragment() {
    check_all_cuts(&sample(FRAGMENTED));
}

#[test]
fn every_style_of_fragments_can_be_truncated() {
    for flags in
        ["frag_keyframe+empty_moov", "frag_every_frame+empty_moov+default_base_moof", "dash"]
    {
        let options = ["-c:v", "libx264", "-g", "10", "-an", "-movflags", flags];
        if let Some(file) = clip("mp4", &options) {
            check_all_cuts(&file);
        }
    }
}

#[test]
fn the_note_tells_how_much_can_be_played() {
    let file = sample(FRAGMENTED);
    let end = whole_fragments(&file, file.len())[0];
    let found = verdict(&file[..end + 100], &lenient()).unwrap();
    let millis = found.facts.duration_ms.unwrap();
    let message = format!("its first {end} bytes, {millis} ms, can be played");
    assert!(found.notes[0].message.contains(&message), "{}", found.notes[0].message);
}

#[test]
fn a_truncated_recording_is_refused_by_default() {
    let file = sample(FRAGMENTED);
    for place in places(&file) {
        let edge = boxes(&file).iter().any(|(_, at, _)| (*at..=*at + 3).contains(&place));
        assert!(edge || verdict(&file[..place], &Config::relaxed()).is_err(), "{place}");
    }
}

#[test]
fn an_incomplete_upload_is_not_a_truncated_recording() {
    let file = sample(FRAGMENTED);
    for place in places(&file) {
        let mut scanner = scanner(&file, lenient());
        push(&mut scanner, &file[..place], &file);
        assert_eq!(scanner.refusal(), None);
        let refusal = scanner.finish().unwrap_err();
        assert_eq!(refusal.finding.check, Check::Truncated, "{place}");
    }
}

#[test]
fn damage_is_not_taken_for_truncation() {
    let refused = |check, edit: fn(&mut Node)| {
        let file = edited(FRAGMENTED, edit);
        refused_by(&file, &lenient(), check);
        assert!(verdict(&file, &lenient()).is_err());
    };
    refused(Check::MoofWithoutMdat, |file| file.at("mdat").kind = *b"free");
    refused(Check::SampleOutsideFile, |file| file.at("moof/traf/trun").set(8, 0x7FFF_FFFF));
    refused(Check::SampleOutsideMdat, |file| file.at("moof:1/traf/trun").add(8, -1));
    refused(Check::BoxGarbage, |file| file.at("mdat:1").kind = *b"mda\0");
}

#[test]
fn a_truncated_recording_without_fragments_is_refused() {
    for name in ["good-moov-last.mp4", "good-moov-first.mp4"] {
        let file = sample(name);
        for cut in [file.len() / 2, file.len() - 1] {
            let strict = judge_all_ways(&file[..cut], &Config::relaxed());
            assert_eq!(judge_all_ways(&file[..cut], &lenient()), strict);
        }
    }
}

#[test]
fn the_complete_part_of_a_truncated_recording_is_checked_like_a_video() {
    let file = sample(FRAGMENTED);
    let rules = Config { cut_recording: TruncatedRecording::Accept, ..default_rules() };
    let all = accepted_by(&file, &rules).facts.duration_ms.unwrap();
    let min_duration = jiff::SignedDuration::from_millis(i64::try_from(all).unwrap());
    let end = whole_fragments(&file, file.len())[0];
    let rules = Config { min_duration, ..rules };
    refused_by(&file[..end + 100], &rules, Check::DurationOutOfRange);
}

#[test]
fn the_media_hash_does_not_depend_on_when_the_length_is_declared() {
    let file = &sample(FRAGMENTED)[..15_000];
    let hash = |declared| {
        let mut scanner = Scanner::new(Arc::new(lenient()), declared, NOW);
        let mut digests = Digests::default();
        for chunk in file.chunks(1000) {
            push(&mut scanner, chunk, file);
            digests.update(&scanner, chunk);
        }
        scanner.finish().unwrap();
        digests.media_sha256()
    };
    assert_eq!(hash(Some(Length::new(15_000))), hash(None));
}

#[test]
fn a_truncated_recording_longer_than_declared_is_refused() {
    let file = &sample(FRAGMENTED)[..15_000];
    let mut scanner = scanner(&file[..14_000], lenient());
    push(&mut scanner, file, file);
    assert!(scanner.finish().is_err());
}
