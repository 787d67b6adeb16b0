//! The checks of the first bytes of a file.

use super::header::{HeaderContext, TopLevelHeader};
use super::lookalike;
use crate::inspect::boxes::{Checked, ensure};
use crate::inspect::settings::Quicktime;
use crate::model::{Check, Finding};

/// Padding allowed before `ftyp`, in bytes.
const MAX_PADDING: u64 = 64 * 1024;

/// The size that Android's recorder leaves in `mdat` until it is stopped: `????`.
const ANDROID_PLACEHOLDER: u64 = 0x3F3F_3F3F;

/// The same with a 64-bit size.
const ANDROID_PLACEHOLDER_LONG: u64 = 0x3F3F_3F3F_3F3F_3F3F;

/// `NOT_MP4`: The first box has a type that a movie file can begin with. Any other file is
/// recognised after eight bytes. (ISO 14496-12 §4.3; Media3 `Sniffer`)
pub(super) fn not_mp4(context: &HeaderContext, first: &TopLevelHeader) -> Checked {
    const FIRST: [&[u8; 4]; 7] = [b"ftyp", b"wide", b"free", b"skip", b"mdat", b"moov", b"pnot"];
    if context.index.boxes > 0 || FIRST.contains(&&first.kind.0) {
        return Ok(());
    }
    let message = match lookalike::guess(first.header.first_bytes().as_flattened()) {
        Some(name) => format!("The uploaded file is {name}, not an MP4 video."),
        None if first.kind == *b"styp" => {
            "The uploaded file is a segment of a stream, not a whole video (first box is `styp`)."
                .to_owned()
        }
        None => {
            format!("The uploaded file does not start like an MP4 (first box is `{}`).", first.kind)
        }
    };
    Err(Finding::at(Check::NotMp4, first.at, message))
}

/// `FTYP_MISSING`: `ftyp` comes first, except for a little padding. Every phone writes it; only
/// QuickTime movies from before 2001 have none. (ISO 14496-12 §4.3)
pub(super) fn ftyp_missing(context: &mut HeaderContext, found: &TopLevelHeader) -> Checked {
    if context.index.ftyp || found.kind == *b"ftyp" {
        return Ok(());
    }
    let is_padding = matches!(&found.kind.0, b"free" | b"skip" | b"wide");
    if is_padding && found.at.saturating_add(found.header.size()) <= MAX_PADDING {
        return Ok(());
    }
    let what = "comes before any `ftyp`, the box that states the type of the file";
    let finding = found.finding(Check::FtypMissing, what);
    if context.rules.quicktime == Quicktime::Refuse {
        return Err(finding);
    }
    context.index.ftyp = true; // noted once
    context.note(finding);
    Ok(())
}

/// `RECORDING_NOT_FINALISED`: The size of `mdat` is not the placeholder of Android. The recorder
/// writes the real size, and `moov`, only when it is stopped, so this recorder was killed and the
/// file cannot be played. (AOSP `MPEG4Writer.cpp`)
pub(super) fn recording_not_finalised(found: &TopLevelHeader) -> Checked {
    let header = found.header;
    let placeholder = if header.is_long() { ANDROID_PLACEHOLDER_LONG } else { ANDROID_PLACEHOLDER };
    let message = "The recording was not finished on the phone: the camera was closed before it \
                   could complete the file (the size of `mdat` is still a placeholder).";
    ensure(found.kind != *b"mdat" || header.size() != placeholder, || {
        found.finding_with(Check::RecordingNotFinalised, message)
    })
}
