//! The boxes in `traf`: the header of a track fragment (`tfhd`) and its runs of samples (`trun`).

use crate::inspect::boxes::{Checked, Fields, Mp4Box, in_memory};
use crate::inspect::moov::sample_durations::SampleDurations;
use crate::inspect::moov::table;
use crate::inspect::moov::track::SampleDefaults;

/// `tfhd` (ISO 14496-12 §8.8.7).
pub(crate) struct FragmentHeader {
    pub(crate) track_id: u32,
    base: Option<u64>,
    duration: Option<u32>,
    size: Option<u32>,
    base_is_moof: bool,
}

impl FragmentHeader {
    pub(crate) fn read(tfhd: Mp4Box) -> Checked<Self> {
        tfhd.read_full(|full| {
            let (flags, mut fields) = (full.flags, full.fields);
            let track_id = fields.u32()?;
            let base = optional(flags & 0x01, || fields.u64())?;
            optional(flags & 0x02, || fields.u32())?; // sample entry
            let duration = optional(flags & 0x08, || fields.u32())?;
            let size = optional(flags & 0x10, || fields.u32())?;
            Some(Self { track_id, base, duration, size, base_is_moof: flags & 0x02_0000 != 0 })
        })
    }

    /// The defaults of the fragment, else those of the track.
    pub(crate) fn defaults(&self, track: SampleDefaults) -> SampleDefaults {
        SampleDefaults {
            duration: self.duration.unwrap_or(track.duration),
            size: self.size.unwrap_or(track.size),
        }
    }

    /// The position that offsets are relative to: the stated one, else that of `moof` (if a flag
    /// says so), else the end of the previous samples.
    pub(crate) fn base(&self, moof: u64, before: u64) -> u64 {
        let implied = if self.base_is_moof { moof } else { before };
        self.base.unwrap_or(implied)
    }
}

/// Reads a field that is present only if its flag is set: `None` if its bytes are missing,
/// `Some(None)` if the flag is not set.
#[expect(clippy::option_option, reason = "missing and absent are different")]
fn optional<T>(flag: u32, read: impl FnOnce() -> Option<T>) -> Option<Option<T>> {
    if flag == 0 { Some(None) } else { read().map(Some) }
}

/// `trun` (ISO 14496-12 §8.8.8).
pub(crate) struct TrackRun<'a> {
    offset: Option<i32>,
    pub(crate) count: u32,
    pub(crate) bytes: u64,
    pub(crate) durations: SampleDurations,
    flags: u32,
    /// The table: the fields that each sample states itself.
    entries: &'a [u8],
}

const HAS_DURATION: u32 = 0x100;
const HAS_SIZE: u32 = 0x200;
/// All fields that a sample can state itself.
const OWN_FIELDS: u32 = 0xF00;

impl<'a> TrackRun<'a> {
    /// `TABLE_SIZE`: The table has `count` entries. Samples without a table are limited by the
    /// length of the file.
    pub(crate) fn read(
        trun: Mp4Box<'a>,
        defaults: SampleDefaults,
        timescale: u32,
        file_length: Option<u64>,
    ) -> Checked<Self> {
        let (flags, count, offset, rest) = trun.read_full(|full| {
            let (flags, mut fields) = (full.flags, full.fields);
            let count = fields.u32()?;
            let offset = optional(flags & 0x01, || fields.i32())?;
            optional(flags & 0x04, || fields.u32())?; // flags of the first sample
            Some((flags, count, offset, fields.rest()))
        })?;
        let samples = u64::from(count);
        let too_many = || table::too_many(trun, samples);
        let size = samples.saturating_mul(u64::from(entry_size(flags)));
        let entries = rest.get(..in_memory(size)).ok_or_else(too_many)?;
        let durations = SampleDurations::default();
        let mut run = Self { offset, count, bytes: 0, durations, flags, entries };
        if run.has_no_table() && file_length.is_some_and(|length| samples > length) {
            return Err(too_many());
        }
        match run.column(HAS_DURATION, 0) {
            Some(own) => own.for_each(|each| run.durations.add(1, each, timescale)),
            None => run.durations.add(samples, defaults.duration, timescale),
        }
        run.bytes = total(run.sizes(), samples, defaults.size);
        Ok(run)
    }

    /// Whether its samples have no table, so that only the length of the file limits their number.
    pub(crate) fn has_no_table(&self) -> bool {
        entry_size(self.flags) == 0
    }

    pub(crate) fn start(&self, base: u64, next: u64) -> Option<u64> {
        self.offset.map_or(Some(next), |offset| base.checked_add_signed(i64::from(offset)))
    }

    /// The sizes of its samples, if they state their own.
    pub(crate) fn sizes(&self) -> Option<impl Iterator<Item = u32> + use<'a>> {
        self.column(HAS_SIZE, if self.flags & HAS_DURATION == 0 { 0 } else { 4 })
    }

    /// The 32-bit field at an offset in each entry, if the flag says that it is present.
    fn column(&self, flag: u32, place: usize) -> Option<impl Iterator<Item = u32> + use<'a>> {
        if self.flags & flag == 0 {
            return None;
        }
        let entries = self.entries.chunks_exact(in_memory(entry_size(self.flags).into()));
        Some(entries.map(move |entry| {
            Fields::new(entry.get(place..).unwrap_or_default()).u32().unwrap_or_default()
        }))
    }
}

/// The length of a table entry in bytes.
fn entry_size(flags: u32) -> u32 {
    (flags & OWN_FIELDS).count_ones().saturating_mul(4)
}

/// The sum of a field over all samples, which is `each` for samples that do not state it.
fn total(own: Option<impl Iterator<Item = u32>>, samples: u64, each: u32) -> u64 {
    match own {
        Some(own) => own.map(u64::from).fold(0, u64::saturating_add),
        None => samples.saturating_mul(u64::from(each)),
    }
}
