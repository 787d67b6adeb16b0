//! The facts about an accepted file.

use super::content::ParsedBoxes;
use super::moov::movie::Movie;
use super::moov::sample_entry::SampleEntry;
use super::moov::track::{Track, milliseconds};
use super::top_level::reader::TopLevelReader;
use crate::model::{DurationBy, Durations, Facts};

/// Gathers the facts, as far as they are known, without the digests.
pub(crate) fn gather(top_level: &TopLevelReader, parsed: &ParsedBoxes) -> Facts {
    let index = top_level.index();
    let moov = index.moov.as_ref();
    let is_fragmented = parsed.is_fragmented();
    let facts = Facts {
        length: top_level.position(),
        brands: parsed.brands().iter().map(ToString::to_string).collect(),
        fragmented: moov.map(|_| is_fragmented),
        moov_first: moov.map(|moov| index.mdats.first().is_none_or(|mdat| moov.start < mdat.start)),
        moov_length: moov.map(|moov| moov.end.saturating_sub(moov.start)),
        c2pa: Some(parsed.has_c2pa()),
        ..Facts::default()
    };
    match parsed.movie() {
        Some(movie) => with_movie(facts, movie, is_fragmented),
        None => facts,
    }
}

fn with_movie(facts: Facts, movie: &Movie, is_fragmented: bool) -> Facts {
    let facts = Facts {
        duration_ms: movie.duration_ms(is_fragmented),
        durations: durations(movie, is_fragmented),
        created_at: movie.created_at,
        location: movie.tags.location.map(|(location, _)| location),
        location_from: movie.tags.location.map(|(_, from)| from),
        device: movie.tags.device(),
        device_make: movie.tags.make.clone(),
        device_model: movie.tags.model.clone(),
        ..facts
    };
    let facts = match movie.video() {
        Some(video) => with_video(facts, video),
        None => facts,
    };
    match movie.audio().and_then(|track| track.sample_entry.as_ref()) {
        Some(entry) => with_audio(facts, entry),
        None => facts,
    }
}

fn with_video(facts: Facts, video: &Track) -> Facts {
    let entry = video.sample_entry.as_ref();
    let [coded_width, coded_height] =
        entry.map_or([0, 0], |entry| [entry.width, entry.height]).map(known);
    let width = known(video.header.width).or(coded_width);
    let height = known(video.header.height).or(coded_height);
    let is_turned = matches!(video.header.rotation, Some(90 | 270));
    let (display_width, display_height) = if is_turned { (height, width) } else { (width, height) };
    Facts {
        width,
        height,
        rotation: video.header.rotation,
        display_width,
        display_height,
        coded_width,
        coded_height,
        frame_rate: frame_rate(video),
        video_codec: entry.map(|entry| entry.kind.to_string()),
        video_codec_string: entry.map(|entry| entry.codec_string.clone()),
        ..facts
    }
}

fn with_audio(facts: Facts, entry: &SampleEntry) -> Facts {
    Facts {
        audio_codec: Some(entry.kind.to_string()),
        audio_codec_string: Some(entry.codec_string.clone()),
        sample_rate: entry.audio.and_then(|audio| audio.rate),
        channels: entry.audio.and_then(|audio| audio.channels),
        ..facts
    }
}

/// Everything that states the duration of the recording; zero counts as unknown.
fn durations(movie: &Movie, is_fragmented: bool) -> Durations {
    let of = |time: Option<u64>| time.map(|time| milliseconds(time, movie.timescale));
    let longest = |time: fn(&Track) -> Option<u64>| movie.media_tracks().filter_map(time).max();
    let all = [
        of(movie.duration),
        longest(|track| track.stated_duration.map(|time| milliseconds(time, track.timescale))),
        longest(|track| Some(track.sample_duration_ms())),
        of(longest(|track| track.edited_duration)),
        of(movie.announced.map(|announced| announced.duration)),
    ];
    let all = all.map(|time| time.filter(|time| *time > 0));
    let [movie_ms, track_ms, samples_ms, edits_ms, fragments_ms] = all;
    let known = || all.into_iter().flatten();
    let spread_ms = known().max().zip(known().min()).map(|(most, least)| most.abs_diff(least));
    let chosen = match (movie_ms, samples_ms) {
        (Some(_), _) if !is_fragmented => Some(DurationBy::MovieMs),
        (_, samples) => samples.map(|_| DurationBy::SamplesMs),
    };
    Durations { movie_ms, track_ms, samples_ms, edits_ms, fragments_ms, spread_ms, chosen }
}

/// A number of pixels; zero counts as unknown.
fn known(pixels: u16) -> Option<u32> {
    (pixels > 0).then_some(u32::from(pixels))
}

/// The average number of frames a second, to three decimals.
fn frame_rate(track: &Track) -> Option<f64> {
    let number = |number: u64| u32::try_from(number).ok().filter(|number| *number > 0);
    let exact = number(track.sample_duration).map(|time| (time, track.timescale));
    let (time, scale) = exact.or_else(|| Some((number(track.sample_duration_ms())?, 1000)))?;
    let rate = f64::from(number(track.samples)?) * f64::from(scale) / f64::from(time);
    Some((rate * 1000.0).round() / 1000.0)
}
