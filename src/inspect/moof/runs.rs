//! Check 39, the inner part: the headers of fragments and their runs of samples.

use crate::model::Finding;

use crate::inspect::boxes::fields::Fields;
use crate::inspect::boxes::mp4_box::{Boxed, Full};
use crate::inspect::content::Context;
use crate::inspect::moov::table;
use crate::inspect::moov::track::Defaults;

/// `tfhd` (ISO 14496-12 §8.8.7).
pub(crate) struct Header {
    pub(crate) track: u32,
    base: Option<u64>,
    duration: Option<u32>,
    size: Option<u32>,
    base_is_moof: bool,
}

impl Header {
    pub(crate) fn read(tfhd: Boxed) -> Result<Self, Finding> {
        let Full { flags, mut fields, .. } = tfhd.full()?;
        let mut read = || {
            let track = fields.u32().ok_or(Short)?;
            let base = optional(flags & 0x01, || fields.u64())?;
            optional(flags & 0x02, || fields.u32())?; // description
            let duration = optional(flags & 0x08, || fields.u32())?;
            let size = optional(flags & 0x10, || fields.u32())?;
            Ok(Self { track, base, duration, size, base_is_moof: flags & 0x02_0000 != 0 })
        };
        read().map_err(|Short| tfhd.short())
    }

    /// Its own defaults before those of the track.
    pub(crate) fn over(&self, track: Defaults) -> Defaults {
        Defaults {
            duration: self.duration.unwrap_or(track.duration),
            size: self.size.unwrap_or(track.size),
        }
    }

    /// What positions count from: stated, else `moof`, else the end of the track before.
    pub(crate) fn base(&self, moof: u64, before: u64) -> u64 {
        let implied = if self.base_is_moof { moof } else { before };
        self.base.unwrap_or(implied)
    }
}

/// The fields of a box end before the flags say so.
struct Short;

/// A field that is there when its flag is set.
fn optional<T>(flag: u32, read: impl FnOnce() -> Option<T>) -> Result<Option<T>, Short> {
    (flag != 0).then(|| read().ok_or(Short)).transpose()
}

/// `trun`, summed up (ISO 14496-12 §8.8.8).
pub(crate) struct Run {
    offset: Option<i32>,
    pub(crate) samples: u64,
    pub(crate) bytes: u64,
    pub(crate) time: u64,
    /// Whether its samples take no byte in the table, so that the file alone bounds their number.
    pub(crate) is_claim: bool,
}

impl Run {
    /// Check 28: The count fits the bytes that are there; samples without fields of their own are
    /// limited by the length of the file.
    pub(crate) fn read(
        trun: Boxed,
        defaults: Defaults,
        context: &Context,
    ) -> Result<Self, Finding> {
        let Full { flags, mut fields, .. } = trun.full()?;
        let mut read = || {
            let count = fields.u32().ok_or(Short)?;
            let offset = optional(flags & 0x01, || fields.i32())?;
            optional(flags & 0x04, || fields.u32())?; // flags of the first sample
            Ok((count, offset))
        };
        let (count, offset) = read().map_err(|Short| trun.short())?;
        let samples = u64::from(count);
        let (has_duration, has_size) = (flags & 0x100 != 0, flags & 0x200 != 0);
        let others = (flags & 0xC00).count_ones();
        let too_many = || table::too_many(trun, samples);
        let is_claim = flags & 0xF00 == 0;
        if is_claim && context.length.is_some_and(|length| samples > length) {
            return Err(too_many());
        }
        let own = own_fields(fields, count, has_duration, has_size, others).ok_or_else(too_many)?;
        let all = |each: u32| samples.saturating_mul(u64::from(each));
        let time = if has_duration { own.time } else { all(defaults.duration) };
        let bytes = if has_size { own.bytes } else { all(defaults.size) };
        Ok(Self { offset, samples, bytes, time, is_claim })
    }

    pub(crate) fn start(&self, base: u64, next: u64) -> Option<u64> {
        self.offset.map_or(Some(next), |offset| base.checked_add_signed(i64::from(offset)))
    }
}

#[derive(Default)]
struct Own {
    time: u64,
    bytes: u64,
}

/// The sums of the fields that each sample has of its own; `None` when they end too early.
fn own_fields(
    mut fields: Fields,
    count: u32,
    has_duration: bool,
    has_size: bool,
    others: u32,
) -> Option<Own> {
    let mut own = Own::default();
    if !has_duration && !has_size && others == 0 {
        return Some(own); // no loop over a mere claim
    }
    for _ in 0..count {
        if has_duration {
            own.time = own.time.saturating_add(u64::from(fields.u32()?));
        }
        if has_size {
            own.bytes = own.bytes.saturating_add(u64::from(fields.u32()?));
        }
        for _ in 0..others {
            fields.u32()?;
        }
    }
    Some(own)
}
