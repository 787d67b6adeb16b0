//! Every finding contains the path of its box.

use forte_media::model::{Check, Finding};

use crate::harness::boxes::{Node, leaf};
use crate::harness::mp4::{accepted, default_rules, refused, refused_by, sample};

const GOOD: &str = "good-moov-last.mp4";
const FRAGMENTED: &str = "good-fragmented.mp4";

/// The path in the refusal of an edited sample.
fn path(name: &str, check: Check, edit: impl FnOnce(&mut Node)) -> Option<String> {
    refused(name, check, edit).finding.path
}

#[test]
fn a_path_contains_the_number_of_the_track() {
    let found = path(GOOD, Check::TimescaleInvalid, |file| {
        file.at("moov/trak/mdia/mdhd").set(12, 0);
    });
    assert_eq!(found.as_deref(), Some("moov/trak[1]/mdia/mdhd"));
    let found = path(GOOD, Check::BoxVersion, |file| file.at("moov/mvhd").fields[0] = 2);
    assert_eq!(found.as_deref(), Some("moov/mvhd"), "a single box has no number");
}

#[test]
fn a_path_goes_down_to_the_table() {
    let stbl = "moov/trak/mdia/minf/stbl";
    let found = path(GOOD, Check::TableSize, |file| file.at(stbl).at("stco").set(4, 9999));
    assert_eq!(found.as_deref(), Some("moov/trak[1]/mdia/minf/stbl/stco"));
    let found = path(GOOD, Check::CodecConfigInvalid, |file| {
        file.at(stbl).at("stsd/avc1/avcC").fields[0] = 2;
    });
    assert_eq!(found.as_deref(), Some("moov/trak[1]/mdia/minf/stbl/stsd/avc1/avcC"));
}

#[test]
fn leftover_bytes_are_reported_at_their_box() {
    let tail = Node { kind: *b"file", fields: vec![0, 0, 0], children: Vec::new() };
    let notes = accepted(GOOD, |file| file.at("moov/trak:1/mdia").children.push(tail)).notes;
    assert_eq!(notes[0].check, Check::BoxTail);
    assert_eq!(notes[0].path.as_deref(), Some("moov/trak[2]/mdia"));
}

#[test]
fn the_length_of_a_path_is_limited() {
    let found = path(GOOD, Check::BoxTooDeep, |file| {
        let mut inner = leaf(*b"edts", b"");
        for _ in 1..1000 {
            inner = Node { kind: *b"edts", fields: Vec::new(), children: vec![inner] };
        }
        file.at("moov").children.push(inner);
    });
    assert_eq!(found.unwrap().split('/').count(), 17);
}

#[test]
fn fragments_are_numbered() {
    let found = path(FRAGMENTED, Check::FragTrackUnknown, |file| {
        file.at("moof:1/traf:1/tfhd").set(4, 9);
    });
    assert_eq!(found.as_deref(), Some("moof[2]/traf[2]/tfhd"));
    let found = path(FRAGMENTED, Check::MoofWithoutMdat, |file| file.at("mdat:1").kind = *b"free");
    assert_eq!(found.as_deref(), Some("moof[2]"));
    let notes = accepted(FRAGMENTED, |file| file.at("moof:1/mfhd").set(4, 1)).notes;
    assert_eq!(notes[0].path.as_deref(), Some("moof[2]/mfhd"));
}

#[test]
fn a_top_level_error_names_its_box() {
    let found = path(GOOD, Check::MoovDuplicate, |file| {
        file.double("moov");
        file.at("moov:1").children.pop();
    });
    assert_eq!(found.as_deref(), Some("moov[2]"));
    let good = sample(GOOD);
    let refusal = refused_by(&good[..good.len() / 2], &default_rules(), Check::BoxBeyondEnd);
    assert_eq!(refusal.finding.path.as_deref(), Some("mdat"));
    let found = path(GOOD, Check::FtypInvalid, |file| {
        file.at("ftyp").fields.resize(5000, 0);
    });
    assert_eq!(found.as_deref(), Some("ftyp"));
    let notes = accepted(GOOD, |file| file.children.push(leaf(*b"sefd", b"!"))).notes;
    assert_eq!(notes[0].path.as_deref(), Some("sefd"));
}

#[test]
fn bytes_that_are_not_a_box_have_no_path() {
    assert_eq!(
        refused_by(&sample("bad-not-mp4.mp4"), &default_rules(), Check::NotMp4).finding.path,
        None
    );
    let found = path(GOOD, Check::BoxGarbage, |file| {
        file.children.insert(1, leaf(*b"moo\x1F", b""));
    });
    assert_eq!(found, None);
}

#[test]
fn a_stored_note_without_a_path_is_still_read() {
    let old = r#"{"code":"EDIT_LIST_ODD","at":7,"message":"A track lasts too long."}"#;
    let found: Finding = serde_json::from_str(old).unwrap();
    assert_eq!((found.check, found.path), (Check::EditListOdd, None));
}
