//! Checks 25, 26, 35 to 38: is this a video, and one we take?

use jiff::SignedDuration;

use crate::model::{Check, Finding};

use crate::inspect::content::Notepad;
use crate::inspect::moov::movie::Movie;
use crate::inspect::moov::track::{Track, milliseconds};
use crate::inspect::settings::Config;

/// Statements of the duration may differ by this much, or by a tenth (mp4.md §3.2, check 35).
const DURATION_SLACK_MS: u64 = 1000;

/// Everything that `moov` alone can tell against the video. An upload is refused for the first of
/// these; a preflight tells all of them.
pub(crate) fn of_movie(movie: &Movie, rules: &Config) -> Vec<Finding> {
    let Some(picture) = movie.picture() else { return vec![no_video_track(movie)] };
    let codec = codec_unsupported(picture, rules).err();
    codec.into_iter().chain(of_length(movie, picture, rules)).collect()
}

/// What a movie without fragments says of its length; with fragments it is still to come.
fn of_length(movie: &Movie, picture: &Track, rules: &Config) -> Option<Finding> {
    if movie.extends {
        return None;
    }
    // Without a picture the duration says nothing more.
    let judged =
        no_samples(movie, picture).and_then(|()| duration_out_of_range(movie, false, rules));
    judged.err()
}

/// Notes down where the movie contradicts itself without harm.
pub(crate) fn doubts(movie: &Movie, notepad: &mut Notepad) {
    for doubt in duration_mismatch(movie).into_iter().chain(edit_list_odd(movie)) {
        notepad.add(doubt);
    }
}

/// Check 25: There is a picture. Sound alone is no inspection of a vehicle; other tracks (text,
/// timed metadata) are welcome, iPhones write two or three. (ISO 14496-12 §8.4.3)
fn no_video_track(movie: &Movie) -> Finding {
    let message = "There is no picture in this file, only sound or data.";
    Finding::at(Check::NoVideoTrack, movie.at, message)
}

/// Check 26: The codec is on the operator's list: others do not play for the reviewers
/// (decisions.md).
fn codec_unsupported(picture: &Track, rules: &Config) -> Result<(), Finding> {
    let Some(description) = picture.description else { return Ok(()) };
    let codec = description.kind.to_string();
    if rules.takes_codec(&codec) {
        return Ok(());
    }
    let message = format!("The picture is encoded as '{codec}', which is not taken.");
    Err(Finding::at(Check::CodecUnsupported, description.at, message))
}

/// Check 38: A video has pictures. Without fragments to come, none in `moov` are none at all.
/// (mp4.md §3.2, check 38)
fn no_samples(movie: &Movie, picture: &Track) -> Result<(), Finding> {
    if picture.samples > 0 {
        return Ok(());
    }
    let message = "The file describes a video but holds not a single picture.";
    Err(Finding::at(Check::NoSamples, movie.at, message))
}

/// Check 37: The recording is neither shorter nor longer than the operator asks. A file that
/// nowhere says how long it is counts as empty. (decisions.md, video policy)
pub(crate) fn duration_out_of_range(
    movie: &Movie,
    fragmented: bool,
    rules: &Config,
) -> Result<(), Finding> {
    let millis = movie.duration_ms(fragmented).unwrap_or(0);
    let duration = SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX));
    if (rules.min_duration..=rules.max_duration).contains(&duration) {
        return Ok(());
    }
    let message = format!(
        "The video lasts {duration:#}; between {:#} and {:#} are taken.",
        rules.min_duration, rules.max_duration
    );
    Err(Finding::at(Check::DurationOutOfRange, movie.at, message))
}

/// Check 35: What the file says of its length agrees: each track with its samples, the movie with
/// its longest track. Only noted: a wrong number does not stop a player. (`FFmpeg` `mov.c`)
fn duration_mismatch(movie: &Movie) -> Vec<Finding> {
    let filled = movie.heard().filter(|track| track.samples > 0 && track.defaults.is_none());
    let mut doubts: Vec<Finding> = filled.filter_map(track_mismatch).collect();
    doubts.extend(movie_mismatch(movie));
    doubts
}

fn track_mismatch(track: &Track) -> Option<Finding> {
    let stated = milliseconds(track.stated?, track.timescale);
    let message = mismatch(stated, track.time_ms())?;
    Some(Finding::at(
        Check::DurationMismatch,
        track.at,
        format!("A track {message} by its samples."),
    ))
}

fn movie_mismatch(movie: &Movie) -> Option<Finding> {
    let longest = movie.tracks.iter().filter_map(|track| track.shown.duration).max()?;
    let stated = movie.duration.filter(|duration| *duration > 0)?;
    let of = |time| milliseconds(time, movie.timescale);
    let message = mismatch(of(stated), of(longest)).filter(|_| longest > 0)?;
    let message = format!("The movie {message} by its longest track.");
    Some(Finding::at(Check::DurationMismatch, movie.at, message))
}

/// Check 36: the pieces of an edit list add up to the length of their track. Only noted. (ISO
/// 14496-12 §8.6.6)
fn edit_list_odd(movie: &Movie) -> Vec<Finding> {
    let of = |time| milliseconds(time, movie.timescale);
    let odd = movie.tracks.iter().filter_map(|track| {
        let message = mismatch(of(track.shown.duration?), of(track.edited?))?;
        let message = format!("A track {message} by its edit list.");
        Some(Finding::at(Check::EditListOdd, track.at, message))
    });
    odd.collect()
}

/// What to say when two statements of a length in milliseconds differ too much.
pub(crate) fn mismatch(stated: u64, found: u64) -> Option<String> {
    let slack = DURATION_SLACK_MS.max(stated.max(found) / 10);
    (stated.abs_diff(found) > slack)
        .then(|| format!("lasts {stated} ms by its header, but {found} ms"))
}
