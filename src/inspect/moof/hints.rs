//! What a fragmented file states about itself as a whole: `mehd` has a duration, `mfra` is an index
//! of the fragments. Both are neither trusted nor required; a contradiction is only noted. `sidx`
//! is not read.

use crate::inspect::boxes::Mp4Box;
use crate::inspect::moov::movie::{FragmentsDuration, Movie};
use crate::inspect::moov::policy;
use crate::inspect::moov::sample_durations::milliseconds;
use crate::inspect::top_level::reader::PassedBox;
use crate::model::{Check, Finding};

/// Bytes of `mfro`, with which `mfra` ends (ISO 14496-12 §8.8.11).
const MFRO: u64 = 16;

/// The part of `mfra` that is read: its end.
pub(crate) fn end_of_mfra(mfra: PassedBox) -> Option<PassedBox> {
    let PassedBox { header, extent } = mfra;
    let from = extent.end.checked_sub(MFRO).filter(|from| *from > extent.start)?;
    Some(PassedBox { header, extent: from..extent.end })
}

/// `MFRA_SIZE`, only a note: `mfra` ends with its own size, by which readers find its beginning.
/// (ISO 14496-12 §8.8.11)
pub(crate) fn mfra_size(mfra: &PassedBox, bytes: &[u8]) -> Option<Finding> {
    let PassedBox { header, extent } = mfra;
    let footer = Mp4Box::parse(bytes, extent.start).ok().filter(|found| found.kind == *b"mfro")?;
    let stated = footer.full().ok()?.fields.u32()?;
    let size = extent.end.saturating_sub(header.at);
    let message = format!(
        "The index of fragments (`mfra`) at byte {} has {size} bytes, but states {stated}.",
        header.at
    );
    let finding = Finding::at(Check::MfraSize, footer.at, message);
    (u64::from(stated) != size).then(|| finding.with_path(Some(format!("{}/mfro", header.path()))))
}

/// `DURATION_MISMATCH`, only a note: The duration in `mehd` is that of the fragments. A recorder
/// that is killed cannot write it. (ISO 14496-12 §8.8.2)
pub(crate) fn duration_mismatch(movie: &Movie) -> Option<Finding> {
    let fragments = movie.fragments.filter(|fragments| fragments.duration > 0)?;
    let FragmentsDuration { at, duration } = fragments;
    let stated = milliseconds(duration, movie.timescale);
    let what = policy::mismatch(stated, movie.duration_ms(true)?)?;
    let message = format!("The movie {what} by its fragments.");
    let finding = Finding::at(Check::DurationMismatch, at, message);
    Some(finding.with_path(Some("moov/mvex/mehd".to_owned())))
}
