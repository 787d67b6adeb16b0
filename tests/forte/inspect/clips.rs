//! Clips made by ffmpeg in formats that `samples/` lacks.

use forte_media::inspect::{Config, Quicktime};
use forte_media::model::Facts;

use crate::harness::ffmpeg::clip;
use crate::harness::mp4::{accepted_by, default_rules};

/// Makes a clip and asserts that it is accepted without notes. Returns its facts, or `None` if
/// ffmpeg cannot make it.
fn facts(options: &[&str]) -> Option<Facts> {
    let found = accepted_by(&clip("mp4", options)?, &default_rules());
    assert_eq!(found.notes, [], "{options:?}");
    assert!(found.facts.duration_ms.unwrap().abs_diff(2000) < 100, "{:?}", found.facts);
    Some(found.facts)
}

#[test]
fn every_codec_on_the_list_is_accepted() {
    for (codec, options) in [
        ("avc1.640", &["-c:v", "libx264"][..]),
        ("avc1.42C0", &["-c:v", "libx264", "-profile:v", "baseline"]),
        ("avc3.640", &["-c:v", "libx264", "-tag:v", "avc3"]),
        ("hvc1.1.6.L", &["-c:v", "libx265", "-tag:v", "hvc1", "-x265-params", "log-level=0"]),
        ("hev1.1.6.L", &["-c:v", "libx265", "-tag:v", "hev1", "-x265-params", "log-level=0"]),
        ("av01.0.", &["-c:v", "libsvtav1"]),
        ("vp09.00.", &["-c:v", "libvpx-vp9", "-cpu-used", "8"]),
        ("mp4v.20.1", &["-c:v", "mpeg4"]),
    ] {
        if let Some(facts) = facts(options) {
            assert_eq!(facts.video_codec.as_deref(), codec.get(..4));
            let string = facts.video_codec_string.unwrap();
            assert!(string.starts_with(codec), "{string}");
            assert_eq!(facts.audio_codec_string.as_deref(), Some("mp4a.40.2"));
            assert_eq!((facts.sample_rate, facts.channels), (Some(44_100), Some(1)));
        }
    }
}

#[test]
fn every_style_of_fragments_is_accepted() {
    for flags in [
        "frag_keyframe+empty_moov",
        "frag_keyframe",
        "frag_every_frame+empty_moov+default_base_moof",
        "dash+frag_keyframe",
        "frag_keyframe+separate_moof+empty_moov",
        "frag_keyframe+omit_tfhd_offset",
    ] {
        if let Some(facts) = facts(&["-c:v", "libx264", "-g", "10", "-movflags", flags]) {
            assert_eq!(facts.fragmented, Some(true), "{flags}");
        }
    }
}

#[test]
fn reads_the_tags_of_an_apple_recorder() {
    let rules = Config { quicktime: Quicktime::Accept, ..default_rules() };
    let options = [
        "-c:v",
        "libx264",
        "-movflags",
        "use_metadata_tags",
        "-metadata",
        "com.apple.quicktime.make=Apple",
        "-metadata",
        "com.apple.quicktime.model=iPhone 15",
        "-metadata",
        "com.apple.quicktime.location.ISO6709=+43.2400+076.9000+850.000/",
    ];
    if let Some(movie) = clip("mov", &options) {
        let facts = accepted_by(&movie, &rules).facts;
        assert_eq!(facts.device.as_deref(), Some("Apple iPhone 15"));
        let place = facts.location.unwrap();
        assert_eq!((place.lat, place.long), (43.24, 76.9));
    }
}

#[test]
fn reads_a_location_in_user_data() {
    let rules = Config { quicktime: Quicktime::Accept, ..default_rules() };
    let options = ["-c:v", "libx264", "-metadata", "location=-33.8600+151.2100/"];
    if let Some(movie) = clip("mov", &options) {
        let place = accepted_by(&movie, &rules).facts.location.unwrap();
        assert_eq!((place.lat, place.long), (-33.86, 151.21));
    }
}
