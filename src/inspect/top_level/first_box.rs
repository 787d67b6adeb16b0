//! Checks 1, 2 and 7: what the first bytes tell.

use crate::model::{Check, Finding};

use crate::inspect::settings::Quicktime;
use crate::inspect::top_level::lookalike;
use crate::inspect::top_level::reader::{Judge, Start};

/// Reserve allowed before `ftyp`, in bytes (decisions.md, video policy).
const MAX_RESERVE: u64 = 64 * 1024;

/// The size that Android's recorder leaves in `mdat` until it is stopped: `????` (mp4.md §4.2).
const ANDROID_PLACEHOLDER: u32 = u32::from_be_bytes(*b"????");

/// The same with a 64-bit size.
const ANDROID_PLACEHOLDER_WIDE: u64 = u64::from_be_bytes(*b"????????");

/// Check 1: The first box is one that a movie file can begin with. Everything else, a picture, a
/// document, a piece of a stream, is told apart after eight bytes. (ISO 14496-12 §4.3; Media3
/// `Sniffer`)
pub(crate) fn not_mp4(judge: &Judge, start: &Start) -> Result<(), Finding> {
    const BEGIN: [&[u8; 4]; 7] = [b"ftyp", b"wide", b"free", b"skip", b"mdat", b"moov", b"pnot"];
    if judge.seen.boxes > 0 || BEGIN.contains(&&start.kind.0) {
        return Ok(());
    }
    let found = match lookalike::name(&start.bytes()) {
        Some(name) => format!("This is {name}, not an MP4 video."),
        None if start.kind.0 == *b"styp" => "This is a piece of a stream, not a video file.".into(),
        None => "This is not an MP4 video.".into(),
    };
    Err(Finding::at(Check::NotMp4, start.at, found))
}

/// Check 2: `ftyp` comes first, but for a little reserve. Every phone writes it; only QuickTime
/// movies from before 2001 have none. (ISO 14496-12 §4.3)
pub(crate) fn ftyp_missing(judge: &mut Judge, start: &Start) -> Result<(), Finding> {
    if judge.seen.ftyp || start.kind.0 == *b"ftyp" {
        return Ok(());
    }
    let reserve = matches!(&start.kind.0, b"free" | b"skip" | b"wide");
    if reserve && start.at.saturating_add(start.claimed()) <= MAX_RESERVE {
        return Ok(());
    }
    let message = format!(
        "The file does not say what it is: the box 'ftyp' must come first, but '{}' was found at \
         byte {}.",
        start.kind, start.at
    );
    let finding = start.finding(Check::FtypMissing, message);
    if judge.rules.quicktime == Quicktime::Refuse {
        return Err(finding);
    }
    judge.seen.ftyp = true; // said once
    judge.note(finding);
    Ok(())
}

/// Check 7: The size of `mdat` is not Android's placeholder: the recorder writes the true size, and
/// `moov`, only when it is stopped, so this recording was killed and cannot be played. (AOSP
/// `MPEG4Writer.cpp`)
pub(crate) fn recording_not_finalised(start: &Start) -> Result<(), Finding> {
    let placeholder = match start.wide {
        Some(wide) => wide == ANDROID_PLACEHOLDER_WIDE,
        None => start.short == ANDROID_PLACEHOLDER,
    };
    if start.kind.0 != *b"mdat" || !placeholder {
        return Ok(());
    }
    let message = "The recording was not finished on the phone: the camera was closed before it \
                   could complete the file.";
    Err(start.finding(Check::RecordingNotFinalised, message))
}
