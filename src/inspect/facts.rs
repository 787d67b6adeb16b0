//! What is told of an accepted file.

use crate::model::{DurationBy, Durations, Facts};

use crate::inspect::content::Content;
use crate::inspect::moov::movie::Movie;
use crate::inspect::moov::sample_entry::Description;
use crate::inspect::moov::track::{Track, milliseconds};
use crate::inspect::top_level::reader::Top;

/// Gathers the facts, as far as they are known. The digests are left to the caller.
pub(crate) fn of(top: &Top, content: &Content) -> Facts {
    let movie = content.movie.as_ref();
    let moov = top.seen.moov.as_ref();
    let fragmented = content.fragments.any();
    let facts = Facts {
        length: top.position,
        brands: content.brands.iter().map(ToString::to_string).collect(),
        fragmented: moov.map(|_| fragmented),
        moov_first: moov
            .map(|moov| top.seen.mdats.first().is_none_or(|mdat| moov.start < mdat.start)),
        moov_length: moov.map(|moov| moov.end.saturating_sub(moov.start)),
        c2pa: Some(content.c2pa),
        ..Facts::default()
    };
    match movie {
        Some(movie) => with_movie(facts, movie, fragmented),
        None => facts,
    }
}

fn with_movie(facts: Facts, movie: &Movie, fragmented: bool) -> Facts {
    let facts = Facts {
        duration_ms: movie.duration_ms(fragmented),
        durations: durations(movie, fragmented),
        created_at: movie.created_at,
        location: movie.tags.place.map(|(location, _)| location),
        location_from: movie.tags.place.map(|(_, from)| from),
        device: movie.tags.device(),
        device_make: movie.tags.make.clone(),
        device_model: movie.tags.model.clone(),
        ..facts
    };
    let facts = match movie.picture() {
        Some(picture) => with_picture(facts, picture),
        None => facts,
    };
    match movie.sound().and_then(|track| track.description) {
        Some(sound) => with_sound(facts, &sound),
        None => facts,
    }
}

fn with_picture(facts: Facts, picture: &Track) -> Facts {
    let described = picture.description.as_ref();
    let [coded_width, coded_height] =
        described.map_or([0, 0], |of| [of.width, of.height]).map(known);
    let width = known(picture.shown.width).or(coded_width);
    let height = known(picture.shown.height).or(coded_height);
    let turned = matches!(picture.shown.rotation, Some(90 | 270));
    let (display_width, display_height) = if turned { (height, width) } else { (width, height) };
    Facts {
        width,
        height,
        rotation: picture.shown.rotation,
        display_width,
        display_height,
        coded_width,
        coded_height,
        frame_rate: frame_rate(picture),
        video_codec: described.map(|of| of.kind.to_string()),
        video_codec_string: described.map(Description::codec_string),
        ..facts
    }
}

fn with_sound(facts: Facts, described: &Description) -> Facts {
    Facts {
        audio_codec: Some(described.kind.to_string()),
        audio_codec_string: Some(described.codec_string()),
        sample_rate: described.sound.and_then(|sound| sound.rate),
        channels: described.sound.and_then(|sound| sound.channels),
        ..facts
    }
}

/// Everything that says how long the recording lasts; zero says nothing.
fn durations(movie: &Movie, fragmented: bool) -> Durations {
    let of = |time: Option<u64>| time.map(|time| milliseconds(time, movie.timescale));
    let longest = |time: fn(&Track) -> Option<u64>| movie.heard().filter_map(time).max();
    let said = [
        of(movie.duration),
        longest(|track| track.stated.map(|time| milliseconds(time, track.timescale))),
        longest(|track| Some(track.time_ms())),
        of(longest(|track| track.edited)),
        of(movie.announced.map(|announced| announced.length)),
    ];
    let said = said.map(|time| time.filter(|time| *time > 0));
    let [movie_ms, track_ms, samples_ms, edits_ms, fragments_ms] = said;
    let known = || said.into_iter().flatten();
    let spread_ms = known().max().zip(known().min()).map(|(most, least)| most.abs_diff(least));
    let chosen = match (movie_ms, samples_ms) {
        (Some(_), _) if !fragmented => Some(DurationBy::MovieMs),
        (_, samples) => samples.map(|_| DurationBy::SamplesMs),
    };
    Durations { movie_ms, track_ms, samples_ms, edits_ms, fragments_ms, spread_ms, chosen }
}

/// A number of pixels; zero is unknown.
fn known(pixels: u16) -> Option<u32> {
    (pixels > 0).then_some(u32::from(pixels))
}

/// Pictures a second on the average, to three decimals.
fn frame_rate(track: &Track) -> Option<f64> {
    let number = |number: u64| u32::try_from(number).ok().filter(|number| *number > 0);
    let exact = number(track.time).map(|time| (time, track.timescale));
    let (time, scale) = exact.or_else(|| Some((number(track.time_ms())?, 1000)))?;
    let rate = f64::from(number(track.samples)?) * f64::from(scale) / f64::from(time);
    Some((rate * 1000.0).round() / 1000.0)
}
