//! Recordings that deviate from the standard and that players show completely: each kind is accepted
//! with a note. Others look right and cannot be decoded. `trailing`, `tables` and `movie` have more.

use forte_media::inspect::{Config, NalChain};
use forte_media::model::Check;

use crate::harness::boxes::{Node, leaf, table};
use crate::harness::mp4::{
    accepted, accepted_by, default_rules, edited, noted, refused, refused_by, sample,
};

const GOOD: &str = "good-moov-last.mp4";
const FIRST: &str = "good-moov-first.mp4";
const FRAGMENTED: &str = "good-fragmented.mp4";
const STBL: &str = "moov/trak/mdia/minf/stbl";
const AVCC: &str = "moov/trak/mdia/minf/stbl/stsd/avc1/avcC";

/// One sample of the picture lasts `first`, the next one `second`, the others 512 units each.
fn durations(first: u32, second: u32) -> impl FnOnce(&mut Node) {
    move |file| {
        let runs = [1, first, 1, second, 48, 512];
        file.at(STBL).replace("stts", table(*b"stts", 3, &runs));
    }
}

#[test]
fn sample_durations_are_signed() {
    let found = accepted(GOOD, durations(1536, 512_u32.wrapping_neg()));
    assert_eq!((found.facts.duration_ms, found.facts.frame_rate), (Some(2000), Some(25.0)));
    let found = accepted(FRAGMENTED, |file| {
        let trun = file.at("moof/traf/trun");
        let each = trun.get(12);
        trun.set(12, each.wrapping_add(512 * 3));
        trun.set(12 + 16, each.wrapping_sub(512 * 3));
    });
    let whole = accepted(FRAGMENTED, |_| ()).facts.duration_ms;
    assert_eq!(found.facts.duration_ms, whole);
}

#[test]
fn one_absurd_duration_is_noted_and_does_not_count() {
    let absurd = 3_000_000_000_u32 / 2;
    for odd in [absurd, absurd.wrapping_neg()] {
        let found = accepted(GOOD, durations(odd, 512));
        assert_eq!(found.facts.duration_ms, Some(1960));
        assert!(found.notes.iter().all(|note| note.check == Check::DurationMismatch));
        assert!(found.notes.iter().any(|note| note.message.contains("absurdly long")));
    }
}

#[test]
fn a_wrong_duration_of_the_movie_is_noted_and_does_not_count() {
    for stated in [100, 32_400_000] {
        let found = accepted(GOOD, |file| file.at("moov/mvhd").set(16, stated));
        assert_eq!(found.facts.duration_ms, Some(2000));
        assert_eq!(found.notes[0].check, Check::DurationMismatch);
    }
}

/// The camera was lost after the first samples, and the sound went on.
#[test]
fn a_picture_that_ends_before_the_sound_is_noted_with_both_lengths() {
    let found = accepted(GOOD, |file| {
        file.at(STBL).replace("stts", table(*b"stts", 1, &[50, 256]));
    });
    assert_eq!(found.facts.duration_ms, Some(1000));
    let about = |text: &str| found.notes.iter().any(|note| note.message.contains(text));
    assert!(about("it has 1000 ms, and the sound has 2023 ms"), "{:?}", found.notes);
    let short = edited(GOOD, |file| {
        file.at(STBL).replace("stts", table(*b"stts", 1, &[50, 255]));
    });
    refused_by(&short, &default_rules(), Check::DurationOutOfRange);
}

/// A track of text with all boxes, or without some.
fn with_text(harm: fn(&mut Node)) -> impl FnOnce(&mut Node) {
    move |file| {
        let mut text = file.at("moov/trak:1").clone();
        text.empty_track();
        text.at("tkhd").set(12, 3);
        text.at("mdia/hdlr").fields[8..12].copy_from_slice(b"text");
        harm(&mut text);
        file.at("moov").children.push(text);
    }
}

#[test]
fn an_odd_side_track_is_noted_and_dropped() {
    type Damage = fn(&mut Node);
    let odd: [(Check, Damage); 6] = [
        (Check::BoxMissing, |text| drop(text.remove("mdia/minf/stbl/stsd"))),
        (Check::BoxMissing, |text| drop(text.remove("mdia/minf/stbl"))),
        (Check::BoxMissing, |text| drop(text.remove("mdia/mdhd"))),
        (Check::BoxVersion, |text| text.at("tkhd").fields[0] = 9),
        (Check::TableSize, |text| text.at("mdia/minf/stbl/stco").set(4, 7)),
        (Check::TimescaleInvalid, |text| text.at("mdia/mdhd").set(12, 0)),
    ];
    for (check, harm) in odd {
        assert_eq!(noted(GOOD, with_text(harm)), [check]);
    }
    let no_sound = accepted(GOOD, |file| file.at("moov/trak:1/mdia/mdhd").fields.truncate(3));
    assert!(no_sound.notes.iter().any(|note| note.check == Check::BoxShort));
    assert_eq!(no_sound.facts.audio_codec, None);
}

/// A damaged box in the track of the only picture stays fatal.
#[test]
fn a_first_video_track_that_cannot_be_decoded_does_not_hide_the_second() {
    let jpeg = |harm: fn(&mut Node)| {
        move |file: &mut Node| {
            let mut cover = file.at("moov/trak").clone();
            cover.empty_track();
            cover.at("tkhd").set(12, 3);
            harm(&mut cover);
            let place = file.at("moov").children.iter().position(|it| it.kind == *b"trak").unwrap();
            file.at("moov").children.insert(place, cover);
        }
    };
    let odd: [fn(&mut Node); 3] = [
        |cover| cover.at("mdia/minf/stbl/stsd/avc1").kind = *b"jpeg",
        |cover| cover.at("tkhd").set(0, 0),
        |cover| drop(cover.remove("mdia/minf/stbl/stsd/avc1/avcC")),
    ];
    for harm in odd {
        let found = accepted(GOOD, jpeg(harm));
        assert_eq!(found.facts.video_codec_string.as_deref(), Some("avc1.640016"));
        assert_eq!(found.facts.duration_ms, Some(2000));
    }
}

/// Bytes at the start of the picture that are added to it, or replaced in it.
fn last_picture(change: impl Fn(&mut Vec<u8>)) -> Vec<u8> {
    let mut file = Node::parse(&sample(GOOD));
    let stbl = file.at(STBL);
    let (stsz, stco) = (stbl.at("stsz").clone(), stbl.at("stco").clone());
    let size = usize::try_from(stsz.get(stsz.fields.len() - 4)).unwrap();
    let at = usize::try_from(stco.get(stco.fields.len() - 4)).unwrap() - 48;
    let mut picture = file.at("mdat").fields[at..at + size].to_vec();
    change(&mut picture);
    // A copy behind all other media, so that nothing else moves.
    let end = u32::try_from(48 + file.at("mdat").fields.len()).unwrap();
    file.at("mdat").fields.extend(&picture);
    let stbl = file.at(STBL);
    stbl.at("stsz").set(stsz.fields.len() - 4, u32::try_from(picture.len()).unwrap());
    stbl.at("stco").set(stco.fields.len() - 4, end);
    file.bytes()
}

#[test]
fn zeros_behind_the_units_of_a_picture_are_noted() {
    for zeros in [1, 3, 4, 5, 8, 300] {
        let file = last_picture(|picture| picture.extend(vec![0; zeros]));
        let notes = accepted_by(&file, &default_rules()).notes;
        assert_eq!(notes.len(), 1, "{zeros}: {notes:?}");
        assert_eq!(notes[0].check, Check::NalChain);
    }
    let between = last_picture(|picture| {
        let unit = [0, 0, 0, 2, 0x41, 7];
        picture.extend([&[0; 4][..], &unit].concat());
    });
    assert_eq!(accepted_by(&between, &default_rules()).notes[0].check, Check::NalChain);
}

/// A zeroed block looks like empty units at the start of a picture, or behind its first small one.
#[test]
fn zeros_instead_of_a_picture_are_refused() {
    let changes: [fn(&mut Vec<u8>); 4] = [
        |picture| picture.splice(..0, [0; 4]).for_each(drop),
        |picture| picture.fill(0),
        |picture| *picture = [&[0, 0, 0, 2, 6, 1][..], &[0; 40]].concat(),
        |picture| picture.extend([0, 0, 1]),
    ];
    for change in changes {
        refused_by(&last_picture(change), &default_rules(), Check::NalChain);
    }
}

/// The configuration of the sample without its sets, and with others.
fn with_sets(sets: &[u8]) -> impl FnOnce(&mut Node) {
    move |file| {
        let avcc = &mut file.at(AVCC).fields;
        *avcc = [&avcc[..5], sets].concat();
    }
}

#[test]
fn parameter_sets_must_be_somewhere() {
    for name in [GOOD, FIRST, FRAGMENTED] {
        let without = |file: &mut Node| {
            let old = i32::try_from(file.at(AVCC).fields.len()).unwrap();
            with_sets(&[0xE0, 0])(file);
            if name == FIRST {
                file.shift_chunks(7 - old);
            }
        };
        refused(name, Check::CodecConfigMissing, without);
        let unread = Config { nal_chain: NalChain::Off, ..default_rules() };
        accepted_by(&edited(name, without), &unread);
    }
}

/// The sets of the configuration, each with its length.
fn sets_of(file: &mut Node) -> [Vec<u8>; 2] {
    let avcc = file.at(AVCC).fields.clone();
    let set = |at: usize| {
        let length = usize::from(u16::from_be_bytes([avcc[at], avcc[at + 1]]));
        avcc[at + 2..at + 2 + length].to_vec()
    };
    let sequence = set(6);
    let picture = set(6 + 2 + sequence.len() + 1);
    [sequence, picture]
}

#[test]
fn parameter_sets_may_be_in_the_samples() {
    let mut file = Node::parse(&last_picture(|_| ()));
    let [sequence, picture] = sets_of(&mut file);
    with_sets(&[0xE0, 0])(&mut file);
    let unit = |set: &[u8]| [&u32::try_from(set.len()).unwrap().to_be_bytes(), set].concat();
    for (units, is_enough) in
        [([unit(&sequence), unit(&picture)].concat(), true), (unit(&sequence), false)]
    {
        let mut file = file.clone();
        let stsz = file.at(STBL).at("stsz");
        let last = stsz.fields.len() - 4;
        stsz.add(last, i32::try_from(units.len()).unwrap());
        file.at("mdat").fields.extend(units);
        let file = file.bytes();
        if is_enough {
            accepted_by(&file, &default_rules());
        } else {
            refused_by(&file, &default_rules(), Check::CodecConfigMissing);
        }
    }
}

#[test]
fn parameter_sets_that_cannot_be_read_are_refused() {
    let picture = [1, 0, 4, 0x68, 0xEB, 0xE3, 0xCB];
    for garbage in [[0xFF; 20], [0; 20]] {
        let sets = [&[0xE1, 0, 21, 0x67][..], &garbage, &picture].concat();
        refused(GOOD, Check::CodecConfigInvalid, with_sets(&sets));
    }
}

/// An encoder's output as it is, with start codes instead of lengths.
#[test]
fn an_empty_configuration_needs_start_codes_in_the_samples() {
    let mut file = Node::parse(&sample(GOOD));
    let [sequence, picture] = sets_of(&mut file);
    file.at(AVCC).fields.clear();
    refused_by(&file.bytes(), &default_rules(), Check::NalChain);
    let code = [0, 0, 0, 1];
    let unit = [&code[..], &sequence, &code, &picture, &code, &[0x65; 99]].concat();
    let size = u32::try_from(unit.len()).unwrap();
    file.remove("moov/trak:1");
    file.at("mdat").fields = unit.repeat(50);
    let stbl = file.at(STBL);
    stbl.replace("stsz", table(*b"stsz", size, &[50]));
    stbl.replace("stsc", table(*b"stsc", 1, &[1, 50, 1]));
    stbl.replace("stco", table(*b"stco", 1, &[48]));
    let notes = accepted_by(&file.bytes(), &default_rules()).notes;
    assert!(notes.iter().any(|note| note.check == Check::CodecConfigInvalid), "{notes:?}");
    file.at("mdat").fields[usize::try_from(size).unwrap() * 7 + 3] = 9;
    refused_by(&file.bytes(), &default_rules(), Check::NalChain);
}

#[test]
fn a_file_with_only_empty_samples_is_refused() {
    refused(GOOD, Check::NoSamples, |file| {
        let empty = [0; 50];
        file.at(STBL).replace("stsz", table(*b"stsz", 0, &[&[50], &empty[..]].concat()));
    });
}

#[test]
fn a_media_box_for_each_chunk_is_accepted() {
    let notes = noted(GOOD, |file| {
        let media = file.at("mdat").fields.clone();
        let stbl = file.at(STBL);
        let count = stbl.at("stco").get(4);
        let chunks: Vec<u32> = (0..count).map(|chunk| 40 + 8 + chunk * (8 + 200)).collect();
        stbl.replace("stsc", table(*b"stsc", 1, &[1, 1, 1]));
        stbl.replace("stsz", table(*b"stsz", 200, &[count]));
        stbl.replace("stco", table(*b"stco", count, &chunks));
        stbl.replace("stts", table(*b"stts", 1, &[count, 512]));
        stbl.remove("ctts");
        file.remove("moov/trak:1");
        let picture = [&[0, 0, 0, 196][..], &media[4..200]].concat();
        let mdats = vec![leaf(*b"mdat", &picture); usize::try_from(count).unwrap()];
        file.remove("mdat");
        file.remove("free");
        file.children.splice(1..1, mdats);
        let start = u32::try_from(file.position("mdat")).unwrap();
        let stco = file.at(STBL).at("stco");
        for chunk in 0..count {
            let place = 8 + 4 * usize::try_from(chunk).unwrap();
            stco.set(place, start + 8 + chunk * 208);
        }
    });
    assert!(!notes.contains(&Check::TooManyBoxes), "{notes:?}");
}

#[test]
fn an_edit_list_without_content_is_noted() {
    let notes = noted(GOOD, |file| file.at("moov/trak/edts/elst").fields.clear());
    assert_eq!(notes, [Check::EditListOdd]);
}

/// The matrix cells a, b, c and d at an offset.
fn turned(path: &'static str, offset: usize, cells: [u32; 4]) -> impl FnOnce(&mut Node) {
    move |file| {
        for (place, cell) in [0, 4, 12, 16].into_iter().zip(cells) {
            file.at(path).set(offset + place, cell);
        }
    }
}

#[test]
fn the_matrices_of_movie_and_track_are_multiplied() {
    let (one, minus) = (0x1_0000, 0xFFFF_0000);
    let quarter = [0, one, minus, 0];
    let size = |edit: &dyn Fn(&mut Node)| {
        let facts = accepted(GOOD, edit).facts;
        (facts.rotation, facts.width, facts.display_width)
    };
    let movie = |file: &mut Node| turned("moov/mvhd", 36, quarter)(file);
    let track = |file: &mut Node| turned("moov/trak/tkhd", 40, quarter)(file);
    assert_eq!(size(&movie), (Some(90), Some(320), Some(240)));
    let both = |file: &mut Node| {
        movie(file);
        track(file);
    };
    assert_eq!(size(&both), (Some(180), Some(320), Some(320)));
    let residue = |file: &mut Node| turned("moov/trak/tkhd", 40, [1, one, minus, 1])(file);
    assert_eq!(size(&residue), (Some(90), Some(320), Some(240)));
    let mirrored = |file: &mut Node| turned("moov/trak/tkhd", 40, [0, one, one, 0])(file);
    assert_eq!(size(&mirrored), (None, Some(240), Some(240)));
    let empty = |file: &mut Node| turned("moov/trak/tkhd", 40, [0; 4])(file);
    assert_eq!(size(&empty), (Some(0), Some(320), Some(320)));
}

/// Android overwrites the place with zeros when the app may not know it.
#[test]
fn a_blanked_place_is_absent() {
    let blank = |file: &mut Node| file.at("moov/udta/loci").fields.fill(0);
    assert!(accepted(GOOD, |_| ()).facts.location.is_some());
    assert_eq!(accepted(GOOD, blank).facts.location, None);
}
