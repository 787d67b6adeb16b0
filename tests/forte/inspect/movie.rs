//! Checks of the boxes in `moov`, one change at a time.

use forte_media::inspect::Config;
use forte_media::model::Check;
use jiff::SignedDuration;

use crate::harness::boxes::{Node, leaf};
use crate::harness::mp4::{
    accepted, accepted_by, default_rules, edited, noted, refused, refused_by, sample,
};

const GOOD: &str = "good-moov-last.mp4";
const STBL: &str = "moov/trak/mdia/minf/stbl";
const STSD: &str = "moov/trak/mdia/minf/stbl/stsd";

/// The sample entry of the video track.
const ENTRY: &str = "moov/trak/mdia/minf/stbl/stsd/avc1";

/// A good file with a byte sequence replaced by another of the same length.
fn patched(find: &[u8], put: &[u8]) -> Vec<u8> {
    let mut file = sample(GOOD);
    let at = file.windows(find.len()).position(|window| window == find).unwrap();
    file[at..at + put.len()].copy_from_slice(put);
    file
}

#[test]
fn a_child_larger_than_its_parent_is_refused() {
    let file = patched(b"\0\0\0\x6Cmvhd", b"\0\xFF\0\x6Cmvhd");
    refused_by(&file, &default_rules(), Check::BoxOverrun);
}

#[test]
fn a_child_smaller_than_its_header_is_refused() {
    let file = patched(b"\0\0\0\x6Cmvhd", b"\0\0\0\x07mvhd");
    refused_by(&file, &default_rules(), Check::BoxSizeInvalid);
}

#[test]
fn a_few_spare_bytes_at_the_end_of_a_parent_are_noted() {
    let spare = |length: usize| Node { fields: vec![0; length], ..tail() };
    for path in ["moov", "moov/trak", "moov/trak/mdia", STBL, STSD, ENTRY] {
        for length in [1, 3, 4, 8, 511] {
            let notes = noted(GOOD, |file| file.at(path).children.push(spare(length)));
            let expected: &[Check] = if length == 4 && [STSD, ENTRY].contains(&path) {
                &[] // QuickTime ends such lists with a zero
            } else {
                &[Check::BoxTail]
            };
            assert_eq!(notes, expected, "{length} in {path}");
        }
        accepted(GOOD, |file| file.at(path).children.push(leaf(*b"free", b"")));
    }
}

/// A zeroed sector hides boxes.
#[test]
fn many_zeros_at_the_end_of_a_parent_are_refused() {
    refused(GOOD, Check::BoxSizeInvalid, |file| {
        file.at("moov/trak").children.push(Node { fields: vec![0; 512], ..tail() });
    });
}

/// Some writers count only the body of a `free` box.
#[test]
fn a_free_box_smaller_than_its_header_counts_as_eight_bytes_in_a_parent() {
    accepted(GOOD, |file| {
        let small = Node { fields: b"\0\0\0\x04free".to_vec(), ..tail() };
        file.at("moov/trak").children.insert(1, small);
    });
}

/// Three bytes, too few for a box header.
fn tail() -> Node {
    Node { kind: *b"file", fields: vec![0, 0, 0], children: Vec::new() }
}

#[test]
fn the_nesting_of_boxes_is_limited() {
    let nested = |depth: usize| {
        edited(GOOD, |file| {
            let mut inner = leaf(*b"edts", b"");
            for _ in 1..depth {
                inner = Node { kind: *b"edts", fields: Vec::new(), children: vec![inner] };
            }
            file.at("moov").children.push(inner);
        })
    };
    for depth in [16, 1000] {
        refused_by(&nested(depth), &default_rules(), Check::BoxTooDeep);
    }
    refused_by(&nested(15), &default_rules(), Check::BoxMisplaced);
}

#[test]
fn mandatory_boxes_must_occur_exactly_once() {
    for path in [
        "moov/mvhd",
        "moov/trak/tkhd",
        "moov/trak/mdia",
        "moov/trak/mdia/mdhd",
        "moov/trak/mdia/hdlr",
        "moov/trak/mdia/minf",
        STBL,
        STSD,
        "moov/trak/mdia/minf/stbl/stts",
        "moov/trak/mdia/minf/stbl/stsc",
        "moov/trak/mdia/minf/stbl/stsz",
        "moov/trak/mdia/minf/stbl/stco",
    ] {
        refused(GOOD, Check::BoxMissing, |file| drop(file.remove(path)));
        refused(GOOD, Check::BoxDuplicate, |file| file.double(path));
    }
}

#[test]
fn optional_boxes_may_be_missing() {
    accepted(GOOD, |file| {
        for path in ["moov/udta", "moov/trak/edts", "moov/trak:1/mdia/minf/dinf"] {
            file.remove(path);
        }
    });
}

#[test]
fn misplaced_boxes_are_refused() {
    refused(GOOD, Check::BoxMisplaced, |file| {
        let trak = file.at("moov/trak:1").clone();
        file.at("moov/trak").children.push(trak);
    });
    for kind in [*b"mdat", *b"ftyp", *b"moof", *b"moov"] {
        refused(GOOD, Check::BoxMisplaced, |file| {
            file.at("moov").children.push(leaf(kind, b""));
        });
    }
}

#[test]
fn unknown_box_versions_are_refused() {
    for path in ["moov/mvhd", "moov/trak/tkhd", "moov/trak/mdia/mdhd", "moov/trak/mdia/hdlr"] {
        refused(GOOD, Check::BoxVersion, |file| file.at(path).fields[0] = 2);
    }
}

#[test]
fn boxes_shorter_than_their_fields_are_refused() {
    for path in ["moov/mvhd", "moov/trak/tkhd", "moov/trak/mdia/mdhd"] {
        refused(GOOD, Check::BoxShort, |file| {
            file.at(path).fields.pop();
        });
        refused(GOOD, Check::BoxShort, |file| file.at(path).fields.truncate(3));
        accepted(GOOD, |file| file.at(path).fields.push(0));
    }
    refused(GOOD, Check::BoxShort, |file| file.at("moov/trak/mdia/hdlr").fields.truncate(11));
    accepted(GOOD, |file| file.at("moov/trak/mdia/hdlr").fields.truncate(24));
}

#[test]
fn an_invalid_timescale_of_the_picture_is_refused_and_one_of_the_movie_noted() {
    for path in ["moov/mvhd", "moov/trak/mdia/mdhd"] {
        for timescale in [0, 0x8000_0000, u32::MAX] {
            let edit = |file: &mut Node| file.at(path).set(12, timescale);
            if path == "moov/mvhd" {
                assert!(noted(GOOD, edit).contains(&Check::TimescaleInvalid));
            } else {
                refused(GOOD, Check::TimescaleInvalid, edit);
            }
        }
        let file = edited(GOOD, |file| file.at(path).set(12, 0x7FFF_FFFF));
        accepted_by(&file, &Config::relaxed());
    }
}

#[test]
fn track_ids_that_are_zero_or_used_twice_are_noted_unless_fragments_use_them() {
    for (track, id) in [("moov/trak", 0), ("moov/trak:1", 1)] {
        let notes = noted(GOOD, |file| file.at(track).at("tkhd").set(12, id));
        assert_eq!(notes, [Check::TrackIdInvalid]);
    }
    assert_eq!(noted(GOOD, |file| file.at("moov/trak:1/tkhd").set(12, 7)), []);
    refused("good-fragmented.mp4", Check::TrackIdInvalid, |file| {
        file.at("moov/trak:1/tkhd").set(12, 1);
    });
}

#[test]
fn the_number_of_tracks_is_limited() {
    let with_tracks = |count: u32| {
        edited(GOOD, |file| {
            let mut empty = file.at("moov/trak:1").clone();
            empty.empty_track();
            for id in 3..=count {
                empty.at("tkhd").set(12, id);
                file.at("moov").children.push(empty.clone());
            }
        })
    };
    refused_by(&with_tracks(33), &default_rules(), Check::TooManyTracks);
    accepted_by(&with_tracks(32), &default_rules());
}

#[test]
fn a_file_without_a_video_track_is_refused() {
    refused(GOOD, Check::NoVideoTrack, |file| drop(file.remove("moov/trak")));
    refused_by(&sample("bad-no-video.mp4"), &default_rules(), Check::NoVideoTrack);
}

#[test]
fn other_tracks_are_accepted() {
    accepted(GOOD, |file| {
        file.at("moov/trak:1/mdia/hdlr").fields[8..12].copy_from_slice(b"meta");
    });
}

#[test]
fn a_codec_that_is_not_configured_is_refused() {
    let file = edited(GOOD, |file| file.at(ENTRY).kind = *b"s263");
    refused_by(&file, &default_rules(), Check::CodecUnsupported);
    let codecs = vec!["s263".to_owned()];
    accepted_by(&file, &Config { codecs, ..default_rules() });
    accepted_by(&file, &Config { codecs: Vec::new(), ..default_rules() });
}

#[test]
fn an_encrypted_picture_is_refused_and_encrypted_sound_is_noted() {
    refused(GOOD, Check::Encrypted, |file| file.at(ENTRY).kind = *b"encv");
    let entry = "moov/trak:1/mdia/minf/stbl/stsd/mp4a";
    for kind in [*b"enca", *b"drms"] {
        for name in [GOOD, "good-moov-first.mp4", "good-fragmented.mp4"] {
            let found = accepted(name, |file| file.at(entry).kind = kind);
            assert!(found.notes.iter().any(|note| note.check == Check::Encrypted), "{name}");
            assert_eq!(found.facts.audio_codec, None);
        }
    }
    refused(GOOD, Check::Encrypted, |file| {
        file.at(ENTRY).kind = *b"encv";
        file.at(entry).kind = *b"enca";
    });
}

#[test]
fn a_missing_codec_configuration_is_refused() {
    refused(GOOD, Check::CodecConfigMissing, |file| file.at(ENTRY).at("avcC").kind = *b"free");
    refused(GOOD, Check::CodecConfigMissing, |file| {
        let stsd = file.at(STSD);
        stsd.children.clear();
        stsd.set(4, 0);
    });
}

#[test]
fn an_invalid_codec_configuration_is_refused() {
    let edit = |edit: fn(&mut Vec<u8>)| {
        refused(GOOD, Check::CodecConfigInvalid, |file| {
            edit(&mut file.at(ENTRY).at("avcC").fields);
        });
    };
    edit(|avcc| avcc[0] = 2); // version
    edit(|avcc| avcc[5] = 0xFF); // 31 parameter sets
    edit(|avcc| avcc[6] = 0xFF); // one of 65,000 bytes
    edit(|avcc| avcc.truncate(5));
    accepted(GOOD, |file| file.at(ENTRY).at("avcC").fields.push(0));
}

#[test]
fn a_sample_entry_shorter_than_its_fields_is_refused() {
    refused(GOOD, Check::BoxShort, |file| {
        let entry = file.at(ENTRY);
        entry.children.clear();
        entry.fields.truncate(77);
    });
}

#[test]
fn unusual_sample_descriptions_are_noted() {
    assert_eq!(noted(GOOD, |file| file.double(ENTRY)), []);
    let two = noted(GOOD, |file| {
        file.double(ENTRY);
        file.at(STSD).set(4, 2);
    });
    assert_eq!(two, [Check::StsdCount]);
    let none = noted(GOOD, |file| file.at(ENTRY).fields[24..28].fill(0));
    assert_eq!(none, [Check::VideoSizeZero]);
}

#[test]
fn external_media_is_refused_if_it_has_an_address() {
    let dref = "moov/trak/mdia/minf/dinf/dref";
    refused(GOOD, Check::ExternalData, |file| {
        file.at(dref).at("url ").fields = b"\0\0\0\0http://example.com/media\0".to_vec();
    });
    for (kind, body) in [(*b"url ", &[0, 0, 0, 2][..]), (*b"alis", &[0; 4]), (*b"url ", &[0; 5])] {
        let notes = noted(GOOD, |file| file.at(dref).children = vec![leaf(kind, body)]);
        assert_eq!(notes, [Check::ExternalData]);
    }
}

#[test]
fn a_wrong_duration_in_a_header_is_noted() {
    let scaled = |path: &'static str, offset: usize, factor: u32| {
        noted(GOOD, move |file| {
            let node = file.at(path);
            node.set(offset, node.get(offset) * factor / 100);
        })
    };
    assert_eq!(scaled("moov/trak/mdia/mdhd", 16, 160), [Check::DurationMismatch]);
    assert_eq!(scaled("moov/mvhd", 16, 160), [Check::DurationMismatch]);
    assert_eq!(scaled("moov/trak/mdia/mdhd", 16, 140), []);
    assert_eq!(scaled("moov/trak/edts/elst", 8, 300), [Check::EditListOdd]);
    assert_eq!(scaled("moov/trak/edts/elst", 8, 110), []);
}

#[test]
fn a_broken_edit_list_is_noted() {
    let broken = |file: &mut Node| file.at("moov/trak/edts/elst").set(4, u32::MAX);
    assert_eq!(noted(GOOD, broken), [Check::EditListOdd]);
}

#[test]
fn the_duration_is_limited_in_both_directions() {
    let good = sample(GOOD);
    let length = SignedDuration::from_millis(
        accepted_by(&good, &default_rules()).facts.duration_ms.unwrap().try_into().unwrap(),
    );
    let tick = SignedDuration::from_millis(1);
    let shortest = |min_duration| Config { min_duration, ..default_rules() };
    let longest = |max_duration| Config { max_duration, ..default_rules() };
    accepted_by(&good, &shortest(length));
    accepted_by(&good, &longest(length));
    refused_by(&good, &shortest(length + tick), Check::DurationOutOfRange);
    refused_by(&good, &longest(length - tick), Check::DurationOutOfRange);
    refused_by(&sample("bad-too-short.mp4"), &default_rules(), Check::DurationOutOfRange);
}

#[test]
fn an_unknown_duration_is_taken_from_the_longest_track() {
    for duration in [0, u32::MAX] {
        let facts = accepted(GOOD, |file| file.at("moov/mvhd").set(16, duration)).facts;
        assert!(facts.duration_ms.unwrap().abs_diff(2000) < 50, "{:?}", facts.duration_ms);
    }
}

#[test]
fn a_video_track_without_samples_is_refused() {
    refused(GOOD, Check::NoSamples, |file| file.at("moov/trak").empty_track());
    accepted(GOOD, |file| file.at("moov/trak:1").empty_track());
}

#[test]
fn broken_tags_never_refuse_a_video() {
    let broken = noted(GOOD, |file| {
        file.at("moov").children.push(leaf(*b"meta", b"no box at all"));
        file.at("moov/udta/loci").kind = *b"\0\0\0\0";
        file.at("moov/udta").children.push(tail());
    });
    assert_eq!(broken, [Check::MetadataInvalid, Check::MetadataInvalid]);
}
