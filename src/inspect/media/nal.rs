//! `NAL_CHAIN`: The NAL units of each H.264 and H.265 frame fill its sample.
//!
//! Such a sample consists of NAL units, each with its length before it (ISO 14496-15 §4.3). The
//! lengths must add up to the size of the sample. This is the only check that reads media, and it
//! finds three quarters of the damage that leaves every length in the boxes intact: zeroed, swapped
//! or foreign blocks. Only the lengths and the types of the units are read: while the media arrives
//! if its tables are known by then, otherwise by requests for a few bytes each. The types show
//! whether parameter sets that the tables lack are in the samples.

use super::layout::{FragmentSamples, SampleCursor};
use super::walker::{NalWalker, Seen};
use crate::inspect::boxes::Extent;
use crate::inspect::notes::TimedFinding;

/// Lengths closer than this are requested together: a page of the file, so that the number of
/// requests is bounded by the number of pages, whatever the tables say.
const NEAR: u64 = 4096;

/// Bytes that are requested where the next unit is far away: its length, and those of the small
/// units that often precede a frame.
const FAR_WINDOW: u64 = 64;

/// The check over all tracks whose samples consist of NAL units.
#[derive(Clone, Default)]
pub(crate) struct NalCheck {
    walkers: Vec<NalWalker>,
    /// The fault that was certain first.
    fault: Option<TimedFinding>,
    /// The note on zeros in a sample that was certain first.
    zeros: Option<TimedFinding>,
    /// What the samples so far have shown.
    seen: Seen,
    /// Behind the last length of the samples that add up.
    proven_to: u64,
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
            self.seen.add(walker.seen);
            self.proven_to = self.proven_to.max(walker.proven_to);
            if let Some(note) = walker.zeros.take() {
                keep_first(&mut self.zeros, note);
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

    /// The note on zeros in a sample.
    pub(crate) fn zeros(&self) -> Option<&TimedFinding> {
        self.zeros.as_ref()
    }

    /// Whether samples were checked, and all of them are intact.
    pub(crate) fn is_intact(&self) -> bool {
        self.seen.units && self.fault.is_none() && self.walkers.is_empty()
    }

    /// The position before which no byte is missing or repeated, if all samples are intact.
    pub(crate) fn proven_to(&self) -> Option<u64> {
        self.is_intact().then_some(self.proven_to)
    }

    /// Whether all samples were read, and neither they nor the tables contain parameter sets.
    pub(crate) fn lacks_sets(&self) -> bool {
        self.is_intact() && self.seen.needs_sets && !(self.seen.sequence && self.seen.picture)
    }

    /// Removes findings that were certain only after more than so many bytes.
    pub(crate) fn remove_fault_after(&mut self, after: u64) {
        self.fault = self.fault.take().filter(|fault| fault.after <= after);
        self.zeros = self.zeros.take().filter(|note| note.after <= after);
    }

    /// Stops checking. A fault that was found is kept.
    pub(crate) fn stop(&mut self) {
        self.walkers.clear();
    }

    fn keep_first(&mut self, fault: TimedFinding) {
        keep_first(&mut self.fault, fault);
    }
}

/// Of two findings, keeps the one that was certain first.
fn keep_first(first: &mut Option<TimedFinding>, found: TimedFinding) {
    if first.as_ref().is_none_or(|first| found.after < first.after) {
        *first = Some(found);
    }
}
