//! The facts read from a file, compared with those of ffprobe.

use std::path::Path;
use std::process::Command;

use forte_media::inspect::{Config, Digests};
use forte_media::model::{Check, Digest, DurationBy, Facts, LocationFrom};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::corpus::{Labelled, corpus, print_uncaptured};
use crate::harness::boxes::{Node, boxed, leaf};
use crate::harness::mp4::{
    accepted, accepted_by, default_rules, edited, judge, push, sample, scanner,
};

const GOOD: &str = "good-moov-last.mp4";
const FRAGMENTED: &str = "good-fragmented.mp4";

/// Tolerance for durations in milliseconds: ffprobe subtracts what an edit list skips, one or two
/// frames.
const SLACK_MS: f64 = 100.0;

/// Intended differences: file, fact, reason.
const DIFFERENT: &[(&str, &str, &str)] = &[
    (
        "mp4ff/main_1.mp4",
        "duration",
        "begins in the middle of a stream; ffprobe counts from the start of the stream",
    ),
    (
        "mp4ff/cbcsdec.mp4",
        "duration",
        "begins in the middle of a stream; ffprobe counts from the start of the stream",
    ),
    (
        "mp4ff/outV300.mp4",
        "duration",
        "holds two segments; ffprobe reports the declared length of the stream",
    ),
    (
        "mp4ff/v300_multiple_segments.mp4",
        "duration",
        "holds two segments; ffprobe reports the declared length of the stream",
    ),
    (
        "androidx-media/iibbibb_editlist_videoonly.mp4",
        "duration",
        "its edit list skips half a second; the samples decide here",
    ),
    (
        "androidx-media/sample_fragmented_unsupported_brands.mp4",
        "duration",
        "a sample duration is negative, which ffprobe reads as a hundred thousand seconds",
    ),
    (
        "androidx-media/sample_with_fake_auxiliary_tracks.mp4",
        "size",
        "its sample entry contradicts its parameter sets, which ffprobe prefers",
    ),
];

/// The output of ffprobe for a file; `None` if it is not installed.
fn ffprobe(path: &Path) -> Option<Value> {
    let out = Command::new("ffprobe")
        .args(["-v", "error", "-show_format", "-show_streams", "-of", "json"])
        .arg(path)
        .output()
        .ok()?;
    serde_json::from_slice(&out.stdout).ok()
}

fn stream<'p>(probed: &'p Value, kind: &str) -> Option<&'p Value> {
    let streams = probed["streams"].as_array()?;
    streams.iter().find(|stream| stream["codec_type"] == kind)
}

/// The facts that differ from those of ffprobe.
fn differences(facts: &Facts, probed: &Value) -> Vec<(&'static str, String)> {
    let mut found = Vec::new();
    let mut compare = |what, ours: String, theirs: String| {
        if ours != theirs {
            found.push((what, format!("{ours}, ffprobe says {theirs}")));
        }
    };
    // The duration of the picture, not of the whole file.
    if let Some(theirs) = stream(probed, "video").and_then(|video| video["duration"].as_str()) {
        let theirs = theirs.parse::<f64>().unwrap() * 1000.0;
        let ours = f64::from(u32::try_from(facts.duration_ms.unwrap_or(0)).unwrap());
        if (ours - theirs).abs() > SLACK_MS {
            compare("duration", format!("{ours} ms"), format!("{theirs} ms"));
        }
    }
    if let Some(video) = stream(probed, "video") {
        let size = [facts.coded_width, facts.coded_height].map(Option::unwrap_or_default);
        let theirs = [&video["width"], &video["height"]].map(|it| it.as_u64().unwrap_or(0));
        compare("size", format!("{size:?}"), format!("{theirs:?}"));
        let codec = video["codec_tag_string"].as_str().unwrap_or_default();
        compare("codec", facts.video_codec.clone().unwrap_or_default(), codec.to_owned());
        let turned = video["side_data_list"][0]["rotation"].as_i64().unwrap_or(0);
        let rotation = facts.rotation.unwrap_or(0).to_string();
        compare("rotation", rotation, (-turned).rem_euclid(360).to_string());
        if let (Some(ours), Some(theirs)) = (facts.frame_rate, rate(&video["avg_frame_rate"]))
            && (ours / theirs - 1.0).abs() > 0.02
        {
            compare("frame rate", ours.to_string(), theirs.to_string());
        }
        if let Some(level) = level(facts.video_codec_string.as_deref().unwrap_or_default()) {
            compare("level", level.to_string(), video["level"].to_string());
        }
    }
    if let Some(audio) = stream(probed, "audio") {
        let codec = audio["codec_tag_string"].as_str().unwrap_or_default();
        compare("audio codec", facts.audio_codec.clone().unwrap_or_default(), codec.to_owned());
        let rate = facts.sample_rate.map_or("0".to_owned(), |rate| rate.to_string());
        compare("rate", rate, audio["sample_rate"].as_str().unwrap_or("0").to_owned());
        let channels = facts.channels.unwrap_or(0).to_string();
        compare("channels", channels, audio["channels"].to_string());
    }
    let made = probed["format"]["tags"]["creation_time"].as_str();
    if let (Some(ours), Some(theirs)) = (facts.created_at, made) {
        compare("creation", ours.to_string(), theirs.replace(".000000", ""));
    }
    let ours = facts.location.map(|it| format!("{:+.4}{:+.4}", it.lat, it.long));
    compare("location", ours.unwrap_or_default(), location(&probed["format"]["tags"]));
    found
}

/// Parses a rate given as a fraction.
fn rate(fraction: &Value) -> Option<f64> {
    let (over, under) = fraction.as_str()?.split_once('/')?;
    let rate = over.parse::<f64>().ok()? / under.parse::<f64>().ok()?;
    rate.is_normal().then_some(rate)
}

/// The level of H.264 and H.265 in the units of ffprobe.
fn level(codec: &str) -> Option<u32> {
    let parts: Vec<&str> = codec.split('.').collect();
    match parts[..] {
        ["avc1" | "avc3", all] => u32::from_str_radix(all.get(4..)?, 16).ok(),
        ["hvc1" | "hev1", _, _, level, ..] => level.get(1..)?.parse().ok(),
        _ => None,
    }
}

/// The location reported by ffprobe, with four decimals.
fn location(tags: &Value) -> String {
    let names = ["location", "com.apple.quicktime.location.ISO6709", "location-eng"];
    let Some(text) = names.iter().find_map(|name| tags[name].as_str()) else {
        return String::new();
    };
    let cut = text[1..].find(['+', '-']).unwrap() + 1;
    let end = text[cut + 1..].find(['+', '-', '/']).map_or(text.len(), |end| end + cut + 1);
    let number = |text: &str| text.parse::<f64>().unwrap();
    format!("{:+.4}{:+.4}", number(&text[..cut]), number(&text[cut..end]))
}

fn disagreements(file: &Labelled) -> Vec<(&'static str, String)> {
    let Ok(found) = judge(&file.bytes, Config::relaxed()) else { return Vec::new() };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus");
    let Some(probed) = ffprobe(&folder.join(&file.file)) else { return Vec::new() };
    differences(&found.facts, &probed)
}

#[test]
fn ffprobe_agrees_except_for_listed_differences() {
    if Command::new("ffprobe").arg("-version").output().is_err() {
        return print_uncaptured("ffprobe is not installed: the comparison is skipped");
    }
    let files = corpus();
    let mut unlisted = Vec::new();
    let mut used = 0;
    for file in files.iter().filter(|file| file.clean_video) {
        for (what, how) in disagreements(file) {
            let listed = DIFFERENT.iter().any(|(name, of, _)| (*name, *of) == (&file.file, what));
            used += usize::from(listed);
            if !listed {
                unlisted.push(format!("{}: {what}: {how}", file.file));
            }
        }
    }
    assert_eq!(unlisted, Vec::<String>::new());
    assert!(files.is_empty() || used == DIFFERENT.len(), "a listed difference no longer exists");
}

/// The crate `mp4`, which shares no code with our parser, finds the same in every real file.
#[test]
fn the_second_parser_agrees_on_every_real_file() {
    let mut doubts = Vec::new();
    for file in corpus() {
        let Ok(found) = judge(&file.bytes, Config::relaxed()) else { continue };
        let notes = found.notes.into_iter().filter(|note| note.check == Check::SecondOpinion);
        doubts.extend(notes.map(|note| format!("{}: {}", file.file, note.message)));
    }
    assert_eq!(doubts, Vec::<String>::new());
}

#[test]
fn every_source_of_the_duration_is_reported() {
    let facts = accepted(GOOD, |file| file.at("moov/mvhd").set(16, 2900)).facts;
    let durations = facts.durations;
    assert_eq!(facts.duration_ms, Some(2000), "the samples of the picture decide");
    assert_eq!((durations.movie_ms, durations.track_ms), (Some(2900), Some(2023)));
    assert_eq!((durations.samples_ms, durations.edits_ms), (Some(2000), Some(2000)));
    assert_eq!((durations.fragments_ms, durations.spread_ms), (None, Some(900)));
    assert_eq!(durations.chosen, Some(DurationBy::SamplesMs));
}

#[test]
fn the_duration_of_fragments_comes_from_their_samples() {
    let mehd = leaf(*b"mehd", &[0, 0, 0, 0, 0, 0, 0x0B, 0xB8]); // 3000 ms
    let facts = accepted(FRAGMENTED, |file| {
        file.at("moov/mvex").children.insert(0, mehd); // positions count from their moof
    });
    let durations = facts.facts.durations;
    assert_eq!(durations.fragments_ms, Some(3000));
    assert_eq!(durations.chosen, Some(DurationBy::SamplesMs));
    assert_eq!(durations.samples_ms, facts.facts.duration_ms);
}

#[test]
fn the_display_size_follows_the_rotation() {
    let facts = accepted(GOOD, |file| {
        let tkhd = file.at("moov/trak/tkhd");
        for (place, cell) in [(40, 0), (44, 0x1_0000), (52, 0xFFFF_0000), (56, 0)] {
            tkhd.set(place, cell);
        }
    });
    let facts = facts.facts;
    assert_eq!(facts.rotation, Some(90));
    assert_eq!((facts.width, facts.height), (Some(320), Some(240)));
    assert_eq!((facts.display_width, facts.display_height), (Some(240), Some(320)));
    assert_eq!((facts.coded_width, facts.coded_height), (Some(320), Some(240)));
}

#[test]
fn a_c2pa_manifest_is_found_at_any_position() {
    let uuid = b"\xD8\xFE\xC3\xD6\x1B\x0E\x48\x3C\x92\x97\x58\x28\x87\x7E\xC4\x81";
    let manifest = leaf(*b"uuid", &[&uuid[..], &[7; 5000]].concat());
    let other = leaf(*b"uuid", &[9; 40]);
    let short = leaf(*b"uuid", &uuid[..15]);
    assert_eq!(accepted(GOOD, |_| ()).facts.c2pa, Some(false));
    for (found, boxes) in [(true, vec![&other, &manifest]), (false, vec![&other, &short])] {
        let facts = accepted(GOOD, |file| file.children.extend(boxes.into_iter().cloned())).facts;
        assert_eq!(facts.c2pa, Some(found));
    }
    let wide = [&[0, 0, 0, 1][..], b"uuid", &40_u64.to_be_bytes(), uuid, &[0; 8]].concat();
    let file = [sample(GOOD), wide].concat();
    assert_eq!(accepted_by(&file, &default_rules()).facts.c2pa, Some(true));
}

#[test]
fn reads_a_location_in_itunes_tags() {
    let data = leaf(*b"data", b"\0\0\0\x01\0\0\0\0+43.2400+076.9000/");
    let item = leaf(*b"\xA9xyz", &data.bytes());
    let list = leaf(*b"ilst", &item.bytes());
    let handler = leaf(*b"hdlr", b"\0\0\0\0\0\0\0\0mdirappl\0\0\0\0\0\0\0\0\0");
    let meta = leaf(*b"meta", &[&[0; 4], &handler.bytes()[..], &list.bytes()].concat());
    let facts = accepted(GOOD, |file| {
        let udta = file.at("moov/udta");
        udta.children = vec![meta];
    });
    let place = facts.facts.location.unwrap();
    assert_eq!((place.lat, place.long), (43.24, 76.9));
    assert_eq!(facts.facts.location_from, Some(LocationFrom::Xyz));
}

/// A `meta` box with keys: a plain box as in QuickTime, or a full box as in ISO files. Phones mix the
/// two forms (gpac/mp4box.js issue 309).
fn keys(full: bool) -> Node {
    let handler = leaf(*b"hdlr", b"\0\0\0\0\0\0\0\0mdta\0\0\0\0\0\0\0\0\0\0\0\0\0");
    let names =
        ["com.android.manufacturer", "com.android.model", "com.apple.quicktime.location.ISO6709"];
    let keys: Vec<u8> = names.iter().flat_map(|name| boxed(*b"mdta", name.as_bytes())).collect();
    let keys = boxed(*b"keys", &[&[0, 0, 0, 0, 0, 0, 0, 3], &keys[..]].concat());
    let values = ["Xiaomi", "2201", "-33.8600+151.2100/"];
    let values: Vec<u8> = (1_u32..)
        .zip(values)
        .flat_map(|(number, text)| {
            let data = boxed(*b"data", &[b"\0\0\0\x01\0\0\0\0", text.as_bytes()].concat());
            boxed(number.to_be_bytes(), &data)
        })
        .collect();
    let fields: &[u8] = if full { &[0; 4] } else { &[] };
    leaf(*b"meta", &[fields, &handler.bytes(), &keys, &boxed(*b"ilst", &values)].concat())
}

#[test]
fn keys_are_read_in_both_forms_of_the_meta_box() {
    for full in [false, true] {
        let found = accepted(GOOD, |file| {
            file.remove("moov/udta");
            file.at("moov").children.push(keys(full));
        });
        assert_eq!(found.notes, []);
        let facts = found.facts;
        assert_eq!(facts.device.as_deref(), Some("Xiaomi 2201"));
        assert_eq!(facts.device_make.as_deref(), Some("Xiaomi"));
        assert_eq!(facts.device_model.as_deref(), Some("2201"));
        let place = facts.location.unwrap();
        assert_eq!((place.lat, place.long), (-33.86, 151.21));
        assert_eq!(facts.location_from, Some(LocationFrom::Keys));
    }
}

/// The media hash of a file pushed in chunks.
fn media(file: &[u8], size: usize) -> Digest {
    let mut scanner = scanner(file, Config::relaxed());
    let mut digests = Digests::default();
    for chunk in file.chunks(size) {
        push(&mut scanner, chunk, file);
        digests.update(&scanner, chunk);
    }
    digests.media_sha256().unwrap()
}

#[test]
fn the_media_hash_ignores_tags_and_the_position_of_moov() {
    let good = sample(GOOD);
    let payload = Node::parse(&good).at("mdat").fields.clone();
    let expected = Digest::new(Sha256::digest(payload).into());
    let tagged = edited(GOOD, |file| {
        let tag = leaf(*b"\xA9mod", b"\0\x04\0\0Tele");
        file.at("moov/udta").children.push(tag);
    });
    let changed = edited(GOOD, |file| file.at("mdat").fields[77] ^= 1);
    for size in [1, 1000, good.len()] {
        assert_eq!(media(&good, size), expected);
        assert_eq!(media(&tagged, size), expected);
        assert_eq!(media(&sample("good-moov-first.mp4"), size), expected);
        assert_ne!(media(&changed, size), expected);
    }
}

#[test]
fn the_media_hash_covers_every_mdat_in_order() {
    let mut file = Node::parse(&sample(FRAGMENTED));
    let payloads = ["mdat", "mdat:1"].map(|path| file.at(path).fields.clone());
    let expected = Digest::new(Sha256::digest(payloads.concat()).into());
    for size in [1, 777, usize::MAX] {
        assert_eq!(media(&sample(FRAGMENTED), size), expected);
    }
}

/// The caller of `push` may be on an async thread, so `moov` and the second parser are left to
/// `supply`.
#[test]
fn push_never_parses_moov() {
    for name in [GOOD, "good-moov-first.mp4", FRAGMENTED] {
        let file = sample(name);
        let mut scanner = scanner(&file, Config::relaxed());
        scanner.push(&file);
        let needed = scanner.needed_range().unwrap();
        let kind = usize::try_from(needed.start).unwrap() + 4;
        assert_eq!(&file[kind..kind + 4], b"moov", "{name}");
    }
}
