//! Fragmented recordings that were broken off: what is whole can be played
//! (`inspect.truncated_recording`). An app that is killed leaves its last fragment without (all of) its
//! media, or ends inside a header. (mp4.md §4.2, "if killed")

use crate::model::{Check, Finding};

use crate::inspect::content::Content;
use crate::inspect::settings::{Config, TruncatedRecording};
use crate::inspect::top_level::reader::{Extent, Top};

/// Whether a fault that only says that the end is missing may be borne: there are whole fragments
/// with pictures before it, and the operator takes those.
pub(crate) fn is_borne(content: &Content, mdats: &[Extent], rules: &Config) -> bool {
    let movie = content.movie.as_ref().filter(|movie| movie.extends);
    rules.truncated_recording == TruncatedRecording::Accept
        && movie.is_some_and(|movie| content.fragments.pictures(movie, mdats))
}

/// Cuts a recording to its whole fragments when it is complete but for its end; answers whether it
/// was. The faults that only tell of the missing end are gone then.
pub(crate) fn trim(
    top: &mut Top,
    content: &mut Content,
    rules: &Config,
    declared: Option<u64>,
) -> bool {
    let is_unfinished = declared.is_some_and(|length| length != top.position);
    let stands = [&top.fault, &content.fault].into_iter().flatten().any(|fault| !fault.end_missing);
    if is_unfinished || stands || !is_borne(content, whole(top, top.position), rules) {
        return false; // more bytes will come, too many came, or other things are wrong
    }
    let mdats = whole(top, top.position);
    let dropped = content.fragments.drop_cut(mdats, top.position);
    let lost = dropped.or(content.fragments.cut_after);
    if lost.is_none() && !ends_inside_box(top) {
        return false;
    }
    let stopped = top.fault.as_ref().map(|fault| fault.after);
    if let Some(after) = lost {
        content.notes.forget(after);
    }
    if let Some(after) = lost.into_iter().chain(stopped).min() {
        content.walk.purge_after(after);
    }
    (top.fault, content.fault) = (None, None);
    true
}

/// The note that the end is missing, with how much can be played.
pub(crate) fn note(content: &Content) -> Finding {
    let end = playable_end(content);
    let movie = content.movie.as_ref();
    let millis = movie.and_then(|movie| movie.duration_ms(content.fragments.any())).unwrap_or(0);
    let message = format!(
        "The recording was broken off: its first {end} bytes, {millis} ms, can be played, and what \
         follows is only a part of a fragment."
    );
    Finding::at(Check::Truncated, end, message)
}

/// Where the last sample ends that is in a whole part.
pub(crate) fn playable_end(content: &Content) -> u64 {
    content.runs.end().max(content.fragments.end())
}

fn ends_inside_box(top: &Top) -> bool {
    let open = top.open_box().is_some_and(|(_, end)| end.is_some_and(|end| end > top.position));
    let held = top.unfinished_header();
    let in_header = held.len() >= 8 || held.iter().any(|byte| *byte != 0);
    open || in_header || top.fault.is_some()
}

/// The `mdat` boxes of which nothing is missing in a file of a length.
pub(crate) fn whole(top: &Top, length: u64) -> &[Extent] {
    let mdats = top.seen.mdats.as_slice();
    let whole = mdats.partition_point(|mdat| mdat.end <= length);
    mdats.get(..whole).unwrap_or_default()
}
