//! Cursors over the samples of a track or a fragment. They hold copies of the tables, which outlive
//! the box.

use std::sync::Arc;

use crate::inspect::boxes::Extent;
use crate::inspect::moov::codec_config::NalFormat;
use crate::inspect::moov::sample_tables::SampleTables;

/// The extent of a sample that consists of NAL units, and how they are delimited.
pub(crate) struct NalSample {
    pub(crate) extent: Extent,
    pub(crate) format: NalFormat,
}

/// A cursor over the samples of a track, in the order of its tables, or of a fragment, in the order
/// of the file. Cheap to clone.
#[derive(Clone)]
pub(crate) enum SampleCursor {
    Track { tables: Arc<SampleTables<'static>>, format: NalFormat, position: TrackPosition },
    Fragment { samples: Arc<FragmentSamples>, position: FragmentPosition },
}

impl SampleCursor {
    /// Copies the tables of a track; never more bytes than the tables had.
    pub(crate) fn of_track(tables: &SampleTables, format: NalFormat) -> Self {
        let tables = Arc::new(tables.to_static());
        Self::Track { tables, format, position: TrackPosition::default() }
    }

    pub(crate) fn of_fragment(samples: FragmentSamples) -> Self {
        Self::Fragment { samples: Arc::new(samples), position: FragmentPosition::default() }
    }

    pub(crate) fn heap_bytes(&self) -> u64 {
        match self {
            Self::Track { tables, .. } => tables.heap_bytes(),
            Self::Fragment { samples, .. } => samples.heap_bytes(),
        }
    }

    pub(crate) fn next(&mut self) -> Option<NalSample> {
        match self {
            Self::Track { tables, format, position } => {
                let extent = position.next(tables)?;
                Some(NalSample { extent, format: *format })
            }
            Self::Fragment { samples, position } => position.next(samples),
        }
    }
}

/// A position in the tables of a track.
#[derive(Clone, Default)]
pub(crate) struct TrackPosition {
    /// How many chunks have begun.
    chunk: usize,
    /// How many runs of `stsc` have begun.
    run: usize,
    samples_per_chunk: u64,
    left_in_chunk: u64,
    /// How many samples have been returned.
    sample: u64,
    /// Where the next sample of the chunk begins.
    at: u64,
}

impl TrackPosition {
    fn next(&mut self, tables: &SampleTables) -> Option<Extent> {
        if self.sample >= tables.sample_count() {
            return None; // the chunks may have room for more
        }
        while self.left_in_chunk == 0 {
            self.at = tables.chunk_at(self.chunk)?;
            self.chunk = self.chunk.saturating_add(1);
            while let Some(samples) = tables.samples_per_chunk(self.run, self.chunk) {
                self.samples_per_chunk = samples;
                self.run = self.run.saturating_add(1);
            }
            self.left_in_chunk = self.samples_per_chunk;
        }
        let (start, size) = (self.at, tables.sample_size(self.sample));
        self.sample = self.sample.saturating_add(1);
        self.left_in_chunk = self.left_in_chunk.saturating_sub(1);
        self.at = start.saturating_add(size);
        Some(start..self.at)
    }
}

/// The samples of one `trun`. They are contiguous.
#[derive(Clone, Copy)]
struct Run {
    at: u64,
    end: u64,
    count: u32,
    /// The size of each sample, where all have the same.
    constant_size: Option<u32>,
    /// Index in `sizes` of the first of their sizes, where they have their own.
    first_size: usize,
    format: NalFormat,
}

/// The samples of one fragment.
#[derive(Clone, Default)]
pub(crate) struct FragmentSamples {
    runs: Vec<Run>,
    sizes: Vec<u32>,
}

impl FragmentSamples {
    /// Adds the samples of a `trun`, which fill `extent`. Without `sizes` each of them has
    /// `default_size` bytes.
    pub(crate) fn add(
        &mut self,
        extent: &Extent,
        count: u32,
        sizes: Option<impl Iterator<Item = u32>>,
        default_size: u32,
        format: NalFormat,
    ) {
        let first_size = self.sizes.len();
        let constant_size = if sizes.is_some() { None } else { Some(default_size) };
        self.sizes.extend(sizes.into_iter().flatten());
        let Extent { start: at, end } = *extent;
        self.runs.push(Run { at, end, count, constant_size, first_size, format });
    }

    /// Sorts the runs by position. Returns the range from the start of the first to the end of the
    /// last.
    pub(crate) fn sort(&mut self) -> Option<Extent> {
        self.runs.sort_by_key(|run| run.at);
        let end = self.runs.iter().map(|run| run.end).max()?;
        Some(self.runs.first()?.at..end)
    }

    fn heap_bytes(&self) -> u64 {
        let runs = u64::try_from(size_of_val(self.runs.as_slice())).unwrap_or(u64::MAX);
        runs.saturating_add(u64::try_from(size_of_val(self.sizes.as_slice())).unwrap_or(u64::MAX))
    }
}

/// A position in the samples of a fragment.
#[derive(Clone, Default)]
pub(crate) struct FragmentPosition {
    /// How many runs have begun.
    run: usize,
    /// Index in `sizes` of the next size.
    size: usize,
    left_in_run: u32,
    at: u64,
}

impl FragmentPosition {
    fn next(&mut self, samples: &FragmentSamples) -> Option<NalSample> {
        while self.left_in_run == 0 {
            let run = samples.runs.get(self.run)?;
            self.run = self.run.saturating_add(1);
            // Empty samples are skipped, because a `trun` can claim billions of them.
            self.left_in_run = if run.constant_size == Some(0) { 0 } else { run.count };
            (self.at, self.size) = (run.at, run.first_size);
        }
        let run = samples.runs.get(self.run.saturating_sub(1))?;
        let size = match run.constant_size {
            Some(size) => size,
            None => samples.sizes.get(self.size).copied()?,
        };
        let start = self.at;
        self.size = self.size.saturating_add(1);
        self.left_in_run = self.left_in_run.saturating_sub(1);
        self.at = start.saturating_add(u64::from(size));
        Some(NalSample { extent: start..self.at, format: run.format })
    }
}
