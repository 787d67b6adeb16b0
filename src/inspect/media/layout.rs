//! Where the samples of a track lie, one after the other: what is kept of the tables once the box
//! that held them is gone.

use std::sync::Arc;

use crate::inspect::boxes::fields::Fields;
use crate::inspect::boxes::mp4_box::Boxed;
use crate::inspect::moov::sample_tables::Samples;
use crate::inspect::top_level::reader::Extent;

/// A sample, and how many bytes each length in it takes.
pub(crate) struct Sample {
    pub(crate) extent: Extent,
    pub(crate) prefix: u8,
}

/// The samples of a track, or those of a fragment, in the order of the file. Cheap to clone.
#[derive(Clone)]
pub(crate) enum Layout {
    /// Of `moov`: chunks.
    Chunks { tables: Arc<Samples<'static>>, prefix: u8, next: Chunks },
    /// Of `moof`: runs.
    Pieces { pieces: Arc<Pieces>, next: Runs },
}

impl Layout {
    /// Copies the tables of a track; never more bytes than the tables had.
    pub(crate) fn of_track(samples: &Samples, prefix: u8) -> Self {
        Self::Chunks { tables: Arc::new(samples.kept()), prefix, next: Chunks::default() }
    }

    pub(crate) fn of_fragment(pieces: Pieces) -> Self {
        Self::Pieces { pieces: Arc::new(pieces), next: Runs::default() }
    }

    /// How many bytes of heap it takes.
    pub(crate) fn heap(&self) -> u64 {
        match self {
            Self::Chunks { tables, .. } => tables.heap(),
            Self::Pieces { pieces, .. } => pieces.heap(),
        }
    }

    /// The next sample.
    pub(crate) fn next(&mut self) -> Option<Sample> {
        match self {
            Self::Chunks { tables, prefix, next } => {
                Some(Sample { extent: next.next(tables)?, prefix: *prefix })
            }
            Self::Pieces { pieces, next } => next.next(pieces),
        }
    }
}

/// A place in the tables of a track.
#[derive(Clone, Default)]
pub(crate) struct Chunks {
    chunk: usize,
    run: usize,
    /// Samples in each chunk of the run.
    each: u64,
    /// Samples left in the chunk.
    left: u64,
    sample: u64,
    at: u64,
}

impl Chunks {
    fn next(&mut self, tables: &Samples) -> Option<Extent> {
        while self.left == 0 {
            self.at = tables.chunk_at(self.chunk)?;
            self.chunk = self.chunk.saturating_add(1);
            while let Some(each) = tables.samples_from(self.run, self.chunk) {
                self.each = each;
                self.run = self.run.saturating_add(1);
            }
            self.left = self.each;
        }
        let (start, size) = (self.at, tables.size(self.sample));
        self.sample = self.sample.saturating_add(1);
        self.left = self.left.saturating_sub(1);
        self.at = start.saturating_add(size);
        Some(start..self.at)
    }
}

/// Samples of a fragment that lie one after the other.
#[derive(Clone, Copy)]
struct Piece {
    at: u64,
    end: u64,
    /// Where the sizes begin, unless all are the same.
    first: usize,
    count: u32,
    each: Option<u32>,
    prefix: u8,
}

/// All such of one fragment.
#[derive(Clone, Default)]
pub(crate) struct Pieces {
    pieces: Vec<Piece>,
    sizes: Vec<u32>,
}

impl Pieces {
    /// Adds the samples of a `trun` that has been read already; they begin at `at` and have `each`
    /// bytes, where it does not say otherwise (ISO 14496-12 §8.8.8).
    pub(crate) fn add(&mut self, trun: Boxed, extent: &Extent, each: u32, prefix: u8) {
        let Ok(full) = trun.full() else { return };
        let (flags, mut fields) = (full.flags, full.fields);
        let Some(count) = fields.u32() else { return };
        let skipped = usize::try_from((flags & 0x05).count_ones()).unwrap_or(0);
        if fields.skip(skipped.saturating_mul(4)).is_none() {
            return;
        }
        let first = self.sizes.len();
        let own = flags & 0x200 != 0;
        if own {
            self.sizes.extend(sizes(fields, flags, count));
        }
        let each = if own { None } else { Some(each) };
        let Extent { start: at, end } = *extent;
        self.pieces.push(Piece { at, end, first, count, each, prefix });
    }

    fn heap(&self) -> u64 {
        let bytes =
            size_of_val(self.pieces.as_slice()).saturating_add(size_of_val(self.sizes.as_slice()));
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }

    /// Puts them into the order of the file. Answers the stretch from the first to the last.
    pub(crate) fn sort(&mut self) -> Option<Extent> {
        self.pieces.sort_by_key(|piece| piece.at);
        let end = self.pieces.iter().map(|piece| piece.end).max()?;
        Some(self.pieces.first()?.at..end)
    }
}

/// The sizes in a `trun` that has some.
fn sizes(fields: Fields<'_>, flags: u32, count: u32) -> impl Iterator<Item = u32> {
    let words = usize::try_from((flags & 0xF00).count_ones()).unwrap_or(0);
    let before = if flags & 0x100 == 0 { 0 } else { 4 };
    let entries = fields.rest().chunks_exact(words.saturating_mul(4).max(4));
    let entries = entries.take(usize::try_from(count).unwrap_or(0));
    entries
        .map(move |entry| Fields::new(entry.get(before..).unwrap_or_default()))
        .map(|mut fields| fields.u32().unwrap_or(0))
}

/// A place in a fragment.
#[derive(Clone, Default)]
pub(crate) struct Runs {
    piece: usize,
    sample: usize,
    left: u32,
    at: u64,
}

impl Runs {
    fn next(&mut self, of: &Pieces) -> Option<Sample> {
        while self.left == 0 {
            let piece = of.pieces.get(self.piece)?;
            self.piece = self.piece.saturating_add(1);
            // Samples of no size are none, however many are claimed.
            self.left = if piece.each == Some(0) { 0 } else { piece.count };
            (self.at, self.sample) = (piece.at, piece.first);
        }
        let piece = of.pieces.get(self.piece.saturating_sub(1))?;
        let size = match piece.each {
            Some(each) => each,
            None => of.sizes.get(self.sample).copied()?,
        };
        let start = self.at;
        self.sample = self.sample.saturating_add(1);
        self.left = self.left.saturating_sub(1);
        self.at = start.saturating_add(u64::from(size));
        Some(Sample { extent: start..self.at, prefix: piece.prefix })
    }
}
