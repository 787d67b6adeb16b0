//! The sample tables of a track and their consistency: `STSC_INVALID`, `SAMPLE_COUNT_MISMATCH` and
//! `SYNC_TABLE_INVALID`.

use std::borrow::Cow;

use super::sample_durations::SampleDurations;
use super::table::{self, NumberTable, numbers};
use crate::inspect::boxes::{Checked, Mp4Box, in_memory, length};
use crate::inspect::context::Context;
use crate::model::{Check, Finding};

/// The sample tables of one track, as bytes.
pub(crate) struct SampleTables<'a> {
    /// `stts`: runs of samples with the same duration.
    durations: &'a [[u8; 8]],
    /// `ctts`: runs of samples with the same composition offset.
    composition: Option<&'a [[u8; 8]]>,
    /// `stsc`: runs of chunks with the same number of samples.
    chunk_runs: Cow<'a, [[u8; 12]]>,
    sizes: NumberTable<'a>,
    offsets: NumberTable<'a>,
    /// `stss`: the numbers of the key frames.
    sync: Option<&'a [[u8; 4]]>,
    /// Position of `stbl`.
    at: u64,
}

impl<'a> SampleTables<'a> {
    /// `BOX_MISSING`, `BOX_DUPLICATE` and `TABLE_SIZE`: Reads the tables that every track must
    /// have.
    pub(crate) fn read(stbl: Mp4Box<'a>, file_length: Option<u64>) -> Checked<Self> {
        stbl.one_form(*b"stco", *b"co64")?;
        stbl.one_form(*b"stsz", *b"stz2")?;
        let offsets = match stbl.optional_child(*b"co64")? {
            Some(co64) => NumberTable::offsets::<8>(co64)?,
            None => NumberTable::offsets::<4>(stbl.required_child(*b"stco")?)?,
        };
        let sizes = if let Some(stz2) = stbl.optional_child(*b"stz2")? {
            NumberTable::compact_sizes(stz2)?
        } else {
            // Without chunks, every sample count but 0 contradicts the other tables, so it needs no
            // limit.
            let limit = file_length.filter(|_| offsets.count() > 0);
            NumberTable::sizes(stbl.required_child(*b"stsz")?, limit)?
        };
        Ok(Self {
            durations: table::list(stbl.required_child(*b"stts")?)?,
            composition: stbl.optional_child(*b"ctts")?.map(table::list).transpose()?,
            chunk_runs: table::list(stbl.required_child(*b"stsc")?)?.into(),
            sync: stbl.optional_child(*b"stss")?.map(table::list).transpose()?,
            sizes,
            offsets,
            at: stbl.at,
        })
    }

    pub(crate) fn sample_count(&self) -> u64 {
        u64::from(self.sizes.count())
    }

    /// How many bytes the samples have.
    pub(crate) fn byte_count(&self) -> u64 {
        self.sizes.sum(0, in_memory(self.sample_count()))
    }

    /// The durations of the samples. Samples that `stts` does not list last as long as its last one.
    pub(crate) fn durations(&self, timescale: u32) -> SampleDurations {
        let mut sum = SampleDurations::default();
        let (mut left, mut last) = (self.sample_count(), 0);
        for [count, each] in self.durations.iter().map(|entry| numbers(entry)) {
            let count = u64::from(count).min(left);
            sum.add(count, each, timescale);
            (left, last) = (left.saturating_sub(count), each);
        }
        sum.add(left, last, timescale);
        sum
    }

    pub(crate) fn chunk_count(&self) -> usize {
        in_memory(self.offsets.count().into())
    }

    /// Checks that the tables agree. `entries` is the number of sample entries.
    pub(crate) fn check(&self, entries: u32, context: &mut Context) -> Checked {
        self.check_chunk_runs(entries)?;
        self.check_counts(context)?;
        self.note_sync(context);
        Ok(())
    }

    /// `STSC_INVALID`: Runs of chunks begin at the first chunk, ascend, begin no later than the
    /// last chunk, have samples, and name a sample entry that exists. (mp4parse
    /// `create_sample_table`; ISO 14496-12 §8.7.4)
    fn check_chunk_runs(&self, entries: u32) -> Checked {
        let mut before = 0;
        let chunks = self.chunk_count();
        for [first, samples, entry] in self.chunk_runs() {
            let in_order = if before == 0 { first == 1 } else { first > before };
            let has_entry = (1..=entries.max(1)).contains(&entry);
            let is_past_last = usize::try_from(first).map_or(true, |first| first > chunks);
            if !in_order || samples == 0 || !has_entry || is_past_last {
                return Err(self.invalid_chunk_runs());
            }
            before = first;
        }
        if before == 0 && chunks > 0 {
            return Err(self.invalid_chunk_runs());
        }
        Ok(())
    }

    fn invalid_chunk_runs(&self) -> Finding {
        let message = format!("The table `stsc` in `stbl` at byte {} contradicts itself.", self.at);
        Finding::at(Check::StscInvalid, self.at, message)
    }

    /// `SAMPLE_COUNT_MISMATCH`: All tables count the same samples. The table of sizes decides how many
    /// there are, so other counts are only noted, unless the chunks hold fewer: then some samples
    /// have no position. A phone that lost power while it wrote the tables leaves such counts.
    fn check_counts(&self, context: &mut Context) -> Checked {
        let total = |table: &[[u8; 8]]| {
            let counts = table.iter().map(|entry| {
                let [count, _] = numbers(entry);
                u64::from(count)
            });
            counts.fold(0_u64, u64::saturating_add)
        };
        let samples = self.sample_count();
        let composition = self.composition.filter(|table| !table.is_empty());
        let counts = [
            ("stts", total(self.durations)),
            ("stsc", self.samples_in_chunks()),
            ("ctts", composition.map_or(samples, total)),
        ];
        for (table, count) in counts.into_iter().filter(|(_, count)| *count != samples) {
            let message = format!(
                "The tables in `stbl` at byte {} disagree: {samples} samples have sizes, but `{table}` \
                 has {count}.",
                self.at
            );
            let finding = Finding::at(Check::SampleCountMismatch, self.at, message);
            if table == "stsc" && count < samples {
                return Err(finding);
            }
            context.note(finding);
        }
        Ok(())
    }

    fn samples_in_chunks(&self) -> u64 {
        let ends = self.chunk_runs().skip(1).map(|[first, ..]| u64::from(first));
        let last = u64::try_from(self.chunk_count()).unwrap_or(u64::MAX).saturating_add(1);
        self.chunk_runs().zip(ends.chain([last])).fold(0, |sum, ([first, samples, _], end)| {
            let chunks = end.saturating_sub(u64::from(first));
            sum.saturating_add(chunks.saturating_mul(u64::from(samples)))
        })
    }

    /// `SYNC_TABLE_INVALID`, only a note: Key frames ascend and exist, because players seek by them.
    /// (ISO 14496-12 §8.6.2)
    fn note_sync(&self, context: &mut Context) {
        let mut before = 0;
        for entry in self.sync.unwrap_or_default() {
            let sample = u32::from_be_bytes(*entry);
            if sample <= before || u64::from(sample) > self.sample_count() {
                let message = format!(
                    "The table of key frames (`stss`) in `stbl` at byte {} names sample {sample}, \
                     which is out of order or does not exist.",
                    self.at
                );
                return context.note(Finding::at(Check::SyncTableInvalid, self.at, message));
            }
            before = sample;
        }
    }

    /// First chunk, samples in each chunk, sample entry.
    fn chunk_runs(&self) -> impl Iterator<Item = [u32; 3]> {
        self.chunk_runs.iter().map(|entry| numbers(entry))
    }

    /// A copy of the tables that state where the samples lie. It outlives `moov`.
    pub(crate) fn to_static(&self) -> SampleTables<'static> {
        SampleTables {
            durations: &[],
            composition: None,
            sync: None,
            chunk_runs: self.chunk_runs.to_vec().into(),
            sizes: self.sizes.to_static(),
            offsets: self.offsets.to_static(),
            at: self.at,
        }
    }

    /// How many bytes of heap such a copy takes.
    pub(crate) fn heap_bytes(&self) -> u64 {
        let tables = self.sizes.heap_bytes().saturating_add(self.offsets.heap_bytes());
        tables.saturating_add(length(self.chunk_runs.as_flattened()))
    }

    /// Where a chunk begins, counted from 0.
    pub(crate) fn chunk_at(&self, index: usize) -> Option<u64> {
        self.offsets.get(index)
    }

    /// How many samples each chunk of a run of `stsc` has, if the run begins at `chunk` (counted
    /// from 1) or before it.
    pub(crate) fn samples_per_chunk(&self, run: usize, chunk: usize) -> Option<u64> {
        let [first, samples, _] = numbers(self.chunk_runs.get(run)?);
        let has_begun = usize::try_from(first).is_ok_and(|first| first <= chunk);
        has_begun.then_some(u64::from(samples))
    }

    /// The bytes of a sample, counted from 0.
    pub(crate) fn sample_size(&self, sample: u64) -> u64 {
        self.sizes.sum(in_memory(sample), 1)
    }

    /// Where each chunk begins and its bytes, in the order of the table. Only valid after [`Self::check`].
    pub(crate) fn chunks(&self) -> impl Iterator<Item = (u64, u64)> {
        let mut runs = self.chunk_runs().peekable();
        let (mut sample, mut samples) = (0_usize, 0);
        (0..self.chunk_count()).map_while(move |index| {
            let number = u32::try_from(index).unwrap_or(u32::MAX).saturating_add(1);
            while let Some([_, each, _]) = runs.next_if(|[first, ..]| *first <= number) {
                samples = in_memory(each.into());
            }
            let bytes = self.sizes.sum(sample, samples);
            sample = sample.saturating_add(samples);
            Some((self.offsets.get(index)?, bytes))
        })
    }
}
