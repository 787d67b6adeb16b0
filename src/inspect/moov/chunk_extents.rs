//! Checks 31 to 33: where the samples lie.

use std::sync::Arc;

use crate::model::{Check, Finding};

use crate::inspect::moov::sample_tables::Samples;
use crate::inspect::top_level::reader::Extent;

/// A stretch of the file that samples fill. 32 bits each: two for a chunk of four bytes in its
/// table keep the heap below three times `moov` (S39), and no file here has 4 GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Run {
    start: u32,
    end: u32,
}

impl Run {
    fn extent(self) -> Extent {
        u64::from(self.start)..u64::from(self.end)
    }
}

/// The stretches that all samples of `moov` fill, sorted, joined where they touch. Usually a
/// handful; cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Runs(Arc<Vec<Run>>);

impl Runs {
    /// Checks 31 and 33: Gathers the chunks of all tracks: none ends past the end of the file, no
    /// two share bytes. With `moov` first, 31 shows a cut file after about 2 % of it. (mp4.md §4.3)
    pub(crate) fn gather<'t>(
        tracks: impl Iterator<Item = &'t Samples<'t>> + Clone,
        file: Option<u64>,
    ) -> Result<Self, Finding> {
        let count = tracks.clone().map(Samples::chunk_count).fold(0, usize::saturating_add);
        // Not a claim: so many entries were found in their tables.
        let mut runs = Vec::with_capacity(count);
        for chunk in tracks.flat_map(Samples::chunks).filter(|chunk| chunk.bytes > 0) {
            let end = chunk.at.saturating_add(chunk.bytes);
            let start = u32::try_from(chunk.at).ok();
            let (Some(start), Ok(short)) = (start, u32::try_from(end)) else {
                return Err(outside_file(chunk.at, end, file));
            };
            if file.is_some_and(|length| end > length) {
                return Err(outside_file(chunk.at, end, file));
            }
            runs.push(Run { start, end: short });
        }
        runs.sort_unstable();
        overlap(&runs)?;
        join(&mut runs);
        Ok(Self(Arc::new(runs)))
    }

    /// Check 31, for a file whose length was learnt at its end.
    pub(crate) fn inside_file(&self, length: u64) -> Result<(), Finding> {
        match self.0.last() {
            Some(last) if u64::from(last.end) > length => {
                Err(outside_file(u64::from(last.start), u64::from(last.end), Some(length)))
            }
            _ => Ok(()),
        }
    }

    /// Check 32: Every sample lies inside one `mdat`: bytes were lost or doubled before it
    /// otherwise. Joined runs tell it too, for between two `mdat` there is always a header.
    /// (mp4.md §4.2: a phone that lost power leaves this)
    pub(crate) fn inside_mdats(&self, mdats: &[Extent]) -> Result<(), Finding> {
        self.extents().try_for_each(|run| inside(&run, mdats))
    }

    /// Check 32, as soon as the last of some `mdat` boxes has begun: nothing begins between it and
    /// the one before, and nothing goes past its end. The first and the last run that begin behind
    /// the one before tell it, for between two runs there is a gap.
    pub(crate) fn inside_last(&self, mdats: &[Extent]) -> Result<(), Finding> {
        let Some((last, before)) = mdats.split_last() else { return Ok(()) };
        let from = before.last().map_or(0, |mdat| mdat.end);
        let first = self.0.partition_point(|run| u64::from(run.start) < from);
        let end = self.0.partition_point(|run| u64::from(run.start) < last.end);
        let begun = self.0.get(first..end).unwrap_or_default();
        let mut edges = begun.first().into_iter().chain(begun.last()).copied().map(Run::extent);
        edges.try_for_each(|run| inside(&run, mdats))
    }

    fn extents(&self) -> impl Iterator<Item = Extent> {
        self.0.iter().copied().map(Run::extent)
    }

    /// Where the last of them ends.
    pub(crate) fn end(&self) -> u64 {
        self.0.last().map_or(0, |run| u64::from(run.end))
    }

    /// Check 32, as early as it is certain: what lies before `position` has its `mdat` before it.
    pub(crate) fn inside_mdats_before(
        &self,
        position: u64,
        mdats: &[Extent],
    ) -> Result<(), Finding> {
        let known = mdats.partition_point(|mdat| mdat.start < position);
        let known = mdats.get(..known).unwrap_or_default();
        if known.is_empty() {
            return Ok(()); // check 44 knows the cause
        }
        let runs = self.0.iter().map(|run| u64::from(run.start)..u64::from(run.end));
        match runs.take_while(|run| run.start < position).find(|run| !is_inside(run, known)) {
            None => Ok(()),
            Some(run) => Err(outside_mdat(&run)),
        }
    }

    /// How many bytes of heap they take.
    pub(crate) fn heap(&self) -> u64 {
        u64::try_from(size_of_val(self.0.as_slice())).unwrap_or(u64::MAX)
    }

    /// How many bytes they fill.
    pub(crate) fn bytes(&self) -> u64 {
        let lengths = self.0.iter().map(|run| u64::from(run.end.saturating_sub(run.start)));
        lengths.fold(0, u64::saturating_add)
    }
}

fn inside(run: &Extent, mdats: &[Extent]) -> Result<(), Finding> {
    if is_inside(run, mdats) { Ok(()) } else { Err(outside_mdat(run)) }
}

/// Whether a stretch lies inside one of some stretches that are sorted.
pub(crate) fn is_inside(extent: &Extent, mdats: &[Extent]) -> bool {
    let begun = mdats.partition_point(|mdat| mdat.start <= extent.start);
    let mdat = begun.checked_sub(1).and_then(|index| mdats.get(index));
    mdat.is_some_and(|mdat| extent.end <= mdat.end)
}

/// Check 33: No two chunks share bytes. (mp4san; no camera does it)
fn overlap(sorted: &[Run]) -> Result<(), Finding> {
    let clash = sorted.array_windows().find(|[left, right]| right.start < left.end);
    match clash {
        None => Ok(()),
        Some([_, right]) => {
            let message = format!(
                "Two pieces of sound or picture share the bytes from {} on. The file is damaged.",
                right.start
            );
            Err(Finding::at(Check::SampleOverlap, u64::from(right.start), message))
        }
    }
}

/// Joins the runs that touch, in place.
fn join(sorted: &mut Vec<Run>) {
    sorted.dedup_by(|right, left| {
        let touches = left.end == right.start;
        if touches {
            left.end = right.end;
        }
        touches
    });
    sorted.shrink_to_fit();
}

/// Check 31: The finding that a sample lies past the end of the file.
fn outside_file(start: u64, end: u64, file: Option<u64>) -> Finding {
    let missing = file.map_or_else(
        || "more than any file here may have".to_owned(),
        |length| format!("{} bytes past its end", end.saturating_sub(length)),
    );
    let message =
        format!("The file is not whole: sound or picture reaches to byte {end}, {missing}.");
    Finding::at(Check::SampleOutsideFile, start, message)
}

/// Check 32: The finding that a sample lies outside of the media data.
pub(crate) fn outside_mdat(extent: &Extent) -> Finding {
    let message = format!(
        "Sound or picture is expected at bytes {} to {}, but there is no media there: bytes were \
         lost or doubled on the way.",
        extent.start, extent.end
    );
    Finding::at(Check::SampleOutsideMdat, extent.start, message)
}
