//! Checks 8 to 16: one look at each top-level header, none at the payload.

use super::header::{HeaderContext, TopLevelHeader};
use crate::inspect::boxes::{
    Checked, LONG_HEADER, SHORT_HEADER, ensure, in_memory, length, nesting,
};
use crate::model::{Check, Finding};

/// More top-level boxes than any recorder writes; 8 million empty ones would fit into 64 MiB.
const MAX_BOXES: u64 = 100_000;

/// More fragments than any recorder writes: half an hour at nine a second. Bounds what is
/// remembered of them.
const MAX_FRAGMENTS: u64 = 16_384;

/// `mdat` boxes outside of fragments: one is normal, 64 are more than any recorder writes.
const MAX_PLAIN_MDATS: u64 = 64;

/// The largest `ftyp`: a thousand brands.
const MAX_FTYP: u64 = 4096;

/// The smallest `ftyp`: a brand and a version.
const MIN_FTYP: u64 = 16;

/// Zero bytes allowed after the last box.
pub(super) const MAX_ZERO_TAIL: u64 = 64 * 1024;

/// The message for a file that ends inside a header.
pub(super) const PARTIAL_HEADER: &str = "The file ends inside the header of a box.";

/// Top-level boxes that are not worth a note.
const KNOWN: [&[u8; 4]; 17] = [
    b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"sidx", b"ssix", b"styp",
    b"emsg", b"prft", b"mfra", b"meta", b"uuid", b"pnot", b"udta",
];

/// Check 10: A type is text. Other bytes show that this is not a header: bytes before it are missing
/// or doubled. (MP4RA registers printable types only)
pub(super) fn garbage(found: &TopLevelHeader) -> Checked {
    ensure(found.kind.is_printable(), || {
        let message = format!(
            "There is no box at byte {}: bytes before it are missing or doubled, or the recording \
             was cut off.",
            found.at
        );
        Finding::at(Check::BoxGarbage, found.at, message)
    })
}

/// Check 11: A box of an unknown type is skipped, as the standard asks, and noted.
/// (ISO 14496-12 §4.2)
pub(super) fn unknown(context: &mut HeaderContext, found: &TopLevelHeader) {
    if !KNOWN.contains(&&found.kind.0) {
        context.note(found.finding(Check::BoxUnknown, "is of an unknown type"));
    }
}

/// Check 12: The number of boxes, of fragments and of media boxes is bounded.
pub(super) fn too_many(context: &HeaderContext, found: &TopLevelHeader) -> Checked {
    let index = &context.index;
    let (count, limit) = match &found.kind.0 {
        b"moof" => (index.fragments, MAX_FRAGMENTS),
        b"mdat" => (index.mdat_count().saturating_sub(index.fragments), MAX_PLAIN_MDATS),
        _ => (index.boxes, MAX_BOXES),
    };
    ensure(count < limit && index.boxes < MAX_BOXES, || {
        let message = format!(
            "The file has more than {limit} boxes `{}`, or more than {MAX_BOXES} boxes in all; no \
             camera writes that.",
            found.kind
        );
        found.finding_with(Check::TooManyBoxes, message)
    })
}

/// Check 14: There is one `moov`, and fragments only come after it. With two, players disagree which
/// one counts. (ISO 14496-12 §8.2.1, §8.8.4)
pub(super) fn order(context: &HeaderContext, found: &TopLevelHeader) -> Checked {
    let has_moov = context.index.moov.is_some();
    let (check, what) = match &found.kind.0 {
        b"moov" if has_moov => (Check::MoovDuplicate, "is the second one; a file has one"),
        b"moof" if !has_moov => (Check::MoofBeforeMoov, "is a fragment before `moov` describes it"),
        _ => return Ok(()),
    };
    Err(found.finding(check, what))
}

/// Check 21: Inner boxes stay inside: a `trak` at the top level shows that its `moov` is damaged.
/// (`FFmpeg` `mov.c`)
pub(super) fn misplaced(found: &TopLevelHeader) -> Checked {
    let what = "is at the top level, but belongs inside `moov` or `moof`";
    ensure(!nesting::is_inner(found.kind), || found.finding(Check::BoxMisplaced, what))
}

/// Check 8: The size of a box is at least that of its header; "to the end of the file" is for the
/// last `mdat` or `moov`. The one exception is a `free` below 8 bytes, which some Android writers
/// leave and Media3 counts as 8. Returns the size, `None` for "to the end". (ISO 14496-12 §4.2)
pub(super) fn size(context: &mut HeaderContext, found: &TopLevelHeader) -> Checked<Option<u64>> {
    let header = found.header;
    match header.size() {
        0 if header.is_open_ended() && matches!(&found.kind.0, b"mdat" | b"moov") => Ok(None),
        size if size >= header.length() => Ok(Some(size)),
        size if !header.is_long() && matches!(&found.kind.0, b"free" | b"skip") => {
            let what = format!("states a size of {size} bytes; it is read as {SHORT_HEADER} bytes");
            context.note(found.finding(Check::FreeTooSmall, what));
            Ok(Some(SHORT_HEADER))
        }
        size => {
            let what = format!("states a size of {size} bytes, less than its own header");
            Err(found.finding(Check::BoxSizeInvalid, what))
        }
    }
}

/// Check 43, as early as it is certain: an `mdat` that runs to the end of the file leaves no room
/// for a `moov` after it. `FFmpeg` and iOS leave such files when they are killed.
pub(super) fn open_end(context: &HeaderContext, found: &TopLevelHeader) -> Checked {
    let runs_to_end = found.kind == *b"mdat" && found.header.is_open_ended();
    let message = "The recording was not finished on the device: its table of contents (`moov`) \
                   was never written.";
    ensure(!runs_to_end || context.index.moov.is_some(), || {
        found.finding_with(Check::MoovMissing, message)
    })
}

/// Checks 43 and 44, as early as they are certain: after this box there is room for the `moov` and
/// the `mdat` that are still missing. A recording that was killed after its `mdat` got a size is
/// refused at that header, not after all of its bytes. Where another header fits, it is awaited: it
/// distinguishes a truncated recording from one that was never finished.
pub(super) fn no_room(context: &HeaderContext, found: &TopLevelHeader, size: u64) -> Checked {
    let (Some(length), index) = (context.declared, &context.index) else { return Ok(()) };
    if matches!(&found.kind.0, b"ftyp" | b"moov") || !index.ftyp || index.has_gap {
        return Ok(()); // their contents, or the next header, give a better reason
    }
    let left = length.saturating_sub(found.at.saturating_add(size));
    let moov = if index.moov.is_some() { 0 } else { SHORT_HEADER };
    let has_media = found.kind == *b"mdat" || !index.mdats.is_empty();
    let mdat = if has_media { 0 } else { SHORT_HEADER };
    if left >= moov.saturating_add(mdat) {
        return Ok(());
    }
    let (check, what) = match (moov, mdat) {
        (0, _) => (Check::MdatMissing, "The file describes a video but has no media (`mdat`)"),
        (_, 0) => (
            Check::MoovMissing,
            "The recording was not finished on the device: it has no table of contents (`moov`)",
        ),
        _ => (Check::MoovMissing, "The file has neither media (`mdat`) nor a `moov`"),
    };
    let message = format!("{what}, and no room is left for it after the box at byte {}.", found.at);
    Err(found.finding_with(check, message))
}

/// Check 42, as early as it is certain: a header with a 64-bit size fits into the file.
pub(super) fn partial_header(context: &HeaderContext, found: &TopLevelHeader) -> Checked {
    let room = context.declared.map_or(u64::MAX, |length| length.saturating_sub(found.at));
    ensure(room >= LONG_HEADER, || found.finding_with(Check::Truncated, PARTIAL_HEADER))
}

/// Check 3, as early as it is certain: `ftyp` has the size of a list of brands.
pub(super) fn ftyp_invalid(found: &TopLevelHeader, size: u64) -> Checked {
    let is_list = size >= MIN_FTYP && size.is_multiple_of(4);
    ensure(found.kind != *b"ftyp" || is_list, || {
        let what = format!("has {size} bytes, which is not the size of a list of brands");
        found.finding(Check::FtypInvalid, what)
    })
}

/// Check 13: Boxes that are read whole have a limit, checked before a byte of them is read. A
/// `moov` takes about 1 % of a recording.
pub(super) fn too_large(context: &HeaderContext, found: &TopLevelHeader, size: u64) -> Checked {
    let (check, limit) = match &found.kind.0 {
        b"moov" => (Check::MoovTooLarge, context.rules.moov_limit()),
        b"moof" => (Check::MoofTooLarge, context.rules.moof_limit()),
        b"ftyp" => (Check::FtypInvalid, MAX_FTYP),
        _ => return Ok(()),
    };
    ensure(size <= limit, || {
        found.finding(check, format!("has {size} bytes; the limit is {limit}"))
    })
}

/// Check 9: A box ends where the file ends, or before. Otherwise the upload is truncated or resumed
/// at a wrong offset, or the recording was killed. (GPAC calls it an incomplete file)
pub(super) fn beyond_end(context: &HeaderContext, found: &TopLevelHeader, size: u64) -> Checked {
    let Some(length) = context.length_limit() else { return Ok(()) };
    let missing = found.at.saturating_add(size).saturating_sub(length);
    if missing == 0 {
        return Ok(());
    }
    let at_most = if context.declared.is_none() { "at most " } else { "" };
    let message = format!(
        "The file is incomplete: the box `{}` at byte {} has {size} bytes, {missing} of them past \
         the end of the file, which has {at_most}{length} bytes.",
        found.kind, found.at
    );
    Err(found.finding_with(Check::BoxBeyondEnd, message))
}

/// Check 15: A few zero bytes may follow the last box. Returns where the run that began at `from`
/// stops being padding within `bytes` that begin at `at`.
pub(super) fn zero_tail_end(from: u64, at: u64, bytes: &[u8]) -> Option<u64> {
    let limit = from.saturating_add(MAX_ZERO_TAIL);
    let room = in_memory(limit.saturating_sub(at));
    let harmless = bytes.iter().take(room).take_while(|byte| **byte == 0).count();
    let rest = bytes.get(harmless..).filter(|rest| !rest.is_empty())?;
    Some(at.saturating_add(length(bytes).saturating_sub(length(rest))))
}

/// Check 15: Something follows the last box.
pub(super) fn trailing(at: u64, is_zeros: bool) -> Finding {
    let what = if is_zeros { "Zero bytes follow" } else { "Bytes that are not a box follow" };
    Finding::at(Check::TrailingBytes, at, format!("{what} the last box, from byte {at} on."))
}

/// Check 16: There are more bytes than announced, as after a resume at a wrong offset.
pub(super) fn length_mismatch(length: u64) -> Finding {
    let message = format!("The file has more bytes than the {length} that were announced.");
    Finding::at(Check::LengthMismatch, length, message)
}
