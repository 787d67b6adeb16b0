//! A walk over the NAL units of one track, or of one fragment.

use super::layout::{NalSample, SampleCursor};
use crate::inspect::boxes::{Extent, FourCc, in_memory, path, step};
use crate::inspect::moov::chunk_extents::is_inside;
use crate::inspect::moov::codec_config::NalFormat;
use crate::inspect::moov::parameter_sets::{NalFamily, UnitKind};
use crate::inspect::notes::TimedFinding;
use crate::model::{Check, Finding};

/// Bytes of a start code, and of the type after a short one (ISO 14496-10 annex B).
const START_CODE: u8 = 4;

#[derive(Clone)]
pub(super) struct NalWalker {
    pub(super) samples: SampleCursor,
    /// The end of the bytes that were read so far, tables included: a fault is certain after them.
    after: u64,
    /// The end of the last sample; `u64::MAX` if it is not known.
    pub(super) until: u64,
    /// The position of the next byte to read.
    pub(super) at: u64,
    sample: Extent,
    format: NalFormat,
    /// The length that is being read, and how many of its bytes have been.
    nal_length: u64,
    length_bytes: u8,
    /// The length of the unit whose type is the next byte.
    unit: Option<u64>,
    units: SampleUnits,
    /// Bytes between the last two lengths.
    pub(super) stride: u64,
    /// Behind the last length that is not 0.
    last_length: u64,
    /// Behind the last length of a sample that adds up. Missing or repeated bytes before it would
    /// have moved that sample.
    pub(super) proven_to: u64,
    pub(super) ended: bool,
    pub(super) seen: Seen,
    /// A note on zeros in a sample.
    pub(super) zeros: Option<TimedFinding>,
}

/// What the units of samples have shown.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts")]
pub(super) struct Seen {
    pub(super) units: bool,
    /// Whether a sample depends on parameter sets in samples.
    pub(super) needs_sets: bool,
    pub(super) sequence: bool,
    pub(super) picture: bool,
}

impl Seen {
    pub(super) fn add(&mut self, other: Self) {
        self.units |= other.units;
        self.needs_sets |= other.needs_sets;
        self.sequence |= other.sequence;
        self.picture |= other.picture;
    }
}

/// The units of the current sample so far.
#[derive(Clone, Copy, Default)]
struct SampleUnits {
    any: bool,
    has_slice: bool,
    /// Whether there are empty units, or zeros too few for one.
    has_zeros: bool,
}

impl NalWalker {
    pub(super) fn new(samples: SampleCursor, after: u64, until: u64) -> Self {
        Self {
            samples,
            after,
            until,
            at: 0,
            sample: 0..0,
            format: NalFormat { family: NalFamily::Avc, length_size: None, needs_sets: false },
            nal_length: 0,
            length_bytes: 0,
            unit: None,
            units: SampleUnits::default(),
            stride: 0,
            last_length: 0,
            proven_to: 0,
            ended: false,
            seen: Seen::default(),
            zeros: None,
        }
    }

    /// Walks as far as `bytes`, which begin at `from`, reach. Takes one step for each length and type.
    /// Ends at a sample outside of the media: another check refuses it.
    pub(super) fn read(
        &mut self,
        from: u64,
        bytes: &[u8],
        mdats: &[Extent],
    ) -> Result<(), TimedFinding> {
        while !self.ended {
            step();
            let rest = self.at.checked_sub(from).and_then(|skip| bytes.get(in_memory(skip)..));
            let Some((first, _)) = rest.and_then(<[u8]>::split_first) else { break };
            if self.at == self.sample.start && !is_inside(&self.sample, mdats) {
                self.ended = true;
            } else if let Some(length) = self.unit.take() {
                self.enter_unit(*first, length, mdats)?;
            } else if let Some(length) = self.read_length(rest.unwrap_or_default()) {
                self.begin_unit(length, mdats)?;
            }
        }
        Ok(())
    }

    fn length_size(&self) -> u8 {
        self.format.length_size.unwrap_or(START_CODE)
    }

    /// The bytes of the sample that are still to be read.
    fn left(&self) -> u64 {
        self.sample.end.saturating_sub(self.at)
    }

    /// Takes bytes of a length; returns it when it is complete, or when the sample ends inside it.
    fn read_length(&mut self, bytes: &[u8]) -> Option<u64> {
        let missing = u64::from(self.length_size().saturating_sub(self.length_bytes));
        for byte in bytes.iter().take(in_memory(missing.min(self.left()))) {
            self.nal_length = self.nal_length.saturating_mul(256).saturating_add(u64::from(*byte));
            self.length_bytes = self.length_bytes.saturating_add(1);
            self.at = self.at.saturating_add(1);
        }
        let is_complete = self.length_bytes >= self.length_size() || self.left() == 0;
        is_complete.then_some(self.nal_length)
    }

    /// Begins a unit. Zeros are no unit: they are tolerated behind one, as padding, but not at the
    /// start of a sample, because a zeroed block looks like that. (`FFmpeg` `h2645_parse.h` calls
    /// empty units invalid too)
    fn begin_unit(&mut self, length: u64, mdats: &[Extent]) -> Result<(), TimedFinding> {
        let is_partial = self.length_bytes < self.length_size();
        (self.nal_length, self.length_bytes) = (0, 0);
        self.after = self.after.max(self.at);
        if self.format.length_size.is_none() && !is_partial {
            return self.begin_after_start_code(length, mdats);
        }
        self.stride = length.saturating_add(u64::from(self.length_size()));
        self.last_length = if length > 0 { self.at } else { self.last_length };
        match length {
            0 if self.units.any => {
                self.units.has_zeros = true;
                self.end_unit(mdats)
            }
            1.. if !is_partial && length <= self.left() => {
                self.unit = Some(length);
                Ok(())
            }
            _ => Err(self.broken(mdats)),
        }
    }

    /// Begins the first unit of a sample with start codes. The others are not read.
    fn begin_after_start_code(&mut self, code: u64, mdats: &[Extent]) -> Result<(), TimedFinding> {
        (self.stride, self.last_length) = (self.left(), self.at);
        match (code, u8::try_from(code & 0xFF)) {
            (1, _) if self.left() > 0 => {
                self.unit = Some(self.left());
                Ok(())
            }
            (_, Ok(first)) if code >> 8 == 1 => self.enter_unit(first, self.left(), mdats),
            _ => Err(self.broken(mdats)),
        }
    }

    /// Takes the type of a unit, and skips the unit.
    fn enter_unit(&mut self, first: u8, length: u64, mdats: &[Extent]) -> Result<(), TimedFinding> {
        let kind = self.format.family.kind(first);
        self.units.any = true;
        self.units.has_slice |= kind == UnitKind::Slice;
        self.seen.units = true;
        self.seen.needs_sets |= self.format.needs_sets;
        // With start codes only the first unit is seen: parameter sets follow a delimiter or a VPS.
        let sets_follow = self.format.length_size.is_none()
            && matches!(kind, UnitKind::DelimiterOrVps | UnitKind::Sequence);
        self.seen.sequence |= sets_follow || kind == UnitKind::Sequence;
        self.seen.picture |= sets_follow || kind == UnitKind::Picture;
        self.at = self.at.saturating_add(length);
        self.end_unit(mdats)
    }

    fn end_unit(&mut self, mdats: &[Extent]) -> Result<(), TimedFinding> {
        if self.left() > 0 {
            return Ok(());
        }
        if self.units.has_zeros {
            if !self.units.has_slice {
                return Err(self.broken(mdats));
            }
            let message = format!(
                "The picture at byte {} has zeros behind its NAL units or among them.",
                self.sample.start
            );
            let note = self.finding(message, mdats);
            self.zeros.get_or_insert(note);
        }
        self.proven_to = self.last_length;
        self.next_sample()
    }

    /// Goes to the next sample that is not empty. Ends at a sample that begins before the end of
    /// the last one, so that no byte is read twice.
    pub(super) fn next_sample(&mut self) -> Result<(), TimedFinding> {
        self.units = SampleUnits::default();
        while let Some(NalSample { extent, format }) = self.samples.next() {
            step();
            if extent.start < self.sample.end {
                break;
            }
            if extent.is_empty() {
                continue;
            }
            (self.at, self.format) = (extent.start, format);
            self.sample = extent;
            if self.left() <= u64::from(self.length_size()) {
                return Err(self.broken(&[])); // its `mdat` may not have begun yet
            }
            return Ok(());
        }
        self.ended = true;
        Ok(())
    }

    fn broken(&mut self, mdats: &[Extent]) -> TimedFinding {
        self.ended = true;
        let message = format!(
            "The picture at byte {} is damaged: its NAL units do not add up to its {} bytes.",
            self.sample.start,
            self.sample.end.saturating_sub(self.sample.start)
        );
        self.finding(message, mdats)
    }

    fn finding(&self, message: String, mdats: &[Extent]) -> TimedFinding {
        let number = mdats.partition_point(|mdat| mdat.start <= self.sample.start);
        let number = u64::try_from(number).unwrap_or(0);
        let path = (number > 0).then(|| path::segment(FourCc(*b"mdat"), number, number > 1));
        let finding = Finding::at(Check::NalChain, self.sample.start, message);
        TimedFinding::new(finding.with_path(path), self.after)
    }
}
