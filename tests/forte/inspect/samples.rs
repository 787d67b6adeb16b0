//! The files in `samples/` are accepted or refused as their names say.

use forte_media::model::Check;

use crate::harness::mp4::{accepted, accepted_by, default_rules, judge, sample};

#[test]
fn good_samples_are_accepted_without_notes() {
    for name in
        ["good-moov-last.mp4", "good-moov-first.mp4", "good-fragmented.mp4", "inspection.mp4"]
    {
        assert_eq!(accepted_by(&sample(name), &default_rules()).notes, [], "{name}");
    }
}

#[test]
fn bad_samples_are_refused_for_their_reason() {
    for (name, check) in [
        ("bad-truncated.mp4", Check::SampleOutsideFile),
        ("bad-not-mp4.mp4", Check::NotMp4),
        ("bad-no-video.mp4", Check::NoVideoTrack),
        ("bad-too-short.mp4", Check::DurationOutOfRange),
    ] {
        let refusal = judge(&sample(name), default_rules()).unwrap_err();
        assert_eq!(refusal.finding.check, check, "{name}");
    }
}

#[test]
fn reports_the_facts_of_a_sample() {
    let facts = accepted_by(&sample("good-moov-first.mp4"), &default_rules()).facts;
    assert_eq!(facts.length, 18_553);
    assert_eq!(facts.duration_ms, Some(2000));
    assert_eq!((facts.width, facts.height, facts.rotation), (Some(320), Some(240), Some(0)));
    assert_eq!(facts.frame_rate, Some(25.0));
    assert_eq!(facts.video_codec.as_deref(), Some("avc1"));
    assert_eq!(facts.audio_codec.as_deref(), Some("mp4a"));
    assert_eq!(facts.brands, ["isom", "iso2", "avc1", "mp41"]);
    assert_eq!((facts.fragmented, facts.moov_first), (Some(false), Some(true)));
    assert_eq!(facts.moov_length, Some(2921));
    assert_eq!(facts.created_at, Some("2026-01-15T08:30:00Z".parse().unwrap()));
    let place = facts.location.unwrap();
    assert!((place.lat - 43.24).abs() < 0.0001 && (place.long - 76.9).abs() < 0.0001);
}

#[test]
fn reports_that_moov_is_last() {
    let facts = accepted_by(&sample("good-moov-last.mp4"), &default_rules()).facts;
    assert_eq!(facts.moov_first, Some(false));
}

#[test]
fn reports_the_four_rotations_of_phones() {
    const ONE: i32 = 0x0001_0000;
    for (rotation, [a, b, c, d]) in [
        (Some(0), [ONE, 0, 0, ONE]),
        (Some(90), [0, ONE, -ONE, 0]),
        (Some(180), [-ONE, 0, 0, -ONE]),
        (Some(270), [0, -ONE, ONE, 0]),
        (None, [-ONE, 0, 0, ONE]),
    ] {
        let facts = accepted("good-moov-last.mp4", |file| {
            for (offset, cell) in [(40, a), (44, b), (52, c), (56, d)] {
                file.at("moov/trak/tkhd").set(offset, cell.cast_unsigned());
            }
        });
        assert_eq!(facts.facts.rotation, rotation);
    }
}

/// The boxes with a creation time.
const CREATED: [&str; 5] = [
    "moov/mvhd",
    "moov/trak/tkhd",
    "moov/trak/mdia/mdhd",
    "moov/trak:1/tkhd",
    "moov/trak:1/mdia/mdhd",
];

#[test]
fn the_creation_time_is_that_of_a_track_if_the_movie_has_none() {
    for path in CREATED {
        let facts = accepted("good-moov-last.mp4", |file| {
            for other in CREATED {
                file.at(other).set(4, 0);
            }
            file.at(path).set(4, 3_061_152_000);
        });
        assert_eq!(facts.facts.created_at, Some("2001-01-01T00:00:00Z".parse().unwrap()), "{path}");
    }
}

#[test]
fn an_implausible_creation_time_is_unknown() {
    // Seconds since 1904: never set, 1970, 2000-12-31, 2040.
    for seconds in [0, 2_082_844_800, 3_061_151_999, u32::MAX] {
        let facts = accepted("good-moov-last.mp4", |file| {
            for path in CREATED {
                file.at(path).set(4, seconds);
            }
        });
        assert_eq!(facts.facts.created_at, None, "{seconds}");
    }
    let facts = accepted("good-moov-last.mp4", |file| file.at("moov/mvhd").set(4, 3_061_152_000));
    assert_eq!(facts.facts.created_at, Some("2001-01-01T00:00:00Z".parse().unwrap()));
}
