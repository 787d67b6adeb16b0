//! Fragmented recordings whose end is missing. Their complete fragments can be played, so
//! `inspect.cut_recording` may accept them. An app that is killed leaves a last fragment without
//! all of its media, or a file that ends inside a header.

use super::content::ParsedBoxes;
use super::settings::Config;
use super::top_level::reader::TopLevelReader;
use super::top_level::tail;
use crate::model::{Check, Finding};

/// Reduces a recording to its complete fragments if only its end is missing, and clears the faults
/// about the missing end. Returns whether it did.
pub(crate) fn trim(
    top_level: &mut TopLevelReader,
    parsed: &mut ParsedBoxes,
    rules: &Config,
) -> bool {
    let length = top_level.position();
    let is_unfinished = top_level.declared_length().is_some_and(|declared| declared != length);
    let faults = [top_level.fault(), parsed.fault()];
    let has_other_fault = faults.into_iter().flatten().any(|fault| !fault.end_missing);
    let mdats = top_level.index().whole_mdats(length);
    if is_unfinished || has_other_fault || !parsed.tolerates_missing_end(mdats, rules) {
        return false; // more bytes are to come, there are too many, or something else is wrong
    }
    let dropped = parsed.drop_truncated_fragment(mdats, length);
    if dropped.is_none() && !ends_inside_box(top_level) {
        return false;
    }
    let stopped = top_level.fault().map(|fault| fault.after);
    parsed.clear_fault(dropped, stopped);
    top_level.clear_fault();
    true
}

/// The note that the end is missing, with how much can be played.
pub(crate) fn note(parsed: &ParsedBoxes) -> Finding {
    let end = parsed.playable_end();
    let millis = parsed.movie().and_then(|movie| movie.duration_ms(parsed.is_fragmented()));
    let message = format!(
        "The recording was cut off: its first {end} bytes, {} ms, can be played; the rest is part \
         of a fragment.",
        millis.unwrap_or(0)
    );
    Finding::at(Check::Truncated, end, message)
}

fn ends_inside_box(top_level: &TopLevelReader) -> bool {
    let header = top_level.partial_header();
    let is_in_header = header.len() >= 8 || !(tail::is_zeros(header) || tail::is_text(header));
    top_level.unfinished_box().is_some() || is_in_header || top_level.fault().is_some()
}
