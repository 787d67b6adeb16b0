//! What is told of an accepted file.

use crate::model::Facts;

use super::content::Content;
use super::description::Description;
use super::movie::Movie;
use super::top::Top;
use super::track::Track;

/// Gathers the facts, as far as they are known. The digests are left to the caller.
pub(super) fn of(top: &Top, content: &Content) -> Facts {
    let movie = content.movie.as_ref();
    let moov = top.seen.moov.as_ref();
    let fragmented = content.fragments.any();
    let facts = Facts {
        length: top.position,
        brands: content.brands.iter().map(ToString::to_string).collect(),
        fragmented: moov.map(|_| top.seen.fragments > 0),
        moov_first: moov
            .map(|moov| top.seen.mdats.first().is_none_or(|mdat| moov.start < mdat.start)),
        moov_length: moov.map(|moov| moov.end.saturating_sub(moov.start)),
        ..Facts::default()
    };
    match movie {
        Some(movie) => with_movie(facts, movie, fragmented),
        None => facts,
    }
}

fn with_movie(facts: Facts, movie: &Movie, fragmented: bool) -> Facts {
    let picture = movie.picture();
    let codec = |track: &Track| track.description.map(|described| described.kind.to_string());
    Facts {
        duration_ms: movie.duration_ms(fragmented),
        width: picture.and_then(|track| pixels(track.shown.width, track, |of| of.width)),
        height: picture.and_then(|track| pixels(track.shown.height, track, |of| of.height)),
        rotation: picture.and_then(|track| track.shown.rotation),
        frame_rate: picture.and_then(frame_rate),
        video_codec: picture.and_then(codec),
        audio_codec: movie.sound().and_then(codec),
        created_at: movie.created_at,
        location: movie.tags.location,
        device: movie.tags.device.clone(),
        ..facts
    }
}

/// As shown, else as encoded; zero is unknown.
fn pixels(shown: u16, track: &Track, encoded: fn(&Description) -> u16) -> Option<u32> {
    let pixels = if shown == 0 { track.description.as_ref().map_or(0, encoded) } else { shown };
    (pixels > 0).then_some(u32::from(pixels))
}

/// Pictures a second on the average, to three decimals.
fn frame_rate(track: &Track) -> Option<f64> {
    let samples = f64::from(u32::try_from(track.samples).ok().filter(|count| *count > 0)?);
    let seconds = f64::from(u32::try_from(track.time_ms()).ok().filter(|time| *time > 0)?) / 1000.0;
    Some((samples / seconds * 1000.0).round() / 1000.0)
}
