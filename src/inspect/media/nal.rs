//! `NAL_CHAIN`: The NAL units of each H.264 and H.265 picture fill its sample.
//!
//! Such a sample consists of NAL units, each with its length before it (ISO 14496-15 §4.3). The
//! lengths must add up to the size of the sample. This is the only check that reads media, and it
//! finds three quarters of the damage that leaves every length in the boxes intact: zeroed, swapped
//! or foreign blocks. Only the lengths are read: while the media arrives if its tables are known by
//! then, otherwise by requests for a few bytes each.

use super::layout::{FragmentSamples, NalSample, SampleCursor};
use crate::inspect::boxes::{Extent, FourCc, in_memory, path, step};
use crate::inspect::moov::chunk_extents::{is_inside, outside_mdat};
use crate::inspect::notes::TimedFinding;
use crate::model::{Check, Finding};

/// Lengths closer than this are requested together: a page of the file, so that the number of
/// requests is bounded by the number of pages, whatever the tables say.
const NEAR: u64 = 4096;

/// Bytes that are requested where the next unit is far away: its length, and those of the small
/// units that often precede a picture.
const FAR_WINDOW: u64 = 64;

/// The check over all tracks whose samples consist of NAL units.
#[derive(Clone, Default)]
pub(crate) struct NalCheck {
    walkers: Vec<NalWalker>,
    /// The fault that was certain first.
    fault: Option<TimedFinding>,
    /// The end of the samples of all fragments so far. A fragment that begins before it is not
    /// checked, so that no byte is read twice.
    reached: u64,
}

impl NalCheck {
    /// Adds the samples of a track. Their positions are certain after `after` bytes of the file.
    pub(crate) fn add_track(&mut self, samples: SampleCursor, after: u64) {
        self.add(samples, after, u64::MAX);
    }

    /// Adds the samples of a fragment.
    pub(crate) fn add_fragment(&mut self, mut samples: FragmentSamples, after: u64) {
        let Some(extent) = samples.sort() else { return };
        if extent.start >= self.reached {
            self.reached = extent.end;
            self.add(SampleCursor::of_fragment(samples), after, extent.end);
        }
    }

    fn add(&mut self, samples: SampleCursor, after: u64, until: u64) {
        let mut walker = NalWalker::new(samples, after, until);
        if let Err(fault) = walker.next_sample() {
            self.keep_first(fault);
        }
        if !walker.ended {
            self.walkers.push(walker);
        }
    }

    /// Checks bytes of the file that begin at `from`. `mdats` are the payloads of all `mdat` boxes
    /// that begin before the end of these bytes.
    pub(crate) fn read(&mut self, from: u64, bytes: &[u8], mdats: &[Extent]) {
        let mut walkers = std::mem::take(&mut self.walkers);
        walkers.retain_mut(|walker| {
            if let Err(fault) = walker.read(from, bytes, mdats) {
                self.keep_first(fault);
            }
            !walker.ended
        });
        // These walkers can only find faults that become certain later.
        let first = self.fault.as_ref().map_or(u64::MAX, |fault| fault.after);
        walkers.retain(|walker| walker.at < first);
        self.walkers = walkers;
    }

    /// The next range that must be read again: bytes before `until` and before `position`, up to
    /// which the file has passed.
    pub(crate) fn needed_range(&self, until: u64, position: u64) -> Option<Extent> {
        let walker = self.walkers.iter().min_by_key(|walker| walker.at)?;
        let window = if walker.stride < NEAR { NEAR } else { FAR_WINDOW };
        // Not into the next fragment, whose walker will request its own.
        let end = walker.at.saturating_add(window).min(walker.until).min(position);
        (walker.at < until.min(position)).then_some(walker.at..end)
    }

    pub(crate) fn heap_bytes(&self) -> u64 {
        let bytes = self.walkers.iter().map(|walker| walker.samples.heap_bytes());
        bytes.fold(0, u64::saturating_add)
    }

    pub(crate) fn fault(&self) -> Option<&TimedFinding> {
        self.fault.as_ref()
    }

    /// Removes a fault that was certain only after more than so many bytes.
    pub(crate) fn remove_fault_after(&mut self, after: u64) {
        self.fault = self.fault.take().filter(|fault| fault.after <= after);
    }

    /// Stops checking. A fault that was found is kept.
    pub(crate) fn stop(&mut self) {
        self.walkers.clear();
    }

    fn keep_first(&mut self, fault: TimedFinding) {
        if self.fault.as_ref().is_none_or(|first| fault.after < first.after) {
            self.fault = Some(fault);
        }
    }
}

/// Walks over the NAL units of one track, or of one fragment.
#[derive(Clone)]
struct NalWalker {
    samples: SampleCursor,
    /// The end of the box with the tables.
    tables_end: u64,
    /// The end of the bytes that were read so far, tables included: a fault is certain after them.
    after: u64,
    /// The end of the last sample; `u64::MAX` if it is not known.
    until: u64,
    /// The position of the next byte to read.
    at: u64,
    sample: Extent,
    nal_length_size: u8,
    /// The length that is being read, and how many of its bytes have been.
    nal_length: u64,
    length_bytes: u8,
    /// Bytes between the last two lengths.
    stride: u64,
    ended: bool,
}

impl NalWalker {
    fn new(samples: SampleCursor, after: u64, until: u64) -> Self {
        Self {
            samples,
            tables_end: after,
            after,
            until,
            at: 0,
            sample: 0..0,
            nal_length_size: 4,
            nal_length: 0,
            length_bytes: 0,
            stride: 0,
            ended: false,
        }
    }

    /// Walks as far as `bytes`, which begin at `from`, reach. Takes one step for each length.
    fn read(&mut self, from: u64, bytes: &[u8], mdats: &[Extent]) -> Result<(), TimedFinding> {
        while !self.ended {
            step();
            let rest = self.at.checked_sub(from).and_then(|skip| bytes.get(in_memory(skip)..));
            let Some(rest) = rest.filter(|rest| !rest.is_empty()) else { break };
            if self.at == self.sample.start && !is_inside(&self.sample, mdats) {
                return self.outside_mdats(mdats);
            }
            if let Some(length) = self.read_length(rest) {
                self.skip_unit(length, mdats)?;
            }
        }
        Ok(())
    }

    /// Takes bytes of a length; returns it when it is complete.
    fn read_length(&mut self, bytes: &[u8]) -> Option<u64> {
        let missing = usize::from(self.nal_length_size.saturating_sub(self.length_bytes));
        for byte in bytes.iter().take(missing) {
            self.nal_length = self.nal_length.saturating_mul(256).saturating_add(u64::from(*byte));
            self.length_bytes = self.length_bytes.saturating_add(1);
            self.at = self.at.saturating_add(1);
        }
        (self.length_bytes >= self.nal_length_size).then_some(self.nal_length)
    }

    /// Skips a unit. An empty one is a fault: zeroed pages would pass otherwise. (`FFmpeg`
    /// `h2645_parse.h` calls it invalid too)
    fn skip_unit(&mut self, length: u64, mdats: &[Extent]) -> Result<(), TimedFinding> {
        (self.nal_length, self.length_bytes) = (0, 0);
        self.after = self.after.max(self.at);
        self.stride = length.saturating_add(u64::from(self.nal_length_size));
        let left = self.sample.end.saturating_sub(self.at);
        if length == 0 || length > left {
            return Err(self.broken(mdats));
        }
        self.at = self.at.saturating_add(length);
        match left.saturating_sub(length) {
            0 => self.next_sample(),
            rest if rest <= u64::from(self.nal_length_size) => Err(self.broken(mdats)),
            _ => Ok(()),
        }
    }

    /// Goes to the next sample that is not empty. Ends at a sample that begins before the end of
    /// the last one, so that no byte is read twice.
    fn next_sample(&mut self) -> Result<(), TimedFinding> {
        while let Some(NalSample { extent, nal_length_size }) = self.samples.next() {
            step();
            if extent.start < self.sample.end {
                break;
            }
            if extent.is_empty() {
                continue;
            }
            (self.at, self.nal_length_size) = (extent.start, nal_length_size);
            self.sample = extent;
            if self.sample.end.saturating_sub(self.at) <= u64::from(nal_length_size) {
                return Err(self.broken(&[])); // its `mdat` may not have begun yet
            }
            return Ok(());
        }
        self.ended = true;
        Ok(())
    }

    /// `SAMPLE_OUTSIDE_MDAT`, for pictures, as early as it is certain: when the first byte of one
    /// passes. If no `mdat` has begun since the tables, other checks find the cause.
    fn outside_mdats(&mut self, mdats: &[Extent]) -> Result<(), TimedFinding> {
        self.ended = true;
        let begun = mdats.partition_point(|mdat| mdat.start <= self.sample.start);
        let last = begun.checked_sub(1).and_then(|last| mdats.get(last));
        if last.is_none_or(|mdat| mdat.start < self.tables_end) {
            return Ok(());
        }
        let after = self.after.max(self.at.saturating_add(1));
        Err(TimedFinding::new(outside_mdat(&self.sample), after))
    }

    fn broken(&mut self, mdats: &[Extent]) -> TimedFinding {
        self.ended = true;
        let number = mdats.partition_point(|mdat| mdat.start <= self.sample.start);
        let number = u64::try_from(number).unwrap_or(0);
        let path = (number > 0).then(|| path::segment(FourCc(*b"mdat"), number, number > 1));
        let message = format!(
            "The picture at byte {} is damaged: its NAL units do not add up to its {} bytes.",
            self.sample.start,
            self.sample.end.saturating_sub(self.sample.start)
        );
        let finding = Finding::at(Check::NalChain, self.sample.start, message);
        TimedFinding::new(finding.with_path(path), self.after)
    }
}
