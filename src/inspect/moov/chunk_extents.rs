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
pub(crate) struct ChunkExtents {
    /// Of the video tracks.
    pictures: Runs,
    /// Of audio, text and data. A wrong position of these is usually a note; see `check_other_samples_in_file` and
    /// `check_other_samples_in_mdat`.
    others: Runs,
    /// A sample of another track that lies past the end of the file.
    missing: Option<Finding>,
}

#[derive(Clone, Default)]
struct Runs(Arc<Vec<Run>>);

impl ChunkExtents {
    /// `SAMPLE_OUTSIDE_FILE` and `SAMPLE_OVERLAP`: Collects the chunks of the video tracks and of all
    /// other tracks. No video sample ends past the end of the file or shares bytes with another sample.
    /// With `moov` first, a truncated file is refused after about 2 % of its bytes.
    pub(crate) fn gather<'t>(
        pictures: impl Iterator<Item = &'t SampleTables<'t>> + Clone,
        others: impl Iterator<Item = &'t SampleTables<'t>> + Clone,
        file_length: Option<u64>,
    ) -> Checked<Self> {
        let mut outside = None;
        let mut pictures = collect(pictures, file_length, &mut outside);
        outside.map_or(Ok(()), Err)?;
        let mut missing = None;
        let mut others = collect(others, file_length, &mut missing);
        check_overlap(&pictures, &others)?;
        join(&mut pictures);
        join(&mut others);
        let [pictures, others] = [pictures, others].map(|runs| Runs(Arc::new(runs)));
        Ok(Self { pictures, others, missing })
    }

    /// What must be noted of the tracks without video, as far as `moov` alone shows it.
    pub(crate) fn missing_samples(&self) -> Option<Finding> {
        self.missing.clone()
    }

    /// `SAMPLE_OUTSIDE_FILE`, for other tracks in a file whose `mdat` runs to the end: The file is incomplete.
    /// Otherwise the size of `mdat` shows whether it is.
    pub(crate) fn check_other_samples_in_file(&self) -> Checked {
        self.missing.clone().map_or(Ok(()), Err)
    }

    /// `SAMPLE_OUTSIDE_FILE`, for a file whose length is known only at its end.
    pub(crate) fn check_inside_file(&self, length: u64) -> Checked {
        match self.all().filter(|run| run.end > length).max_by_key(|run| run.end) {
            Some(last) => Err(outside_file(last.start, last.end, Some(length))),
            None => Ok(()),
        }
    }

    /// `SAMPLE_OUTSIDE_MDAT`, only a note: Audio, text and data lie inside one `mdat`.
    pub(crate) fn check_other_samples_in_mdat(&self, mdats: &[Extent]) -> Checked {
        self.others.extents().try_for_each(|run| check_inside(&run, mdats))
    }

    /// `SAMPLE_OUTSIDE_MDAT`: Every video sample lies inside one `mdat`. Otherwise bytes before it were
    /// lost or duplicated, or the phone lost power. It is enough to check the joined runs, because
    /// there is always a header between two `mdat` boxes.
    pub(crate) fn check_inside_mdats(&self, mdats: &[Extent]) -> Checked {
        self.pictures.extents().try_for_each(|run| check_inside(&run, mdats))
    }

    /// `SAMPLE_OUTSIDE_MDAT`, as soon as the last of `mdats` has begun: No sample begins between it
    /// and the previous one, and none goes past its end. It is enough to check the first and the
    /// last of the runs that begin between the ends of these two boxes, because there is a gap
    /// between two runs.
    pub(crate) fn check_inside_last(&self, mdats: &[Extent]) -> Checked {
        let Some((last, before)) = mdats.split_last() else { return Ok(()) };
        let from = before.last().map_or(0, |mdat| mdat.end);
        let runs = &self.pictures.0;
        let first = runs.partition_point(|run| u64::from(run.start) < from);
        let end = runs.partition_point(|run| u64::from(run.start) < last.end);
        let begun = runs.get(first..end).unwrap_or_default();
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
        let mut before = self.pictures.extents().take_while(|run| run.start < position);
        before.try_for_each(|run| check_inside(&run, begun))
    }

    fn all(&self) -> impl Iterator<Item = Extent> {
        self.pictures.extents().chain(self.others.extents())
    }

    /// The end of the last range.
    pub(crate) fn end(&self) -> u64 {
        self.all().map(|run| run.end).max().unwrap_or(0)
    }

    /// How many bytes of the file the ranges have.
    pub(crate) fn total(&self) -> u64 {
        self.all().map(|run| run.end.saturating_sub(run.start)).fold(0, u64::saturating_add)
    }

    pub(crate) fn heap_bytes(&self) -> u64 {
        let bytes = [&self.pictures, &self.others].map(|runs| size_of_val(runs.0.as_slice()));
        bytes
            .into_iter()
            .map(|bytes| u64::try_from(bytes).unwrap_or(u64::MAX))
            .fold(0, u64::saturating_add)
    }
}

impl Runs {
    fn extents(&self) -> impl Iterator<Item = Extent> {
        self.0.iter().copied().map(Run::extent)
    }
}

/// Collects the chunks of some tracks, sorted, without those past the end of the file; the first of
/// these goes to `outside`.
fn collect<'t>(
    tracks: impl Iterator<Item = &'t SampleTables<'t>> + Clone,
    file_length: Option<u64>,
    outside: &mut Option<Finding>,
) -> Vec<Run> {
    let count = tracks.clone().map(SampleTables::chunk_count).fold(0, usize::saturating_add);
    // Safe to allocate: the tables really have so many entries.
    let mut runs = Vec::with_capacity(count);
    for (at, bytes) in tracks.flat_map(SampleTables::chunks).filter(|(_, bytes)| *bytes > 0) {
        let end = at.saturating_add(bytes);
        match (u32::try_from(at), u32::try_from(end)) {
            (Ok(start), Ok(short)) if file_length.is_none_or(|length| end <= length) => {
                runs.push(Run { start, end: short });
            }
            _ => drop(outside.get_or_insert_with(|| outside_file(at, end, file_length))),
        }
    }
    runs.sort_unstable();
    runs
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

/// `SAMPLE_OVERLAP`: No video sample shares bytes with another sample. Audio, text and data may share
/// theirs among themselves. (mp4san; no camera writes such a file)
fn check_overlap(pictures: &[Run], others: &[Run]) -> Checked {
    let twice = pictures.array_windows().find(|[left, right]| right.start < left.end);
    let twice = twice.map(|[_, right]| right.start);
    let shared = || {
        others.iter().find_map(|other| {
            let next = pictures.partition_point(|picture| picture.end <= other.start);
            let picture = pictures.get(next).filter(|picture| picture.start < other.end)?;
            Some(picture.start.max(other.start))
        })
    };
    let Some(at) = twice.or_else(shared) else { return Ok(()) };
    let message = format!("Two samples share the bytes from {at} on.");
    Err(Finding::at(Check::SampleOverlap, u64::from(at), message))
}

/// Joins the runs that touch or overlap, in place.
fn join(sorted: &mut Vec<Run>) {
    sorted.dedup_by(|right, left| {
        let touches = left.end >= right.start;
        if touches {
            left.end = left.end.max(right.end);
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
