//! Edit lists.

use super::table;
use crate::inspect::boxes::{Checked, Fields, FullBox, Mp4Box};
use crate::inspect::context::Context;
use crate::model::Check;

/// The sum of the durations in a track's edit list, in units of the movie. A list that cannot be
/// read does not stop a player, so it is only noted, as `EDIT_LIST_ODD`. (ISO 14496-12 §8.6.6)
pub(crate) fn total(trak: Mp4Box, context: &mut Context) -> Checked<Option<u64>> {
    let Some(edts) = trak.optional_child(*b"edts")? else { return Ok(None) };
    let Some(elst) = edts.optional_child(*b"elst")? else { return Ok(None) };
    let total = elst.full().ok().and_then(|FullBox { version, mut fields, .. }| {
        let count = fields.u32()?;
        match version {
            0 => sum::<12>(elst, fields, count, version),
            _ => sum::<20>(elst, fields, count, version),
        }
    });
    if total.is_none() {
        context.note(elst.finding(Check::EditListOdd, "is an edit list that cannot be read"));
    }
    Ok(total)
}

/// `None` when the list is damaged.
fn sum<const N: usize>(elst: Mp4Box, fields: Fields, count: u32, version: u8) -> Option<u64> {
    let entries: &[[u8; N]] = table::entries(elst, fields, count).ok()?;
    let durations = entries.iter().filter_map(|entry| Fields::new(entry).sized(version));
    Some(durations.fold(0, u64::saturating_add))
}
