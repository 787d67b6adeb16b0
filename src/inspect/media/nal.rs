//! Check 41: the pictures of H.264 and H.265 are what their tables say.
//!
//! Such a sample is a chain of units, each behind its length (ISO 14496-15 §4.3). The lengths must
//! add up to the size of the sample. It is the one check that looks into the media, and it finds
//! three in four damages that leave every length as it was: zeroed, swapped or foreign blocks
//! (mp4.md §3.3). Only the lengths are read. Those that pass while the tables are known are looked
//! at in passing, the others are asked for, a few bytes each.

use std::ops::Range;

use crate::model::{Check, Finding};

use crate::inspect::boxes::fields::in_memory;
use crate::inspect::boxes::kind::Kind;
use crate::inspect::boxes::path;
use crate::inspect::boxes::steps::step;
use crate::inspect::media::layout::{Layout, Pieces, Sample};
use crate::inspect::moov::chunk_extents::{is_inside, outside_mdat};
use crate::inspect::notes::Noted;
use crate::inspect::top_level::reader::Extent;

/// Units closer than this come together in one read: a page of the file, so that the reads of a
/// file are bounded by its pages, whatever its tables say.
const NEAR: u64 = 4096;

/// Bytes that are read where the next unit is far away: its length, and those of the small units
/// that often stand before a picture.
const FAR_WINDOW: u64 = 64;

/// The walks over all tracks that have such samples.
#[derive(Clone, Default)]
pub(crate) struct Walk {
    chains: Vec<Chain>,
    /// The break that was certain first.
    found: Option<Noted>,
    /// Where the samples of all fragments so far end: nothing is walked twice for their sake.
    reached: u64,
}

impl Walk {
    /// Walks over samples too; where they lie was certain after so many bytes.
    pub(crate) fn add(&mut self, layout: Layout, after: u64) {
        self.add_until(layout, after, u64::MAX);
    }

    fn add_until(&mut self, layout: Layout, after: u64, until: u64) {
        let mut chain = Chain::new(layout, after, until);
        if let Err(broken) = chain.next_sample() {
            self.keep(broken);
        }
        if !chain.ended {
            self.chains.push(chain);
        }
    }

    /// Walks over the samples of a fragment too.
    pub(crate) fn add_fragment(&mut self, mut pieces: Pieces, after: u64) {
        let Some(extent) = pieces.sort() else { return };
        if extent.start >= self.reached {
            self.reached = extent.end;
            self.add_until(Layout::of_fragment(pieces), after, extent.end);
        }
    }

    /// Looks at a stretch of the file that begins at `from`; `mdats` are the payloads of all `mdat`
    /// boxes that begin before its end.
    pub(crate) fn pass(&mut self, from: u64, bytes: &[u8], mdats: &[Extent]) {
        let mut chains = std::mem::take(&mut self.chains);
        chains.retain_mut(|chain| {
            if let Err(broken) = chain.pass(from, bytes, mdats) {
                self.keep(broken);
            }
            !chain.ended
        });
        // What they can still find is certain only after what has been found.
        let first = self.found.as_ref().map_or(u64::MAX, |found| found.after);
        chains.retain(|chain| chain.at < first);
        self.chains = chains;
    }

    /// Bytes before `until` that have passed and must be looked at again; all before `position`
    /// have passed.
    pub(crate) fn gap(&self, until: u64, position: u64) -> Option<Range<u64>> {
        let chain = self.chains.iter().min_by_key(|chain| chain.at)?;
        let window = if chain.stride < NEAR { NEAR } else { FAR_WINDOW };
        // Not into the next fragment, whose walk will ask for its own.
        let end = chain.at.saturating_add(window).min(chain.until).min(position);
        (chain.at < until.min(position)).then_some(chain.at..end)
    }

    /// How many bytes of heap the tables take that are still walked by.
    pub(crate) fn heap(&self) -> u64 {
        self.chains.iter().map(|chain| chain.layout.heap()).fold(0, u64::saturating_add)
    }

    /// What was found.
    pub(crate) fn found(&self) -> Option<&Noted> {
        self.found.as_ref()
    }

    /// Takes back what was certain only after so many bytes.
    pub(crate) fn purge_after(&mut self, after: u64) {
        self.found = self.found.take().filter(|found| found.after <= after);
    }

    /// Stops; what was found stays.
    pub(crate) fn stop(&mut self) {
        self.chains.clear();
    }

    fn keep(&mut self, broken: Noted) {
        if self.found.as_ref().is_none_or(|found| broken.after < found.after) {
            self.found = Some(broken);
        }
    }
}

/// A walk over the samples of one track, or of one fragment.
#[derive(Clone)]
struct Chain {
    layout: Layout,
    /// Where the box ends that says where the samples lie.
    placed: u64,
    /// All that was needed so far ends here.
    after: u64,
    /// Where its last sample ends, if that is known.
    until: u64,
    /// Where the next byte is that matters.
    at: u64,
    sample: Extent,
    prefix: u8,
    /// The length under way, and how many of its bytes are in it.
    length: u64,
    held: u8,
    /// Bytes between the last two lengths.
    stride: u64,
    ended: bool,
}

impl Chain {
    fn new(layout: Layout, after: u64, until: u64) -> Self {
        Self {
            layout,
            placed: after,
            after,
            until,
            at: 0,
            sample: 0..0,
            prefix: 4,
            length: 0,
            held: 0,
            stride: 0,
            ended: false,
        }
    }

    /// Walks on as far as some bytes reach. One step for each length that is there.
    fn pass(&mut self, from: u64, bytes: &[u8], mdats: &[Extent]) -> Result<(), Noted> {
        while !self.ended {
            step();
            let rest = self.at.checked_sub(from).and_then(|skip| bytes.get(in_memory(skip)..));
            let Some(rest) = rest.filter(|rest| !rest.is_empty()) else { break };
            if self.at == self.sample.start && !is_inside(&self.sample, mdats) {
                return self.outside(mdats);
            }
            if let Some(unit) = self.read(rest) {
                self.enter(unit, mdats)?;
            }
        }
        Ok(())
    }

    /// Takes bytes of a length; answers it when it is whole.
    fn read(&mut self, bytes: &[u8]) -> Option<u64> {
        let missing = usize::from(self.prefix.saturating_sub(self.held));
        for byte in bytes.iter().take(missing) {
            self.length = self.length.saturating_mul(256).saturating_add(u64::from(*byte));
            self.held = self.held.saturating_add(1);
            self.at = self.at.saturating_add(1);
        }
        (self.held >= self.prefix).then_some(self.length)
    }

    /// Skips a unit. None is empty: zeroed pages would pass otherwise. (`FFmpeg` `h2645_parse.h`
    /// calls an empty one invalid too)
    fn enter(&mut self, unit: u64, mdats: &[Extent]) -> Result<(), Noted> {
        (self.length, self.held) = (0, 0);
        self.after = self.after.max(self.at);
        self.stride = unit.saturating_add(u64::from(self.prefix));
        let left = self.sample.end.saturating_sub(self.at);
        if unit == 0 || unit > left {
            return Err(self.broken(mdats));
        }
        self.at = self.at.saturating_add(unit);
        match left.saturating_sub(unit) {
            0 => self.next_sample(),
            rest if rest <= u64::from(self.prefix) => Err(self.broken(mdats)),
            _ => Ok(()),
        }
    }

    /// Goes to the next sample that has bytes. They ascend: tables that jump back are not followed,
    /// so that no byte is looked at twice.
    fn next_sample(&mut self) -> Result<(), Noted> {
        while let Some(Sample { extent, prefix }) = self.layout.next() {
            step();
            if extent.start < self.sample.end {
                break;
            }
            if extent.is_empty() {
                continue;
            }
            (self.at, self.prefix) = (extent.start, prefix);
            self.sample = extent;
            if self.sample.end.saturating_sub(self.at) <= u64::from(prefix) {
                return Err(self.broken(&[])); // its `mdat` may not have come yet
            }
            return Ok(());
        }
        self.ended = true;
        Ok(())
    }

    /// Check 32, for the pictures, as early as it is certain: when the first byte of one passes.
    /// Without an `mdat` since the table there is another cause, which other checks know.
    fn outside(&mut self, mdats: &[Extent]) -> Result<(), Noted> {
        self.ended = true;
        let begun = mdats.partition_point(|mdat| mdat.start <= self.sample.start);
        let last = begun.checked_sub(1).and_then(|last| mdats.get(last));
        if last.is_none_or(|mdat| mdat.start < self.placed) {
            return Ok(());
        }
        let after = self.after.max(self.at.saturating_add(1));
        Err(Noted::new(outside_mdat(&self.sample), after))
    }

    fn broken(&mut self, mdats: &[Extent]) -> Noted {
        self.ended = true;
        let number = mdats.partition_point(|mdat| mdat.start <= self.sample.start);
        let number = u64::try_from(number).unwrap_or(0);
        let path = (number > 0).then(|| path::step(Kind(*b"mdat"), number, number > 1));
        let message = format!(
            "The picture at byte {} is damaged: its parts do not add up to its {} bytes. Bytes \
             inside the file were changed, on the way or on the device.",
            self.sample.start,
            self.sample.end.saturating_sub(self.sample.start)
        );
        let finding = Finding::at(Check::NalChain, self.sample.start, message);
        Noted::new(finding.within(path), self.after)
    }
}
