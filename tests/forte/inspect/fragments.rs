//! Checks of fragments, one change at a time.

use forte_media::model::Check;

use crate::harness::boxes::{Node, leaf};
use crate::harness::mp4::{accepted, noted, refused};

const GOOD: &str = "good-fragmented.mp4";

#[test]
fn the_duration_of_a_fragmented_file_is_that_of_its_fragments() {
    let facts = accepted(GOOD, |_| {}).facts;
    assert_eq!(facts.fragmented, Some(true));
    assert!(facts.duration_ms.unwrap().abs_diff(2000) < 100, "{:?}", facts.duration_ms);
    assert_eq!(facts.frame_rate, Some(25.0));
}

#[test]
fn an_initialization_segment_is_refused() {
    refused(GOOD, Check::NoFragments, |file| {
        file.children.retain(|child| matches!(&child.kind, b"ftyp" | b"moov"));
    });
    refused(GOOD, Check::NoFragments, |file| {
        file.children.retain(|child| matches!(&child.kind, b"ftyp" | b"moov"));
        file.children.push(leaf(*b"sidx", &[0; 24]));
    });
}

#[test]
fn fragments_of_unknown_tracks_are_refused() {
    refused(GOOD, Check::FragTrackUnknown, |file| file.at("moof/traf/tfhd").set(4, 9));
    refused(GOOD, Check::FragTrackUnknown, |file| drop(file.remove("moov/mvex/trex")));
}

#[test]
fn a_run_that_claims_more_samples_than_it_holds_is_refused() {
    for count in [1_000, u32::MAX] {
        refused(GOOD, Check::TableSize, |file| file.at("moof/traf/trun").set(4, count));
    }
    // Without fields of their own, four billion samples take no byte in the table.
    refused(GOOD, Check::TableSize, |file| {
        let trun = file.at("moof/traf/trun");
        trun.set(0, 0);
        trun.set(4, u32::MAX);
    });
}

#[test]
fn a_run_outside_the_file_or_the_media_is_refused() {
    refused(GOOD, Check::SampleOutsideFile, |file| file.at("moof/traf/trun").set(8, 0x7FFF_FFFF));
    refused(GOOD, Check::SampleOutsideFile, |file| file.at("moof/traf/trun").set(8, 0x8000_0000));
    refused(GOOD, Check::SampleOutsideMdat, |file| file.at("moof/traf/trun").add(8, -1));
    refused(GOOD, Check::SampleOutsideMdat, |file| file.at("moof:1/traf:1/trun").add(8, 1));
}

#[test]
fn a_fragment_without_media_is_refused() {
    refused(GOOD, Check::MoofWithoutMdat, |file| file.at("mdat").kind = *b"free");
    refused(GOOD, Check::MoofWithoutMdat, |file| file.at("mdat:1").kind = *b"free");
}

#[test]
fn fragments_out_of_order_are_noted() {
    assert_eq!(noted(GOOD, |file| file.at("moof:1/mfhd").set(4, 1)), [Check::FragSequence]);
    assert_eq!(noted(GOOD, |file| file.at("moof:1/mfhd").set(4, 3)), []);
    let backwards = |file: &mut Node| {
        // Both are of version 1: the lower half of a 64-bit time.
        file.at("moof/traf/tfdt").set(8, 50_000);
    };
    assert_eq!(noted(GOOD, backwards), [Check::TfdtBackwards]);
}

#[test]
fn a_fragment_without_its_mandatory_boxes_is_refused() {
    refused(GOOD, Check::BoxMissing, |file| drop(file.remove("moof/mfhd")));
    refused(GOOD, Check::BoxMissing, |file| drop(file.remove("moof/traf/tfhd")));
    refused(GOOD, Check::BoxShort, |file| file.at("moof/traf/tfhd").fields.truncate(9));
    refused(GOOD, Check::BoxMisplaced, |file| file.at("moof").children.push(leaf(*b"trak", b"")));
}

#[test]
fn the_number_of_fragments_is_limited() {
    refused(GOOD, Check::TooManyBoxes, |file| {
        let sequence = leaf(*b"mfhd", &[0; 8]);
        let empty = Node { kind: *b"moof", fields: Vec::new(), children: vec![sequence] };
        file.children.extend(std::iter::repeat_n(empty, 16_384));
    });
}
