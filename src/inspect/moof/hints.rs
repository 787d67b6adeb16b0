//! Check 48, for fragmented files: what they say of themselves as a whole. Hints, never trusted and
//! never required: `mehd` states a length, `mfra` is an index. `sidx` is not even looked at.

use crate::model::{Check, Finding};

use crate::inspect::boxes::mp4_box::Boxed;
use crate::inspect::moov::movie::{Announced, Movie};
use crate::inspect::moov::policy;
use crate::inspect::moov::track::milliseconds;
use crate::inspect::top_level::reader::{Closed, Extent, Start};

/// Bytes of `mfro`, with which `mfra` ends (ISO 14496-12 §8.8.11).
const MFRO: u64 = 16;

/// Of `mfra` only its end is read.
pub(crate) fn end_of_mfra(start: Start, extent: &Extent) -> Option<Closed> {
    let from = extent.end.checked_sub(MFRO).filter(|from| *from > extent.start)?;
    Some(Closed { start, extent: from..extent.end })
}

/// Check 48: `mfra` ends with its own size; readers find its beginning by that. Only noted.
/// (ISO 14496-12 §8.8.11)
pub(crate) fn mfra_size(closed: &Closed, bytes: &[u8]) -> Option<Finding> {
    let Closed { start, extent } = closed;
    let mfro = Boxed::whole(bytes, extent.start).ok().filter(|found| found.kind.0 == *b"mfro")?;
    let stated = mfro.full().ok()?.fields.u32()?;
    let size = extent.end.saturating_sub(start.at);
    let message = format!(
        "The index of the fragments at byte {} has {size} bytes, but says that it has {stated}.",
        start.at
    );
    let finding = Finding::at(Check::MfraSize, mfro.at, message);
    (u64::from(stated) != size).then(|| finding.within(Some(format!("{}/mfro", start.path()))))
}

/// Check 35, for fragments: the length that `mehd` states is that of the fragments. Only noted: a
/// recorder that is killed cannot write it. (ISO 14496-12 §8.8.2)
pub(crate) fn duration_mismatch(movie: &Movie) -> Option<Finding> {
    let Announced { at, length } = movie.announced.filter(|announced| announced.length > 0)?;
    let stated = milliseconds(length, movie.timescale);
    let message = policy::mismatch(stated, movie.duration_ms(true)?)?;
    let finding =
        Finding::at(Check::DurationMismatch, at, format!("The movie {message} by its fragments."));
    Some(finding.within(Some("moov/mvex/mehd".to_owned())))
}
