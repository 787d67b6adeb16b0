//! The checks of the headers at the top level. None of them reads payload.

use super::header::{HeaderContext, TopLevelHeader};
use super::tail::{is_text, is_zeros, no_box};
use crate::inspect::boxes::{Checked, FourCc, LONG_HEADER, SHORT_HEADER, ensure, nesting};
use crate::model::{Check, Finding};

/// More top-level boxes than any recorder writes; 8 million empty ones would fit into 64 MiB.
const MAX_BOXES: u64 = 100_000;

/// More fragments than any recorder writes: half an hour at nine a second. Bounds what is
/// remembered of them.
const MAX_FRAGMENTS: u64 = 16_384;

/// `mdat` boxes outside of fragments. Some recorders write one for each chunk.
const MAX_PLAIN_MDATS: u64 = 16_384;

/// If a box of an unknown type states this size or more, its header is probably text: four ASCII letters that are
/// read as a size exceed it.
const MAX_BOX: u64 = 128 * 1024 * 1024;

/// The largest `ftyp`: a thousand brands.
const MAX_FTYP: u64 = 4096;

/// The message for a file that ends inside a header.
pub(super) const PARTIAL_HEADER: &str = "The file ends inside the header of a box.";

/// Known types of top-level boxes.
const KNOWN: [&[u8; 4]; 17] = [
    b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"sidx", b"ssix", b"styp",
    b"emsg", b"prft", b"mfra", b"meta", b"uuid", b"pnot", b"udta",
];

/// `BOX_GARBAGE`: The type of a box is text. Other bytes are not a header: bytes before them are
/// missing or duplicated. (MP4RA registers printable types only)
pub(super) fn garbage(found: &TopLevelHeader) -> Checked {
    ensure(found.kind.is_printable(), || no_box(found.at))
}

/// `BOX_UNKNOWN`, only a note: A box of an unknown type is skipped, as the standard requires. (ISO
/// 14496-12 §4.2)
pub(super) fn unknown(context: &mut HeaderContext, found: &TopLevelHeader) {
    if !KNOWN.contains(&&found.kind.0) {
        context.note(found.finding(Check::BoxUnknown, "is of an unknown type"));
    }
}

/// `TOO_MANY_BOXES`: The number of boxes, of fragments and of media boxes is bounded.
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

/// `MOOV_DUPLICATE` and `MOOF_BEFORE_MOOV`: There is one `moov`, and fragments only come after it. A
/// second one that may be a copy is compared later. (ISO 14496-12 §8.2.1, §8.8.4)
pub(super) fn order(context: &HeaderContext, found: &TopLevelHeader) -> Checked {
    let has_moov = context.index.moov.is_some();
    let moov = context.index.moov.as_ref();
    let is_as_long =
        moov.is_some_and(|moov| moov.end.saturating_sub(moov.start) == found.header.size());
    let (check, what) = match &found.kind.0 {
        b"moov" if has_moov && !is_as_long => {
            (Check::MoovDuplicate, "is the second one; a file has one")
        }
        b"moof" if !has_moov => (Check::MoofBeforeMoov, "is a fragment before `moov` describes it"),
        _ => return Ok(()),
    };
    Err(found.finding(check, what))
}

/// `BOX_MISPLACED`: Inner boxes are not at the top level: a `trak` there shows that its `moov` is
/// damaged. (`FFmpeg` `mov.c`)
pub(super) fn misplaced(found: &TopLevelHeader) -> Checked {
    let what = "is at the top level, but belongs inside `moov` or `moof`";
    ensure(!nesting::is_inner(found.kind), || found.finding(Check::BoxMisplaced, what))
}

/// `BOX_SIZE_INVALID`: The size of a box is at least that of its header; only `mdat`, `moov` and a
/// box after both may have the size 0, "to the end of the file". `FREE_TOO_SMALL`, only a note: A `free` or `skip`
/// below 8 bytes, which some Android writers leave, counts as 8, as in Media3. Returns the size;
/// `None` for "to the end". (ISO 14496-12 §4.2)
pub(super) fn size(context: &mut HeaderContext, found: &TopLevelHeader) -> Checked<Option<u64>> {
    let header = found.header;
    match header.size() {
        0 if header.is_open_ended() && may_be_open(context, found) => Ok(None),
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

/// Whether a box may run to the end of the file. In a fragmented file it would hide fragments.
fn may_be_open(context: &HeaderContext, found: &TopLevelHeader) -> bool {
    let index = &context.index;
    let is_behind = index.is_complete() && index.fragments == 0 && found.kind != *b"moof";
    is_behind || matches!(&found.kind.0, b"mdat" | b"moov")
}

/// `MOOV_MISSING`, as early as it is certain: An `mdat` that runs to the end of the file leaves no
/// room for a `moov` after it. `FFmpeg` and iOS leave such files when they are killed.
pub(super) fn open_end(context: &HeaderContext, found: &TopLevelHeader) -> Checked {
    let runs_to_end = found.kind == *b"mdat" && found.header.is_open_ended();
    let message = "The recording was not finished on the device: its table of contents (`moov`) \
                   was never written.";
    ensure(!runs_to_end || context.index.moov.is_some(), || {
        found.finding_with(Check::MoovMissing, message)
    })
}

/// `MOOV_MISSING` and `MDAT_MISSING`, as early as they are certain: After this box there is room
/// for the `moov` and the `mdat` that are still missing. If a recorder was killed after it had
/// written the size of `mdat`, the file is refused at that header and not after all of its bytes.
/// If another header fits into the room, the check waits for it: that header distinguishes a
/// truncated recording from one that was never finished.
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

/// `TRUNCATED`, as early as it is certain: A header with a 64-bit size fits into the file.
pub(super) fn partial_header(context: &HeaderContext, found: &TopLevelHeader) -> Checked {
    let room = context.declared.map_or(u64::MAX, |length| length.saturating_sub(found.at));
    ensure(room >= LONG_HEADER, || found.finding_with(Check::Truncated, PARTIAL_HEADER))
}

/// `MOOV_TOO_LARGE`, `MOOF_TOO_LARGE` and `FTYP_INVALID`: Boxes that are read whole have a size
/// limit, which is checked before any of their bytes is read. A `moov` takes about 1 % of a
/// recording.
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

/// `BOX_BEYOND_END`: A box ends at the end of the file or before it. Otherwise the upload is
/// truncated or resumed at a wrong offset, or the recorder was killed. (GPAC calls it an incomplete
/// file)
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

/// Whether the bytes after the last box of a complete video begin with something that is no box. In
/// a fragmented file, other bytes than zeros and text only behind the media of a fragment, and only
/// if they cannot be a box: otherwise they are what is left of a fragment.
pub(super) fn is_tail(context: &HeaderContext, found: &TopLevelHeader, bytes: &[u8]) -> bool {
    let (index, size) = (&context.index, found.header.size());
    let has_size = found.header.is_open_ended()
        || found.header.is_incomplete()
        || (found.header.length()..MAX_BOX).contains(&size);
    let is_box = found.kind.is_printable() && (is_known(found.kind) || has_size);
    let may_be_binary = index.fragments == 0 || !(index.awaits_media || found.kind.is_printable());
    index.is_complete() && !is_box && (may_be_binary || is_zeros(bytes) || is_text(bytes))
}

/// Whether a box of this type is at the top level of a video, or inside of one that is.
pub(super) fn is_known(kind: FourCc) -> bool {
    KNOWN.contains(&&kind.0) || nesting::is_inner(kind)
}

/// `LENGTH_MISMATCH`: There are more bytes than declared, for example after a resume at a wrong
/// offset.
pub(super) fn length_mismatch(length: u64) -> Finding {
    let message = format!("The file has more bytes than the {length} that were announced.");
    Finding::at(Check::LengthMismatch, length, message)
}
