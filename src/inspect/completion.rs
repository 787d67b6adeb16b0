//! Checks 42 to 48: what can only be told when everything is there.

use crate::model::{Check, Digest, Finding, Refusal};

use crate::inspect::content::Content;
use crate::inspect::moof::hints;
use crate::inspect::moov::policy;
use crate::inspect::scanner::refused_whole;
use crate::inspect::settings::Config;
use crate::inspect::top_level::checks;
use crate::inspect::top_level::reader::Top;
use crate::inspect::truncated;

/// The path of the table of contents, of which there is one.
const MOOV: &str = "moov";

/// Judges the file as a whole, in the order in which a cause hides its consequences.
pub(crate) fn judge(
    top: &mut Top,
    content: &mut Content,
    declared: Option<u64>,
    rules: &Config,
) -> Result<(), Finding> {
    let is_trimmed = truncated::trim(top, content, rules, declared);
    if top.fault.is_some() || content.fault.is_some() {
        return Ok(()); // known to be bad already
    }
    if !is_trimmed {
        truncated(top, declared)?;
        tail(top)?;
    }
    moov_missing(top, content)?;
    fragments(top, content)?;
    no_fragments(top, content)?;
    mdat_missing(top)?;
    content.runs.inside_file(top.position)?;
    content.runs.inside_mdats(truncated::whole(top, top.position))?;
    fragmented_duration(content, rules)?;
    note_doubts(top, content, is_trimmed);
    Ok(())
}

/// Checks 28 and 39, at the end: the last fragment has its media, and none claims more than the file
/// can hold. Then it counts.
fn fragments(top: &Top, content: &mut Content) -> Result<(), Finding> {
    content.fragments.media_missing(&top.seen.mdats, u64::MAX)?;
    content.fragments.claim_too_large(top.position)?;
    if let Some(movie) = &mut content.movie {
        content.fragments.count(movie);
    }
    Ok(())
}

/// What does not stop a player.
fn note_doubts(top: &mut Top, content: &Content, is_trimmed: bool) {
    let end = if is_trimmed { truncated::playable_end(content) } else { top.position };
    let doubts = [
        is_trimmed.then(|| truncated::note(content)),
        content
            .movie
            .as_ref()
            .filter(|_| !is_trimmed && content.fragments.any())
            .and_then(hints::duration_mismatch),
        mdat_unreferenced(top, content, end),
    ];
    for doubt in doubts.into_iter().flatten() {
        top.notes.add(top.position, doubt);
    }
}

/// Check 6, the lower half. A file has bytes.
pub(crate) fn empty() -> Finding {
    Finding::whole(Check::SizeLimit, "The file is empty.")
}

/// Check 42: All that was announced has come, and the last box is whole. (GPAC: incomplete file)
fn truncated(top: &Top, declared: Option<u64>) -> Result<(), Finding> {
    if top.position == 0 && declared.is_none() {
        return Err(empty());
    }
    let missing = declared.unwrap_or(0).saturating_sub(top.position);
    let inside = top.open_box().filter(|(_, end)| end.is_some_and(|end| end > top.position));
    let path = inside.map(|(start, _)| start.path());
    let message = match inside {
        Some((start, Some(end))) => format!(
            "The file ends early: the box '{}' at byte {} goes on to byte {end}, but only {} \
             bytes came.",
            start.kind, start.at, top.position
        ),
        _ if missing > 0 => {
            format!("The file ends early: {missing} of the announced bytes did not come.")
        }
        _ => return Ok(()),
    };
    Err(Finding::at(Check::Truncated, top.position, message).within(path))
}

/// Checks 15 and 42, at the end: what is left after the last box is too little to be one.
fn tail(top: &mut Top) -> Result<(), Finding> {
    let left = top.unfinished_header();
    let at = top.position.saturating_sub(crate::inspect::boxes::fields::length(left));
    let zeros = left.iter().all(|byte| *byte == 0);
    if left.is_empty() {
        return Ok(());
    }
    if top.seen.boxes == 0 {
        let message = "This is not an MP4 video: it has fewer bytes than the smallest box.";
        return Err(Finding::at(Check::NotMp4, at, message));
    }
    if left.len() >= 8 {
        let message = checks::HALF_HEADER;
        let path = top.unfinished_box().map(|start| start.path());
        return Err(Finding::at(Check::Truncated, at, message).within(path));
    }
    if !zeros {
        return Err(checks::trailing(at, false));
    }
    let note = checks::trailing(at, true);
    top.notes.add(top.position, note);
    Ok(())
}

/// Check 43: There is a table of contents. Cameras write it last, so a recording that was killed
/// has none. (mp4.md §4.2)
fn moov_missing(top: &Top, content: &Content) -> Result<(), Finding> {
    if top.seen.moov.is_some() && content.movie.is_some() {
        return Ok(());
    }
    let message = if top.seen.mdats.is_empty() {
        "The file holds neither a video nor its table of contents ('moov')."
    } else {
        "The recording was not finished on the device: its table of contents ('moov') is missing."
    };
    Err(Finding::whole(Check::MoovMissing, message))
}

/// Check 38: A file that is to go on in fragments has some, or has samples of its own; else it is
/// only the beginning of a stream. (mp4.md §3.2, check 38)
pub(crate) fn no_fragments(top: &Top, content: &Content) -> Result<(), Finding> {
    let Some(movie) = &content.movie else { return Ok(()) };
    let pictures = movie.picture().is_some_and(|track| track.samples > 0);
    if !movie.extends || pictures {
        return Ok(());
    }
    let (check, message) = if top.seen.fragments == 0 {
        let message = "This is only the beginning of a streamed video, without any picture.";
        (Check::NoFragments, message)
    } else {
        (Check::NoSamples, "None of the fragments of this file holds a picture.")
    };
    Err(Finding::at(check, movie.at, message).within(Some(MOOV.into())))
}

/// Check 44: There is media. (ISO 14496-12 §8.1.1)
fn mdat_missing(top: &Top) -> Result<(), Finding> {
    if !top.seen.mdats.is_empty() {
        return Ok(());
    }
    let message = "The file describes a video but holds no media ('mdat').";
    Err(Finding::whole(Check::MdatMissing, message))
}

/// Check 37, for files that could go on in fragments: only now is their duration known.
fn fragmented_duration(content: &Content, rules: &Config) -> Result<(), Finding> {
    let movie = content.movie.as_ref().filter(|movie| movie.extends);
    let Some(movie) = movie else { return Ok(()) };
    let judged = policy::duration_out_of_range(movie, content.fragments.any(), rules);
    judged.map_err(|finding| finding.within(Some(MOOV.into())))
}

/// Check 47: Most of the media is used. The rest are leftovers of a recording that was interrupted
/// or edited; only noted. What lies after `end` is not asked for. (mp4.md §3.2, check 47)
fn mdat_unreferenced(top: &Top, content: &Content, end: u64) -> Option<Finding> {
    let mdats = top.seen.mdats.iter();
    let sizes = mdats.map(|mdat| mdat.end.min(end).saturating_sub(mdat.start));
    let media = sizes.fold(0, u64::saturating_add);
    let used = content.runs.bytes().saturating_add(content.fragments.bytes());
    let message = format!("Only {used} of {media} bytes of media are used.");
    (used < media / 2).then(|| Finding::whole(Check::MdatUnreferenced, message))
}

/// Check 45: The refusal of bytes that are not those the client announced: the only check that
/// notices damage which leaves every length as it was. (mp4.md §3.3)
#[must_use]
pub fn digest_mismatch(announced: Digest, found: Digest, length: u64) -> Refusal {
    let message = format!(
        "These are not the bytes that were announced: their SHA-256 is {found}, not {announced}. \
         They were damaged on the way."
    );
    refused_whole(Check::DigestMismatch, length, message)
}
