//! Where the samples of `moov` lie: `SAMPLE_OUTSIDE_FILE`, `SAMPLE_OUTSIDE_MDAT` and
//! `SAMPLE_OVERLAP`.

use std::sync::Arc;

use super::sample_tables::SampleTables;
use crate::inspect::boxes::{Checked, Extent, ensure};
use crate::model::{Check, Finding};

/// A range of the file that samples fill. Its positions have 32 bits, because no file here has 4
/// GiB. So a run takes 8 bytes for a chunk that takes at least 4 bytes in its table, which keeps
/// the heap below three times `moov`.
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

/// The ranges that the samples of `moov` fill: sorted, and joined where they touch. Usually a
/// handful; cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct ChunkExtents(Arc<Vec<Run>>);

impl ChunkExtents {
    /// `SAMPLE_OUTSIDE_FILE` and `SAMPLE_OVERLAP`: Collects the chunks of all tracks. None ends
    /// past the end of the file, and no two share bytes. With `moov` first, a truncated file is
    /// refused after about 2 % of its bytes.
    pub(crate) fn gather<'t>(
        tracks: impl Iterator<Item = &'t SampleTables<'t>> + Clone,
        file_length: Option<u64>,
    ) -> Checked<Self> {
        let count = tracks.clone().map(SampleTables::chunk_count).fold(0, usize::saturating_add);
        // Safe to allocate: the tables really have so many entries.
        let mut runs = Vec::with_capacity(count);
        for (at, bytes) in tracks.flat_map(SampleTables::chunks).filter(|(_, bytes)| *bytes > 0) {
            let end = at.saturating_add(bytes);
            match (u32::try_from(at), u32::try_from(end)) {
                (Ok(start), Ok(short)) if file_length.is_none_or(|length| end <= length) => {
                    runs.push(Run { start, end: short });
                }
                _ => return Err(outside_file(at, end, file_length)),
            }
        }
        runs.sort_unstable();
        check_overlap(&runs)?;
        join(&mut runs);
        Ok(Self(Arc::new(runs)))
    }

    /// `SAMPLE_OUTSIDE_FILE`, for a file whose length is known only at its end.
    pub(crate) fn check_inside_file(&self, length: u64) -> Checked {
        match self.extents().next_back().filter(|last| last.end > length) {
            Some(last) => Err(outside_file(last.start, last.end, Some(length))),
            None => Ok(()),
        }
    }

    /// `SAMPLE_OUTSIDE_MDAT`: Every sample lies inside one `mdat`. Otherwise bytes before it were
    /// lost or duplicated, or the phone lost power. It is enough to check the joined runs, because
    /// there is always a header between two `mdat` boxes.
    pub(crate) fn check_inside_mdats(&self, mdats: &[Extent]) -> Checked {
        self.extents().try_for_each(|run| check_inside(&run, mdats))
    }

    /// `SAMPLE_OUTSIDE_MDAT`, as soon as the last of `mdats` has begun: No sample begins between it
    /// and the previous one, and none goes past its end. It is enough to check the first and the
    /// last of the runs that begin between the ends of these two boxes, because there is a gap
    /// between two runs.
    pub(crate) fn check_inside_last(&self, mdats: &[Extent]) -> Checked {
        let Some((last, before)) = mdats.split_last() else { return Ok(()) };
        let from = before.last().map_or(0, |mdat| mdat.end);
        let first = self.0.partition_point(|run| u64::from(run.start) < from);
        let end = self.0.partition_point(|run| u64::from(run.start) < last.end);
        let begun = self.0.get(first..end).unwrap_or_default();
        let mut edges = begun.first().into_iter().chain(begun.last()).copied().map(Run::extent);
        edges.try_for_each(|run| check_inside(&run, mdats))
    }

    /// `SAMPLE_OUTSIDE_MDAT`, as early as it is certain: The samples before `position` lie in
    /// `mdat` boxes that begin before it.
    pub(crate) fn check_inside_mdats_before(&self, position: u64, mdats: &[Extent]) -> Checked {
        let begun = mdats.partition_point(|mdat| mdat.start < position);
        let begun = mdats.get(..begun).unwrap_or_default();
        if begun.is_empty() {
            return Ok(()); // `MDAT_MISSING` names the cause
        }
        let mut before = self.extents().take_while(|run| run.start < position);
        before.try_for_each(|run| check_inside(&run, begun))
    }

    fn extents(&self) -> impl DoubleEndedIterator<Item = Extent> {
        self.0.iter().copied().map(Run::extent)
    }

    /// The end of the last range.
    pub(crate) fn end(&self) -> u64 {
        self.extents().next_back().map_or(0, |last| last.end)
    }

    /// How many bytes of the file the ranges have.
    pub(crate) fn total(&self) -> u64 {
        let lengths = self.extents().map(|run| run.end.saturating_sub(run.start));
        lengths.fold(0, u64::saturating_add)
    }

    pub(crate) fn heap_bytes(&self) -> u64 {
        u64::try_from(size_of_val(self.0.as_slice())).unwrap_or(u64::MAX)
    }
}

fn check_inside(run: &Extent, mdats: &[Extent]) -> Checked {
    ensure(is_inside(run, mdats), || outside_mdat(run))
}

/// Whether a range lies inside one of some sorted ranges.
pub(crate) fn is_inside(extent: &Extent, mdats: &[Extent]) -> bool {
    let begun = mdats.partition_point(|mdat| mdat.start <= extent.start);
    let mdat = begun.checked_sub(1).and_then(|index| mdats.get(index));
    mdat.is_some_and(|mdat| extent.end <= mdat.end)
}

/// `SAMPLE_OVERLAP`: No two chunks share bytes. (mp4san; no camera writes such a file)
fn check_overlap(sorted: &[Run]) -> Checked {
    let overlap = sorted.array_windows().find(|[left, right]| right.start < left.end);
    match overlap {
        None => Ok(()),
        Some([_, right]) => {
            let message = format!("Two samples share the bytes from {} on.", right.start);
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

/// `SAMPLE_OUTSIDE_FILE`: A sample lies past the end of the file.
fn outside_file(start: u64, end: u64, file_length: Option<u64>) -> Finding {
    let missing = file_length.map_or_else(
        || "beyond 4 GiB".to_owned(),
        |length| format!("{} bytes past the end of the file", end.saturating_sub(length)),
    );
    let message = format!("The file is incomplete: a sample reaches to byte {end}, {missing}.");
    Finding::at(Check::SampleOutsideFile, start, message)
}

/// `SAMPLE_OUTSIDE_MDAT`: A sample lies outside of the media data.
pub(crate) fn outside_mdat(extent: &Extent) -> Finding {
    let message = format!(
        "Samples are expected at bytes {} to {}, but no `mdat` is there: bytes before them are \
         missing or duplicated.",
        extent.start, extent.end
    );
    Finding::at(Check::SampleOutsideMdat, extent.start, message)
}
