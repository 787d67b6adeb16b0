//! The facts about an accepted file.

use super::content::ParsedBoxes;
use super::moov::movie::Movie;
use super::moov::sample_durations::milliseconds;
use super::moov::track::Track;
use super::top_level::reader::TopLevelReader;
use crate::model::{DurationBy, Durations, Facts};

/// Gathers the facts, as far as they are known, without the digests.
pub(crate) fn gather(top_level: &TopLevelReader, parsed: &ParsedBoxes) -> Facts {
    let (index, movie) = (top_level.index(), parsed.movie());
    let (moov, is_fragmented) = (index.moov.as_ref(), parsed.is_fragmented());
    let tags = movie.map(|movie| movie.tags.clone()).unwrap_or_default();
    let video = movie.and_then(Movie::video);
    let picture = video.and_then(|track| track.sample_entry.as_ref());
    let sound = movie.and_then(Movie::audio).and_then(|track| track.sample_entry.as_ref());
    let audio = sound.and_then(|entry| entry.audio);
    let [coded_width, coded_height] =
        picture.map_or([0, 0], |entry| [entry.width, entry.height]).map(known);
    let width = video.and_then(|track| known(track.header.width)).or(coded_width);
    let height = video.and_then(|track| known(track.header.height)).or(coded_height);
    let orientation = movie.and_then(Movie::orientation);
    let rotation = orientation.and_then(|turned| turned.rotation);
    let is_turned = orientation.is_some_and(|turned| turned.swaps_sides);
    let (display_width, display_height) = if is_turned { (height, width) } else { (width, height) };
    let is_mirrored = orientation.is_some() && rotation.is_none();
    // For a mirrored picture no rotation is reported, so width and height are those displayed.
    let (width, height) =
        if is_mirrored { (display_width, display_height) } else { (width, height) };
    Facts {
        length: top_level.position(),
        sha256: None,
        media_sha256: None,
        duration_ms: movie.and_then(|movie| movie.duration_ms(is_fragmented)),
        durations: movie.map(|movie| durations(movie, is_fragmented)).unwrap_or_default(),
        width,
        height,
        rotation,
        display_width,
        display_height,
        coded_width,
        coded_height,
        frame_rate: video.and_then(frame_rate),
        video_codec: picture.map(|entry| entry.kind.to_string()),
        video_codec_string: picture.map(|entry| entry.codec_string.clone()),
        audio_codec: sound.map(|entry| entry.kind.to_string()),
        audio_codec_string: sound.map(|entry| entry.codec_string.clone()),
        sample_rate: audio.and_then(|audio| audio.rate),
        channels: audio.and_then(|audio| audio.channels),
        brands: parsed.brands().iter().map(ToString::to_string).collect(),
        fragmented: moov.map(|_| is_fragmented),
        moov_first: moov.map(|moov| index.mdats.first().is_none_or(|mdat| moov.start < mdat.start)),
        moov_length: moov.map(|moov| moov.end.saturating_sub(moov.start)),
        created_at: movie.and_then(|movie| movie.created_at),
        location: tags.location.map(|(location, _)| location),
        location_from: tags.location.map(|(_, from)| from),
        device: tags.device(),
        device_make: tags.make,
        device_model: tags.model,
        c2pa: Some(parsed.has_c2pa()),
    }
}

/// The duration by each of its sources. Zero counts as unknown.
fn durations(movie: &Movie, is_fragmented: bool) -> Durations {
    let of = |time: Option<u64>| time.map(|time| milliseconds(time, movie.timescale));
    let longest = |time: fn(&Track) -> Option<u64>| movie.media_tracks().filter_map(time).max();
    let all = [
        of(movie.duration),
        longest(|track| track.stated_duration.map(|time| milliseconds(time, track.timescale))),
        movie.samples_ms(),
        of(longest(|track| track.edited_duration)),
        of(movie.fragments.map(|fragments| fragments.duration)),
    ];
    let all = all.map(|time| time.filter(|time| *time > 0));
    let [movie_ms, track_ms, samples_ms, edits_ms, fragments_ms] = all;
    let known = || all.into_iter().flatten();
    let spread_ms = known().max().zip(known().min()).map(|(most, least)| most.abs_diff(least));
    let stated = movie_ms.filter(|_| !is_fragmented).map(|_| DurationBy::MovieMs);
    let chosen = samples_ms.map(|_| DurationBy::SamplesMs).or(stated);
    Durations { movie_ms, track_ms, samples_ms, edits_ms, fragments_ms, spread_ms, chosen }
}

/// A number of pixels; zero counts as unknown.
fn known(pixels: u16) -> Option<u32> {
    (pixels > 0).then_some(u32::from(pixels))
}

/// The average number of frames a second, to three decimals.
fn frame_rate(track: &Track) -> Option<f64> {
    let number = |number: u64| u32::try_from(number).ok().filter(|number| *number > 0);
    let exact = number(track.sample_durations.total()).map(|time| (time, track.timescale));
    let (time, scale) = exact.or_else(|| Some((number(track.sample_duration_ms())?, 1000)))?;
    let rate = f64::from(number(track.samples)?) * f64::from(scale) / f64::from(time);
    Some((rate * 1000.0).round() / 1000.0)
}
