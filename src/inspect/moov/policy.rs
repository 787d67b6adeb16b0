//! The policy: whether this is a video, and one that the operator accepts. Also the contradictions
//! between durations, which are only noted.

use jiff::SignedDuration;

use super::movie::Movie;
use super::sample_durations::milliseconds;
use super::track::Track;
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
    } else if video.samples == 0 || video.bytes == 0 {
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
        "The duration of the picture is {duration:#}; {:#} to {:#} are accepted.",
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

/// `DURATION_MISMATCH`, about the samples of the whole file: One of them lasts absurdly long, or the
/// picture ends before the sound, for example because the camera was lost while recording.
pub(crate) fn odd_samples(movie: &Movie) -> Vec<Finding> {
    let finding = |at, message| Finding::at(Check::DurationMismatch, at, message);
    let absurd = movie.media_tracks().filter(|track| track.sample_durations.has_absurd());
    let absurd = absurd.map(|track| {
        let millis = track.sample_duration_ms();
        let message =
            format!("A sample lasts absurdly long; without it the track has {millis} ms.");
        finding(track.at, message)
    });
    let early = movie.video().zip(movie.audio()).and_then(|(video, audio)| {
        let [picture, sound] = [video, audio].map(Track::sample_duration_ms);
        let message = format!(
            "The picture ends before the sound: it has {picture} ms, and the sound has {sound} ms."
        );
        let is_early = sound > picture.saturating_add(DURATION_SLACK_MS);
        is_early.then(|| finding(video.at, message))
    });
    absurd.chain(early).collect()
}

/// `DURATION_MISMATCH`: The duration of a track is that of its samples. (`FFmpeg` `mov.c`)
fn track_mismatch(track: &Track) -> Option<Finding> {
    let stated = milliseconds(track.stated_duration?, track.timescale);
    let what = mismatch(stated, track.sample_duration_ms())?;
    let message = format!("A track {what} by its samples.");
    Some(Finding::at(Check::DurationMismatch, track.at, message))
}

/// `DURATION_MISMATCH`: The duration of the movie is that of its longest track, and also that of the samples
/// of a video or audio track, or of an edit list.
fn movie_mismatch(movie: &Movie) -> Option<Finding> {
    let stated = milliseconds(movie.duration.filter(|it| *it > 0)?, movie.timescale);
    let of_movie = |time| milliseconds(time, movie.timescale);
    let longest = movie.tracks.iter().filter_map(|track| track.header.duration).max();
    let longest = longest.filter(|longest| *longest > 0).map(of_movie);
    let edited = movie.tracks.iter().filter_map(|track| track.edited_duration.map(of_movie));
    let samples = movie.media_tracks().map(Track::sample_duration_ms);
    let samples = samples.filter(|found| *found > 0 && !movie.has_mvex);
    let by_track = longest.and_then(|found| mismatch(stated, found));
    let is_like_one = samples.clone().chain(edited).any(|found| mismatch(stated, found).is_none());
    let by_samples = samples.max().filter(|_| !is_like_one);
    let by_samples = by_samples.and_then(|found| mismatch(stated, found));
    let message = match (by_track, by_samples) {
        (Some(what), _) => format!("The movie {what} by its longest track."),
        (None, what) => format!("The movie {} by its samples.", what?),
    };
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
