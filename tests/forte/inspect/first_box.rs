//! Checks of the first bytes of a file.

use forte_media::inspect::{Config, Quicktime};
use forte_media::model::Check;
use forte_media::model::texts::Language;

use crate::harness::boxes::{Node, leaf};
use crate::harness::mp4::{
    accepted, accepted_by, default_rules, edited, noted, refused, refused_by, sample,
};

const GOOD: &str = "good-moov-last.mp4";

/// The default rules of an operator who refuses QuickTime movies.
fn without_quicktime() -> Config {
    Config { quicktime: Quicktime::Refuse, ..default_rules() }
}

/// Inserts a box at the start of the file.
fn lead(file: &mut Node, first: Node) {
    let size = i32::try_from(first.bytes().len()).unwrap();
    file.children.insert(0, first);
    file.shift_chunks(size);
}

#[test]
fn a_document_is_refused_after_eight_bytes() {
    let refusal = refused_by(&sample("bad-not-mp4.mp4"), &default_rules(), Check::NotMp4);
    assert_eq!(refusal.judged_after, 8);
    assert_eq!(refusal.finding.at, Some(0));
    assert!(refusal.finding.message.contains("PDF"), "{}", refusal.finding.message);
}

#[test]
fn images_segments_and_short_files_are_not_mp4() {
    for file in [
        &b"\x89PNG\r\n\x1a\n and so on"[..],
        b"\xFF\xD8\xFF\xE0\x00\x10JFIF",
        b"\x00\x00\x00\x10styp msdh....",
        b"\0\0\0\0\0\0\0\0\0\0\0\0",
        b"hello",
    ] {
        refused_by(file, &default_rules(), Check::NotMp4);
    }
}

#[test]
fn an_empty_file_is_refused() {
    assert_eq!(refused_by(b"", &default_rules(), Check::SizeLimit).judged_after, 0);
}

#[test]
fn ftyp_must_come_first() {
    let file = edited(GOOD, |file| drop(file.remove("ftyp")));
    let refusal = refused_by(&file, &without_quicktime(), Check::FtypMissing);
    assert_eq!(refusal.judged_after, 16, "after a free box and the header of mdat");
}

#[test]
fn old_quicktime_without_ftyp_is_noted_where_quicktime_is_accepted() {
    let file = edited(GOOD, |file| {
        let ftyp = file.remove("ftyp");
        file.shift_chunks(-i32::try_from(ftyp.bytes().len()).unwrap());
    });
    let rules = Config { quicktime: Quicktime::Accept, ..default_rules() };
    let notes = accepted_by(&file, &rules).notes;
    assert_eq!(notes.iter().filter(|note| note.check == Check::FtypMissing).count(), 1);
}

#[test]
fn up_to_64_kib_of_free_space_may_precede_ftyp() {
    for kind in [*b"free", *b"skip", *b"wide"] {
        accepted(GOOD, |file| lead(file, leaf(kind, &vec![0; 64 * 1024 - 8])));
        let far = edited(GOOD, |file| lead(file, leaf(kind, &vec![0; 64 * 1024 - 7])));
        refused_by(&far, &without_quicktime(), Check::FtypMissing);
    }
}

#[test]
fn an_ftyp_of_odd_length_is_noted_and_a_huge_one_is_refused() {
    let resized = |length: usize| {
        move |file: &mut Node| {
            let ftyp = file.at("ftyp");
            let old = i32::try_from(ftyp.fields.len()).unwrap();
            ftyp.fields.resize(length, 0);
            file.shift_chunks(i32::try_from(length).unwrap() - old);
        }
    };
    for length in [7, 10, 15, 25] {
        let notes = noted(GOOD, resized(length));
        assert_eq!(notes[0], Check::FtypInvalid, "{length}");
    }
    assert_eq!(noted(GOOD, resized(4096 - 8)), []);
    refused(GOOD, Check::FtypInvalid, resized(4096));
}

#[test]
fn unknown_brands_alone_are_noted_and_those_of_pictures_are_refused() {
    let brands = |major: &[u8], other: &[u8]| [major, &[0; 4], other].concat();
    let unknown = noted(GOOD, |file| {
        file.at("ftyp").fields = brands(b"abcd", b"efghijklmnopqrst");
    });
    assert_eq!(unknown, [Check::BrandUnsupported]);
    refused(GOOD, Check::BrandUnsupported, |file| {
        file.at("ftyp").fields = brands(b"abcd", b"heicijklmnopqrst");
    });
    let known = accepted(GOOD, |file| {
        let mut fields = brands(b"abcd", b"isom");
        fields.resize(file.at("ftyp").fields.len(), 0);
        file.at("ftyp").fields = fields;
    });
    assert_eq!(known.facts.brands, ["abcd", "isom"]);
}

#[test]
fn a_pure_quicktime_movie_is_noted_unless_the_operator_refuses_it() {
    let movie = sample("quicktime.mov");
    let refusal = refused_by(&movie, &without_quicktime(), Check::Quicktime);
    let text = refusal.finding.driver_text(Language::English);
    assert!(text.starts_with("The company does not accept iPhone video files."), "{text}");
    assert!(refusal.judged_after < 64);
    let accepted = accepted_by(&movie, &default_rules());
    assert_eq!(accepted.notes[0].check, Check::Quicktime);
    assert_eq!(accepted.facts.brands, ["qt  "]);
}

#[test]
fn a_quicktime_movie_with_an_mp4_brand_is_accepted() {
    assert_eq!(noted(GOOD, |file| file.at("ftyp").fields[..4].copy_from_slice(b"qt  ")), []);
}

#[test]
fn an_unfinished_android_recording_has_its_own_refusal() {
    let ftyp = &sample(GOOD)[..32];
    let short = [ftyp, b"????mdat", &[7; 2000]].concat();
    let refusal = refused_by(&short, &default_rules(), Check::RecordingNotFinalised);
    assert_eq!(refusal.judged_after, 40);
    let wide = [ftyp, b"\0\0\0\x01mdat????????", &[7; 2000]].concat();
    let refusal = refused_by(&wide, &default_rules(), Check::RecordingNotFinalised);
    assert_eq!(refusal.judged_after, 48);
    let almost = [ftyp, b"\0\0\0\x01mdat\0\0\0\0????", &[7; 2000]].concat();
    refused_by(&almost, &default_rules(), Check::BoxBeyondEnd);
}
