//! Check 36, the reading part: edit lists.

use crate::model::{Check, Finding};

use crate::inspect::boxes::fields::Fields;
use crate::inspect::boxes::mp4_box::Boxed;
use crate::inspect::content::Notepad;
use crate::inspect::moov::table;

/// Check 36: the sum of all pieces of a track's edit list, in units of the movie. A list that
/// cannot be read does not stop a player, so it is only noted. (ISO 14496-12 §8.6.6)
pub(crate) fn total(trak: Boxed, notepad: &mut Notepad) -> Result<Option<u64>, Finding> {
    let Some(edts) = trak.at_most_one(*b"edts")? else { return Ok(None) };
    let Some(elst) = edts.at_most_one(*b"elst")? else { return Ok(None) };
    let full = elst.full()?;
    let (version, mut fields) = (full.version, full.fields);
    let count = fields.u32().unwrap_or(u32::MAX);
    let total = match version {
        0 => sum::<12>(elst, fields, count, version),
        _ => sum::<20>(elst, fields, count, version),
    };
    if total.is_none() {
        let message = format!("The edit list at byte {} cannot be read.", elst.at);
        notepad.add(Finding::at(Check::EditListOdd, elst.at, message));
    }
    Ok(total)
}

/// `None` when the list is damaged.
fn sum<const N: usize>(elst: Boxed, fields: Fields, count: u32, version: u8) -> Option<u64> {
    let entries: &[[u8; N]] = table::entries(elst, fields, count).ok()?;
    let pieces = entries.iter().filter_map(|entry| Fields::new(entry).sized(version));
    Some(pieces.fold(0, u64::saturating_add))
}
