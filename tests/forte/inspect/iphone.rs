//! Recordings of iPhones, which are QuickTime movies.

use forte_media::model::Check;

use crate::harness::boxes::{Node, boxed, leaf, table};
use crate::harness::mp4::{accepted, noted};

const GOOD: &str = "good-moov-last.mp4";

/// Only QuickTime's brand, `wide` before the media, a sound entry of version 1 and a track of timed metadata.
fn as_of_an_iphone(file: &mut Node) {
    let mut brand = b"qt  \0\0\0\0qt  ".to_vec();
    brand.resize(file.at("ftyp").fields.len(), 0);
    file.at("ftyp").fields = brand;
    file.at("free").kind = *b"wide";
    let mut data = file.at("moov/trak:1").clone();
    data.empty_track();
    data.at("tkhd").set(12, 3);
    data.at("mdia/hdlr").fields[8..12].copy_from_slice(b"meta");
    data.at("mdia/minf/stbl/stsd").children = vec![leaf(*b"mebx", &[0; 8])];
    let entry = &mut file.at("moov/trak:1/mdia/minf/stbl/stsd").children[0].fields;
    let esds = entry.split_off(28);
    entry[9] = 1;
    let wave = boxed(*b"wave", &[&boxed(*b"frma", b"mp4a")[..], &esds, &[0; 4]].concat());
    entry.extend([&[0; 16][..], &wave].concat());
    file.at("moov").children.push(data);
}

#[test]
fn a_recording_of_an_iphone_is_accepted_with_a_note() {
    assert_eq!(noted(GOOD, as_of_an_iphone), [Check::Quicktime]);
}

/// The iPhone 16 records spatial sound (`apac`) in a track beside the ordinary one.
#[test]
fn a_track_of_spatial_sound_is_accepted_with_the_note_about_quicktime() {
    let found = accepted(GOOD, |file| {
        as_of_an_iphone(file);
        let mut spatial = file.at("moov/trak:1").clone();
        spatial.at("tkhd").set(12, 4);
        let stbl = spatial.at("mdia/minf/stbl");
        let mut entry = stbl.at("stsd").children[0].fields[..28].to_vec();
        entry[9] = 0;
        entry.extend(boxed(*b"dapa", &[0; 8]));
        stbl.at("stsd").children = vec![leaf(*b"apac", &entry)];
        // One chunk behind all other media.
        let samples = stbl.at("stsz").get(8);
        let end = u32::try_from(48 + file.at("mdat").fields.len()).unwrap();
        stbl.replace("stsz", table(*b"stsz", 8, &[samples]));
        stbl.replace("stsc", table(*b"stsc", 1, &[1, samples, 1]));
        stbl.replace("stco", table(*b"stco", 1, &[end]));
        file.at("mdat").fields.extend(vec![1; 8 * usize::try_from(samples).unwrap()]);
        file.at("moov").children.push(spatial);
    });
    let notes: Vec<_> = found.notes.iter().map(|note| note.check).collect();
    assert_eq!(notes, [Check::Quicktime]);
    assert_eq!(found.facts.audio_codec.as_deref(), Some("mp4a"));
}
