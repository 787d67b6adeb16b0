//! Checks 29, 30 and 34: the sample tables of a track, read together.

use crate::model::{Check, Finding};

use crate::inspect::boxes::fields::length;
use crate::inspect::boxes::mp4_box::Boxed;
use crate::inspect::moov::table::{self, Entries, Offsets, Sizes, pair, triple};

/// The sample tables of one track, still in their bytes.
pub(crate) struct Samples<'a> {
    durations: &'a [[u8; 8]],
    shifts: Option<&'a [[u8; 8]]>,
    runs: Entries<'a, 12>,
    sizes: Sizes<'a>,
    offsets: Offsets<'a>,
    sync: Option<&'a [[u8; 4]]>,
    /// Position of `stbl`.
    at: u64,
}

/// One chunk: samples that lie one after the other.
pub(crate) struct Chunk {
    pub(crate) at: u64,
    pub(crate) bytes: u64,
}

impl<'a> Samples<'a> {
    /// Checks 20 and 28: Reads the tables that every track must have; `file` is the length of the
    /// file.
    pub(crate) fn read(stbl: Boxed<'a>, file: Option<u64>) -> Result<Self, Finding> {
        stbl.one_form(*b"stco", *b"co64")?;
        stbl.one_form(*b"stsz", *b"stz2")?;
        let offsets = match stbl.at_most_one(*b"co64")? {
            Some(co64) => Offsets::Long(table::list(co64)?.into()),
            None => Offsets::Short(table::list(stbl.one(*b"stco")?)?.into()),
        };
        let sizes = match stbl.at_most_one(*b"stz2")? {
            Some(stz2) => Sizes::read_compact(stz2)?,
            // Without a chunk the other tables contradict any count.
            None => Sizes::read(stbl.one(*b"stsz")?, file.filter(|_| offsets.count() > 0))?,
        };
        Ok(Self {
            durations: table::list(stbl.one(*b"stts")?)?,
            shifts: stbl.at_most_one(*b"ctts")?.map(table::list).transpose()?,
            runs: table::list(stbl.one(*b"stsc")?)?.into(),
            sync: stbl.at_most_one(*b"stss")?.map(table::list).transpose()?,
            sizes,
            offsets,
            at: stbl.at,
        })
    }

    /// How many samples there are.
    pub(crate) fn count(&self) -> u64 {
        self.sizes.count()
    }

    /// How long they last together, in units of the track.
    pub(crate) fn time(&self) -> u64 {
        let entries = self.durations.iter().copied().map(pair);
        entries.fold(0, |time, (count, each)| {
            time.saturating_add(u64::from(count).saturating_mul(u64::from(each)))
        })
    }

    /// How many chunks there are.
    pub(crate) fn chunk_count(&self) -> usize {
        self.offsets.count()
    }

    /// Whether there is nothing to show, whatever the other tables say.
    pub(crate) fn is_empty(&self) -> bool {
        self.count() == 0 || self.chunk_count() == 0
    }

    /// Checks 29, 30 and 34 together. `descriptions` is the number of sample descriptions.
    pub(crate) fn check(&self, descriptions: u32) -> Result<(), Finding> {
        self.runs_in_order(descriptions)?;
        self.counts_agree()?;
        self.sync_in_order()
    }

    /// Check 29: Runs of chunks start at the first chunk, ascend, end with the last, hold samples,
    /// and name a description that exists. (mp4parse `create_sample_table`; ISO 14496-12 §8.7.4)
    fn runs_in_order(&self, descriptions: u32) -> Result<(), Finding> {
        let mut before = 0;
        for (first, samples, description) in self.runs.iter().copied().map(triple) {
            let in_order = if before == 0 { first == 1 } else { first > before };
            let named = (1..=descriptions.max(1)).contains(&description);
            if !in_order || samples == 0 || !named || self.is_past_last(first) {
                return Err(self.broken_runs());
            }
            before = first;
        }
        if self.runs.is_empty() && self.chunk_count() > 0 {
            return Err(self.broken_runs());
        }
        Ok(())
    }

    fn is_past_last(&self, first: u32) -> bool {
        usize::try_from(first).map_or(true, |first| first > self.chunk_count())
    }

    fn broken_runs(&self) -> Finding {
        let message = format!(
            "The table 'stsc' of the track at byte {} contradicts itself. The file is damaged.",
            self.at
        );
        Finding::at(Check::StscInvalid, self.at, message)
    }

    /// Check 30: All tables count the same samples. A phone that lost power while it wrote them
    /// leaves counts that differ by a few. (mp4.md §4.2; mp4parse)
    fn counts_agree(&self) -> Result<(), Finding> {
        let total = |table: &[[u8; 8]]| {
            let counts = table.iter().map(|entry| u64::from(pair(*entry).0));
            counts.fold(0_u64, u64::saturating_add)
        };
        let sizes = self.count();
        let counts = [
            ("stts", total(self.durations)),
            ("stsc", self.count_in_chunks()),
            ("ctts", self.shifts.filter(|table| !table.is_empty()).map_or(sizes, total)),
        ];
        match counts.iter().find(|(_, count)| *count != sizes) {
            None => Ok(()),
            Some((table, count)) => {
                let message = format!(
                    "The track at byte {} has {sizes} samples by its sizes, but {count} by its \
                     table '{table}'. The file is damaged.",
                    self.at
                );
                Err(Finding::at(Check::SampleCountMismatch, self.at, message))
            }
        }
    }

    fn count_in_chunks(&self) -> u64 {
        let ends = self.runs.iter().skip(1).map(|next| u64::from(triple(*next).0));
        let last = u64::try_from(self.chunk_count()).unwrap_or(u64::MAX).saturating_add(1);
        let runs = self.runs.iter().copied().map(triple).zip(ends.chain([last]));
        runs.fold(0, |sum, ((first, samples, _), end)| {
            let chunks = end.saturating_sub(u64::from(first));
            sum.saturating_add(chunks.saturating_mul(u64::from(samples)))
        })
    }

    /// Check 34: Key frames ascend and exist: a player seeks by them. (ISO 14496-12 §8.6.2)
    fn sync_in_order(&self) -> Result<(), Finding> {
        let mut before = 0;
        for entry in self.sync.unwrap_or_default() {
            let sample = u32::from_be_bytes(*entry);
            if sample <= before || u64::from(sample) > self.count() {
                let message = format!(
                    "The table of key frames of the track at byte {} names picture {sample}, \
                     which is out of order or not there.",
                    self.at
                );
                return Err(Finding::at(Check::SyncTableInvalid, self.at, message));
            }
            before = sample;
        }
        Ok(())
    }

    /// A copy of what says where the samples lie, which outlives `moov`.
    pub(crate) fn kept(&self) -> Samples<'static> {
        Samples {
            durations: &[],
            shifts: None,
            sync: None,
            runs: table::kept(&self.runs),
            sizes: self.sizes.kept(),
            offsets: self.offsets.kept(),
            at: self.at,
        }
    }

    /// How many bytes such a copy takes.
    pub(crate) fn heap(&self) -> u64 {
        let tables = self.sizes.heap().saturating_add(self.offsets.heap());
        tables.saturating_add(length(self.runs.as_flattened()))
    }

    /// Where a chunk begins, counted from 0.
    pub(crate) fn chunk_at(&self, index: usize) -> Option<u64> {
        self.offsets.get(index)
    }

    /// How many samples the chunks of a run have, if it has begun by a chunk, counted from 1.
    pub(crate) fn samples_from(&self, run: usize, chunk: usize) -> Option<u64> {
        let (first, samples, _) = triple(*self.runs.get(run)?);
        let begun = usize::try_from(first).is_ok_and(|first| first <= chunk);
        begun.then_some(u64::from(samples))
    }

    /// The bytes of a sample, counted from 0.
    pub(crate) fn size(&self, sample: u64) -> u64 {
        self.sizes.sum(sample, 1)
    }

    /// All chunks, in the order of the table. To be asked only after [`Self::check`].
    pub(crate) fn chunks(&self) -> impl Iterator<Item = Chunk> {
        let mut runs = self.runs.iter().copied().map(triple).peekable();
        let mut samples = 0;
        let mut sample = 0_u64;
        (0..self.chunk_count()).map_while(move |index| {
            let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
            while let Some((_, each, _)) = runs.next_if(|(first, ..)| *first <= number) {
                samples = u64::from(each);
            }
            let bytes = self.sizes.sum(sample, samples);
            sample = sample.saturating_add(samples);
            Some(Chunk { at: self.offsets.get(index)?, bytes })
        })
    }
}
