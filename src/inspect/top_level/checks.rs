//! Checks 8 to 16: one look at each top-level header, and none at what it holds.

use crate::model::{Check, Finding};

use crate::inspect::top_level::reader::{Judge, Start};

/// More top-level boxes than any recorder writes; 8 million empty ones would fit into 64 MiB
/// (mp4.md §3.2, check 12).
const MAX_BOXES: u64 = 100_000;

/// More fragments than any recorder writes: half an hour at nine a second. Bounds what is
/// remembered of them.
const MAX_FRAGMENTS: u64 = 16_384;

/// `mdat` boxes outside of fragments: one is normal, 64 are more than any recorder writes (mp4.md
/// §3.2, check 17).
const MAX_PLAIN_MDATS: u64 = 64;

/// The largest `ftyp`: a thousand brands (mp4.md §3.2, check 3).
const MAX_FTYP: u64 = 4096;

/// Zero bytes allowed after the last box (decisions.md, video policy).
pub(crate) const MAX_ZERO_TAIL: u64 = 64 * 1024;

/// The size that a box without content has.
pub(crate) const HEADER: u64 = 8;

/// The size of a header with a 64-bit size.
const WIDE_HEADER: u64 = 16;

/// The smallest `ftyp`: a brand and a version (mp4.md §3.2, check 3).
const MIN_FTYP: u64 = 16;

/// What is said of a file that ends inside a header.
pub(crate) const HALF_HEADER: &str = "The file ends inside the header of a box.";

/// Top-level boxes that are nothing to remark on.
const KNOWN: [&[u8; 4]; 17] = [
    b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"moof", b"sidx", b"ssix", b"styp",
    b"emsg", b"prft", b"mfra", b"meta", b"uuid", b"pnot", b"udta",
];

/// Boxes whose place is inside others.
const INNER: [&[u8; 4]; 21] = [
    b"trak", b"edts", b"mdia", b"minf", b"dinf", b"stbl", b"mvex", b"traf", b"mvhd", b"tkhd",
    b"mdhd", b"stsd", b"stts", b"stsc", b"stsz", b"stco", b"co64", b"mfhd", b"tfhd", b"tfdt",
    b"trun",
];

/// Check 10: A type is text. Other bytes mean that the reader is not at a header: bytes before it
/// are missing or doubled. (MP4RA registers printable types only)
pub(crate) fn garbage(start: &Start) -> Result<(), Finding> {
    if start.kind.is_text() {
        return Ok(());
    }
    let message = format!(
        "There is no box at byte {}: bytes before it are missing or doubled, or the recording \
         was cut off.",
        start.at
    );
    Err(Finding::at(Check::BoxGarbage, start.at, message))
}

/// Check 11: An unknown type is skipped, as the standard asks, and noted. (ISO 14496-12 §4.2)
pub(crate) fn unknown(judge: &mut Judge, start: &Start) {
    if !KNOWN.contains(&&start.kind.0) {
        let message = format!("The box '{}' at byte {} is unknown.", start.kind, start.at);
        judge.note(start.finding(Check::BoxUnknown, message));
    }
}

/// Check 12: A bounded number of boxes, of fragments and of media boxes. (mp4.md §3.2, check 12)
pub(crate) fn too_many(judge: &Judge, start: &Start) -> Result<(), Finding> {
    let seen = &judge.seen;
    let (count, limit) = match &start.kind.0 {
        b"moof" => (seen.fragments, MAX_FRAGMENTS),
        b"mdat" => (seen.plain_mdats(), MAX_PLAIN_MDATS),
        _ => (seen.boxes, MAX_BOXES),
    };
    if count < limit && seen.boxes < MAX_BOXES {
        return Ok(());
    }
    let message = format!(
        "The file has more than {} boxes of the kind '{}' or {MAX_BOXES} in all; no camera writes \
         that.",
        limit, start.kind
    );
    Err(start.finding(Check::TooManyBoxes, message))
}

/// Check 14: One `moov`, and fragments only after it. With two, players disagree which counts.
/// (ISO 14496-12 §8.2.1, §8.8.4)
pub(crate) fn order(judge: &Judge, start: &Start) -> Result<(), Finding> {
    let has_moov = judge.seen.moov.is_some();
    match &start.kind.0 {
        b"moov" if has_moov => Err(start.finding(
            Check::MoovDuplicate,
            format!("The file has a second 'moov' at byte {}; it must have one.", start.at),
        )),
        b"moof" if !has_moov => Err(start.finding(
            Check::MoofBeforeMoov,
            format!("A fragment begins at byte {} before 'moov' has described it.", start.at),
        )),
        _ => Ok(()),
    }
}

/// Check 21: Inner boxes stay inside: a `trak` at the top level means that its `moov` is damaged.
/// (`FFmpeg` `mov.c`)
pub(crate) fn misplaced(start: &Start) -> Result<(), Finding> {
    if !INNER.contains(&&start.kind.0) {
        return Ok(());
    }
    let message = format!("The box '{}' at byte {} lies outside of 'moov'.", start.kind, start.at);
    Err(start.finding(Check::BoxMisplaced, message))
}

/// Check 8: The size of a box holds at least its header; "to the end of the file" is for the last
/// `mdat` or `moov`. The one exception is a `free` below 8 bytes, which some Android writers leave
/// and Media3 counts as 8. Answers the size, `None` for "to the end". (ISO 14496-12 §4.2)
pub(crate) fn size(judge: &mut Judge, start: &Start) -> Result<Option<u64>, Finding> {
    let reserve = matches!(&start.kind.0, b"free" | b"skip");
    let least = if start.wide.is_some() { start.length() } else { HEADER };
    match start.claimed() {
        0 if start.wide.is_none() && matches!(&start.kind.0, b"mdat" | b"moov") => Ok(None),
        size if size >= least => Ok(Some(size)),
        size if reserve && start.wide.is_none() => {
            let message = format!("A '{}' at byte {} claims {size} bytes.", start.kind, start.at);
            judge.note(start.finding(Check::FreeTooSmall, message));
            Ok(Some(HEADER))
        }
        size => {
            let message = format!(
                "The box '{}' at byte {} claims {size} bytes, which cannot be. The file is \
                 damaged.",
                start.kind, start.at
            );
            Err(start.finding(Check::BoxSizeInvalid, message))
        }
    }
}

/// Check 43, as early as it is certain: an `mdat` that runs to the end of the file leaves no room
/// for a `moov` that has not come yet. `FFmpeg` and iOS leave such files when they are killed.
pub(crate) fn open_end(judge: &Judge, start: &Start) -> Result<(), Finding> {
    let open = start.claimed() == 0 && start.wide.is_none();
    if start.kind.0 != *b"mdat" || !open || judge.seen.moov.is_some() {
        return Ok(());
    }
    let message = "The recording was not finished on the device: its table of contents ('moov') \
                   was never written.";
    Err(start.finding(Check::MoovMissing, message))
}

/// Checks 43 and 44, as early as they are certain: behind this box there is room for the `moov` and
/// the `mdat` that have not come yet. A recording that was killed after its `mdat` got a size is
/// told by that header, not after all of its bytes. Where a header may follow, it is heard: it tells
/// a recording that was cut from one that was never finished. (mp4.md §4.2)
pub(crate) fn no_room(judge: &Judge, start: &Start, size: u64) -> Result<(), Finding> {
    let Some(length) = judge.declared else { return Ok(()) };
    if matches!(&start.kind.0, b"ftyp" | b"moov") || !judge.seen.ftyp || judge.seen.has_gap {
        return Ok(()); // what they hold, or the next header, tells a better reason
    }
    let left = length.saturating_sub(start.at.saturating_add(size));
    let moov = if judge.seen.moov.is_some() { 0 } else { HEADER };
    let is_media = start.kind.0 == *b"mdat" || !judge.seen.mdats.is_empty();
    let mdat = if is_media { 0 } else { HEADER };
    if left >= moov.saturating_add(mdat) {
        return Ok(());
    }
    let (check, what) = match (moov, mdat) {
        (0, _) => (Check::MdatMissing, "describes a video but holds no media ('mdat')"),
        (_, 0) => (
            Check::MoovMissing,
            "was not finished on the device: its table of contents ('moov') is missing",
        ),
        _ => (Check::MoovMissing, "holds neither a video nor its table of contents ('moov')"),
    };
    let message =
        format!("The recording {what}, and after byte {} there is no room left for it.", start.at);
    Err(start.finding(check, message))
}

/// Check 42, as early as it is certain: a header with a 64-bit size has room for it.
pub(crate) fn half_header(judge: &Judge, start: &Start) -> Result<(), Finding> {
    match judge.declared {
        Some(length) if length.saturating_sub(start.at) < WIDE_HEADER => {
            Err(start.finding(Check::Truncated, HALF_HEADER))
        }
        _ => Ok(()),
    }
}

/// Check 3, as early as it is certain: `ftyp` has the size of a list of brands.
pub(crate) fn ftyp_invalid(start: &Start, size: u64) -> Result<(), Finding> {
    let is_list = size >= MIN_FTYP && size.is_multiple_of(4);
    if start.kind.0 != *b"ftyp" || is_list {
        return Ok(());
    }
    let message = format!(
        "The box 'ftyp' at byte {} has {size} bytes, which is no list of brands. The file is \
         damaged.",
        start.at
    );
    Err(start.finding(Check::FtypInvalid, message))
}

/// Check 13: Boxes that have to be read whole have a limit, judged before a byte of them is read. A
/// `moov` takes about 1 % of a recording. (mp4.md §4.4)
pub(crate) fn too_large(judge: &Judge, start: &Start, size: u64) -> Result<(), Finding> {
    let (check, limit) = match &start.kind.0 {
        b"moov" => (Check::MoovTooLarge, judge.rules.moov_limit()),
        b"moof" => (Check::MoofTooLarge, judge.rules.moof_limit()),
        b"ftyp" => (Check::FtypInvalid, MAX_FTYP),
        _ => return Ok(()),
    };
    if size <= limit {
        return Ok(());
    }
    let message = format!(
        "The box '{}' at byte {} has {size} bytes; at most {limit} are read.",
        start.kind, start.at
    );
    Err(start.finding(check, message))
}

/// Check 9: A box ends where the file ends, or before. Past it: the upload is cut short, goes on
/// from a wrong offset, or the recording was killed. (GPAC calls it an incomplete file)
pub(crate) fn beyond_end(judge: &Judge, start: &Start, size: u64) -> Result<(), Finding> {
    let Some(length) = judge.declared.or(judge.at_most) else { return Ok(()) };
    let missing = start.at.saturating_add(size).saturating_sub(length);
    if missing == 0 {
        return Ok(());
    }
    let message = format!(
        "The file is not whole: the box '{}' at byte {} has {size} bytes, but {missing} of them \
         are past the end of the file ({}{length} bytes).",
        start.kind,
        start.at,
        if judge.declared.is_none() { "at most " } else { "" }
    );
    Err(start.finding(Check::BoxBeyondEnd, message))
}

/// Check 15: Zero bytes may follow the last box, a few. Answers where the run that began at `from`
/// stops being harmless within `bytes` that begin at `at`. (decisions.md, video policy)
pub(crate) fn zero_tail(from: u64, at: u64, bytes: &[u8]) -> Option<u64> {
    let limit = from.saturating_add(MAX_ZERO_TAIL);
    let room = crate::inspect::boxes::fields::in_memory(limit.saturating_sub(at));
    let harmless = bytes.iter().take(room).take_while(|byte| **byte == 0).count();
    let harmless = u64::try_from(harmless).unwrap_or(u64::MAX);
    (harmless < crate::inspect::boxes::fields::length(bytes)).then(|| at.saturating_add(harmless))
}

/// Check 15: The finding that something follows the last box.
pub(crate) fn trailing(at: u64, zeros: bool) -> Finding {
    let what = if zeros { "Zero bytes follow" } else { "Bytes that are no box follow" };
    let message = format!("{what} the last box, from byte {at} on.");
    Finding::at(Check::TrailingBytes, at, message)
}

/// Check 16: No more bytes than were announced: the offset of a resumed upload is wrong otherwise.
/// (mp4.md §3.2, check 16)
pub(crate) fn length_mismatch(length: u64) -> Finding {
    let message = format!("More bytes arrived than the {length} that were announced.");
    Finding::at(Check::LengthMismatch, length, message)
}
