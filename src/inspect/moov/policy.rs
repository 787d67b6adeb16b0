//! The policy: whether this is a video, and one that the operator accepts. Also the contradictions
//! between durations, which are only noted.

use jiff::SignedDuration;

use super::movie::Movie;
use super::track::{Track, milliseconds};
use crate::inspect::settings::Config;
use crate::model::{BrokenLimit, Check, Finding};

/// Two durations may differ by this much, or by a tenth.
const DURATION_SLACK_MS: u64 = 1000;

/// All violations of the policy that `moov` alone shows. An upload is refused for the first one; a
/// preflight reports all of them.
pub(crate) fn violations(movie: &Movie, rules: &Config) -> Vec<Finding> {
    let finding = |check, message: &str| Finding::at(check, movie.at, message);
    // `NO_VIDEO_TRACK`: Sound alone does not show a vehicle. Other tracks (text, timed metadata)
    // are allowed; iPhones write two or three. (ISO 14496-12 §8.4.3)
    let Some(video) = movie.video() else {
        let message = "The file has no video track, only sound or data.";
        return vec![finding(Check::NoVideoTrack, message)];
    };
    let of_samples = if movie.has_mvex {
        None // fragments are still to come
    } else if video.samples == 0 {
        // `NO_SAMPLES` explains a wrong duration too, so the duration is not checked.
        let message = "The file describes a video but contains no picture.";
        Some(finding(Check::NoSamples, message))
    } else {
        duration_out_of_range(movie, false, rules)
    };
    codec_unsupported(video, rules).into_iter().chain(of_samples).collect()
}

/// `CODEC_UNSUPPORTED`: The codec is on the operator's list. Reviewers cannot play others.
fn codec_unsupported(video: &Track, rules: &Config) -> Option<Finding> {
    let entry = video.sample_entry.as_ref()?;
    let codec = entry.kind.to_string();
    let message = format!("The picture is encoded as `{codec}`, a codec that is not accepted.");
    (!rules.accepts_codec(&codec)).then(|| Finding::at(Check::CodecUnsupported, entry.at, message))
}

/// `DURATION_OUT_OF_RANGE`: The duration is within the operator's limits. A file without a duration
/// counts as zero long.
pub(crate) fn duration_out_of_range(
    movie: &Movie,
    fragmented: bool,
    rules: &Config,
) -> Option<Finding> {
    let millis = movie.duration_ms(fragmented).unwrap_or(0);
    let duration = SignedDuration::from_millis(i64::try_from(millis).unwrap_or(i64::MAX));
    if (rules.min_duration..=rules.max_duration).contains(&duration) {
        return None;
    }
    let message = format!(
        "The duration of the video is {duration:#}; {:#} to {:#} are accepted.",
        rules.min_duration, rules.max_duration
    );
    let limit = if duration < rules.min_duration {
        BrokenLimit::TooShort { duration_ms: millis }
    } else {
        BrokenLimit::TooLong { max_ms: u64::try_from(rules.max_duration.as_millis()).unwrap_or(0) }
    };
    Some(Finding::at(Check::DurationOutOfRange, movie.at, message).with_limit(limit))
}

/// Contradictions that do not harm a player: `DURATION_MISMATCH` and `EDIT_LIST_ODD`.
pub(crate) fn contradictions(movie: &Movie) -> Vec<Finding> {
    let filled = |track: &&Track| track.samples > 0 && track.defaults.is_none();
    let tracks = movie.media_tracks().filter(filled).filter_map(track_mismatch);
    let edits = movie.tracks.iter().filter_map(|track| edit_list_mismatch(movie, track));
    tracks.chain(movie_mismatch(movie)).chain(edits).collect()
}

/// `DURATION_MISMATCH`: The duration of a track is that of its samples. (`FFmpeg` `mov.c`)
fn track_mismatch(track: &Track) -> Option<Finding> {
    let stated = milliseconds(track.stated_duration?, track.timescale);
    let what = mismatch(stated, track.sample_duration_ms())?;
    let message = format!("A track {what} by its samples.");
    Some(Finding::at(Check::DurationMismatch, track.at, message))
}

/// `DURATION_MISMATCH`: The duration of the movie is that of its longest track.
fn movie_mismatch(movie: &Movie) -> Option<Finding> {
    let longest = movie.tracks.iter().filter_map(|track| track.header.duration).max()?;
    let stated = movie.duration.filter(|duration| *duration > 0)?;
    let [stated, found] = [stated, longest].map(|time| milliseconds(time, movie.timescale));
    let what = mismatch(stated, found).filter(|_| longest > 0)?;
    let message = format!("The movie {what} by its longest track.");
    Some(Finding::at(Check::DurationMismatch, movie.at, message))
}

/// `EDIT_LIST_ODD`: The entries of an edit list add up to the duration of their track. (ISO
/// 14496-12 §8.6.6)
fn edit_list_mismatch(movie: &Movie, track: &Track) -> Option<Finding> {
    let of = |time| milliseconds(time, movie.timescale);
    let what = mismatch(of(track.header.duration?), of(track.edited_duration?))?;
    let message = format!("A track {what} by its edit list.");
    Some(Finding::at(Check::EditListOdd, track.at, message))
}

/// The part of a message that states both durations, in milliseconds, if they differ too much.
pub(crate) fn mismatch(stated: u64, found: u64) -> Option<String> {
    let slack = DURATION_SLACK_MS.max(stated.max(found) / 10);
    (stated.abs_diff(found) > slack)
        .then(|| format!("has a duration of {stated} ms by its header, but of {found} ms"))
}
