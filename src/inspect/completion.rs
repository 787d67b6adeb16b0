//! The checks that are certain only at the end of the file.

use super::boxes::Checked;
use super::content::ParsedBoxes;
use super::moof::hints;
use super::moov::policy;
use super::settings::Config;
use super::top_level::reader::{self, TopLevelReader};
use super::truncated;
use crate::model::{Check, Digest, Finding, Refusal};

/// Checks the whole file. The order matters: a cause is reported before its consequences.
pub(crate) fn check(
    top_level: &mut TopLevelReader,
    parsed: &mut ParsedBoxes,
    rules: &Config,
) -> Checked {
    let is_trimmed = truncated::trim(top_level, parsed, rules);
    if top_level.fault().is_some() || parsed.fault().is_some() {
        return Ok(()); // refused already
    }
    if !is_trimmed {
        check_end(top_level)?;
        top_level.check_tail()?;
    }
    check_moov(top_level, parsed)?;
    let (index, length) = (top_level.index(), top_level.position());
    parsed.finish_fragments(&index.mdats, length)?;
    parsed.check_has_samples(index)?;
    if index.mdats.is_empty() {
        let message = "The file describes a video but has no media (`mdat`).";
        return Err(Finding::whole(Check::MdatMissing, message));
    }
    parsed.extents().check_inside_file(length)?;
    parsed.extents().check_inside_mdats(index.whole_mdats(length))?;
    if index.has_open_mdat {
        parsed.extents().check_other_samples_in_file()?;
    }
    parsed.check_parameter_sets()?;
    check_duration_of_fragments(parsed, rules)?;
    add_notes(top_level, parsed, is_trimmed);
    Ok(())
}

/// Adds the notes about the whole file. None of them stops a player.
fn add_notes(top_level: &mut TopLevelReader, parsed: &ParsedBoxes, is_trimmed: bool) {
    let end = if is_trimmed { parsed.playable_end() } else { top_level.position() };
    let whole = parsed.movie().filter(|_| !is_trimmed && parsed.is_fragmented());
    let mdats = top_level.index().whole_mdats(top_level.position());
    let notes = [
        is_trimmed.then(|| truncated::note(parsed)),
        whole.and_then(hints::duration_mismatch),
        unreferenced_media(top_level, parsed, end),
        parsed.extents().check_other_samples_in_mdat(mdats).err(),
    ];
    let samples = parsed.movie().map(policy::odd_samples).unwrap_or_default();
    for note in notes.into_iter().flatten().chain(samples) {
        top_level.note(note);
    }
}

/// `TRUNCATED`: The file has its declared length, and its last box is complete. (GPAC: incomplete
/// file)
fn check_end(top_level: &TopLevelReader) -> Checked {
    let (position, declared) = (top_level.position(), top_level.declared_length());
    if position == 0 && declared.is_none() {
        return Err(reader::empty());
    }
    let unfinished = top_level.unfinished_box();
    let missing = declared.unwrap_or(0).saturating_sub(position);
    let message = match unfinished {
        Some((header, end)) => format!(
            "The file ends early: the box `{}` at byte {} goes on to byte {end}, but the file has \
             {position} bytes.",
            header.kind, header.at
        ),
        None if missing > 0 => {
            format!("The file ends early: {missing} of the announced bytes are missing.")
        }
        None => return Ok(()),
    };
    let path = unfinished.map(|(header, _)| header.path());
    Err(Finding::at(Check::Truncated, position, message).with_path(path))
}

/// `MOOV_MISSING`: `moov`, the table of contents, is there and was parsed. Cameras write it last,
/// so a recording that was interrupted has none.
fn check_moov(top_level: &TopLevelReader, parsed: &ParsedBoxes) -> Checked {
    let index = top_level.index();
    if index.moov.is_some() && parsed.movie().is_some() {
        return Ok(());
    }
    let message = if index.mdats.is_empty() {
        "The file has neither media (`mdat`) nor a table of contents (`moov`)."
    } else {
        "The recording was not finished on the device: it has no table of contents (`moov`)."
    };
    Err(Finding::whole(Check::MoovMissing, message))
}

/// `DURATION_OUT_OF_RANGE`, for files with `mvex`: until the end, further fragments could follow,
/// so their duration is known only now.
fn check_duration_of_fragments(parsed: &ParsedBoxes, rules: &Config) -> Checked {
    let movie = parsed.movie().filter(|movie| movie.has_mvex);
    let violation =
        movie.and_then(|movie| policy::duration_out_of_range(movie, parsed.is_fragmented(), rules));
    violation.map_or(Ok(()), |finding| Err(finding.with_path(Some("moov".to_owned()))))
}

/// `MDAT_UNREFERENCED`, only a note: Samples use less than half of the media. The rest may be left
/// from a recording that was interrupted or edited. Media after `end` does not count.
fn unreferenced_media(
    top_level: &TopLevelReader,
    parsed: &ParsedBoxes,
    end: u64,
) -> Option<Finding> {
    let mdats = top_level.index().mdats.iter();
    let sizes = mdats.map(|mdat| mdat.end.min(end).saturating_sub(mdat.start));
    let media = sizes.fold(0, u64::saturating_add);
    let used = parsed.used_media();
    let message = format!("Only {used} of {media} bytes of media are used.");
    (used < media / 2).then(|| Finding::whole(Check::MdatUnreferenced, message))
}

/// `DIGEST_MISMATCH`: The refusal of a file whose SHA-256 is not the declared one. It finds all
/// damage in transit, even if every length is intact.
pub fn digest_mismatch(declared: Digest, found: Digest, length: u64) -> Refusal {
    let message = format!(
        "The file does not have the declared SHA-256 {declared}, but {found}. It was \
         damaged in transit."
    );
    let finding = Finding::whole(Check::DigestMismatch, message);
    Refusal { finding, judged_after: length, notes: Vec::new() }
}
