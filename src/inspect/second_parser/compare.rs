//! Check 48, the second opinion: what does the crate `mp4` make of the file?
//!
//! It comes after our own reader has accepted, sees a rebuilt copy ([`rebuild`]), reads it through
//! a reader that fails after a bounded number of steps, and can only add a note.

use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use mp4::{BoxHeader, MoovBox, ReadBox as _};

use crate::model::{Check, Finding};

use crate::inspect::boxes::fields::{in_memory, length};
use crate::inspect::boxes::mp4_box::Boxed;
use crate::inspect::moov::movie::Movie;
use crate::inspect::moov::track::{Track, milliseconds};
use crate::inspect::second_parser::rebuild::{self, Piece};

/// Steps beyond one for each byte: seeks from box to box.
const SPARE_STEPS: u64 = 10_000;

/// Asks the crate, and answers the note if it disagrees on tracks, samples, times or sizes.
pub(crate) fn differs(moov: Boxed, movie: &Movie) -> Option<Finding> {
    let copy = rebuild::moov(moov)?;
    let read = catch_unwind(AssertUnwindSafe(|| read(&copy.pieces)));
    let message = match read {
        Err(_) => "A second reader failed on this file.".to_owned(),
        Ok(Err(error)) => format!("A second reader could not read this file: {error}."),
        Ok(Ok(other)) => disagreement(&other, movie, &copy.tracks)?,
    };
    Some(Finding::at(Check::SecondOpinion, moov.at, message))
}

fn read(pieces: &[Piece]) -> Result<MoovBox, mp4::Error> {
    let mut reader = Bounded::new(pieces);
    let header = BoxHeader::read(&mut reader)?;
    MoovBox::read_box(&mut reader, header.size)
}

fn disagreement(other: &MoovBox, movie: &Movie, shown: &[usize]) -> Option<String> {
    if other.traks.len() != shown.len() {
        return Some(format!("A second reader found {} tracks.", other.traks.len()));
    }
    if let Some(duration) = movie.duration
        && duration != other.mvhd.duration
    {
        let theirs = milliseconds(other.mvhd.duration, other.mvhd.timescale);
        return Some(format!("A second reader found a duration of {theirs} ms."));
    }
    let ours = shown.iter().filter_map(|place| movie.tracks.get(*place));
    ours.zip(theirs(other)).find_map(|(ours, theirs)| {
        let what = theirs.unlike(ours)?;
        Some(format!("A second reader found {what} in track {}.", ours.id))
    })
}

/// What the crate makes of a track.
struct Theirs {
    id: u32,
    samples: u64,
    timescale: u32,
    stated: u64,
    time: u64,
    shown: [u16; 2],
    /// The size of the encoded picture, for the codecs whose entries the crate reads.
    coded: Option<[u16; 2]>,
}

fn theirs(moov: &MoovBox) -> impl Iterator<Item = Theirs> {
    moov.traks.iter().map(|trak| {
        let (media, tables) = (&trak.mdia.mdhd, &trak.mdia.minf.stbl);
        let lengths = tables.stts.entries.iter().map(|entry| {
            u64::from(entry.sample_count).saturating_mul(u64::from(entry.sample_delta))
        });
        let avc = tables.stsd.avc1.as_ref().map(|entry| [entry.width, entry.height]);
        let hevc = tables.stsd.hev1.as_ref().map(|entry| [entry.width, entry.height]);
        let vp9 = tables.stsd.vp09.as_ref().map(|entry| [entry.width, entry.height]);
        Theirs {
            id: trak.tkhd.track_id,
            samples: u64::from(tables.stsz.sample_count),
            timescale: media.timescale,
            stated: media.duration,
            time: lengths.fold(0, u64::saturating_add),
            shown: [trak.tkhd.width.value(), trak.tkhd.height.value()],
            coded: avc.or(hevc).or(vp9),
        }
    })
}

impl Theirs {
    /// What is told otherwise than by our own reader.
    fn unlike(&self, ours: &Track) -> Option<String> {
        let shown = [ours.shown.width, ours.shown.height];
        let coded = ours.description.map(|of| [of.width, of.height]);
        let millis = |time| milliseconds(time, self.timescale);
        let pixels = |[width, height]: [u16; 2]| format!("{width} by {height} pixels");
        if ours.id != self.id {
            return Some(format!("the number {}", self.id));
        }
        if ours.samples != self.samples {
            return Some(format!("{} samples", self.samples));
        }
        let timed = ours.stated.is_none_or(|stated| stated == self.stated);
        if !timed || ours.timescale != self.timescale {
            return Some(format!("a duration of {} ms", millis(self.stated)));
        }
        if ours.time != self.time {
            return Some(format!("samples of {} ms", millis(self.time)));
        }
        if shown != self.shown {
            return Some(pixels(self.shown));
        }
        self.coded.filter(|theirs| coded != Some(*theirs)).map(pixels)
    }
}

/// Reads the pieces as one file, for a bounded number of steps.
struct Bounded<'a> {
    pieces: &'a [Piece<'a>],
    /// Where each piece begins.
    starts: Vec<u64>,
    end: u64,
    position: u64,
    steps: u64,
}

impl<'a> Bounded<'a> {
    fn new(pieces: &'a [Piece<'a>]) -> Self {
        let mut end = 0_u64;
        let mut starts = Vec::with_capacity(pieces.len());
        for piece in pieces {
            starts.push(end);
            end = end.saturating_add(length(piece));
        }
        Self { pieces, starts, end, position: 0, steps: end.saturating_add(SPARE_STEPS) }
    }

    fn step(&mut self) -> io::Result<()> {
        let left = self.steps.checked_sub(1);
        self.steps = left.ok_or_else(|| io::Error::other("too many steps"))?;
        Ok(())
    }

    /// What is left of the piece at the position.
    fn here(&self) -> &'a [u8] {
        let begun = self.starts.partition_point(|start| *start <= self.position);
        let index = begun.saturating_sub(1);
        let (Some(piece), Some(start)) = (self.pieces.get(index), self.starts.get(index)) else {
            return &[];
        };
        piece.get(in_memory(self.position.saturating_sub(*start))..).unwrap_or_default()
    }
}

impl Read for Bounded<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.step()?;
        let count = self.here().read(into)?;
        self.position = self.position.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(count)
    }
}

impl Seek for Bounded<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.step()?;
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.end.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = target.ok_or_else(|| io::Error::other("seek to nowhere"))?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A `moov` whose child claims no bytes: the crate goes back to its header for ever
    /// (alfg/mp4-rust, pull request 148).
    #[test]
    fn a_reader_that_loops_is_ended_by_its_budget() {
        let moov = [[0, 0, 0, 16], *b"moov", [0, 0, 0, 0], *b"free"].concat();
        let error = read(&[moov.into()]).unwrap_err();
        assert!(error.to_string().contains("too many steps"), "{error}");
    }

    #[test]
    fn the_budget_counts_reads_and_seeks() {
        let piece: Piece = vec![1; 4].into();
        let pieces = [piece];
        let mut reader = Bounded::new(&pieces);
        let steps = SPARE_STEPS.saturating_add(4);
        for _ in 0..steps / 2 {
            reader.seek(SeekFrom::Start(0)).unwrap();
            assert_eq!(reader.read(&mut [0; 4]).unwrap(), 4);
        }
        assert!(reader.read(&mut [0; 1]).is_err());
        assert!(reader.seek(SeekFrom::End(0)).is_err());
    }
}
