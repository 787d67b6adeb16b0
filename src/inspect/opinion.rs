//! Check 48, the second opinion: what does the crate `mp4` make of the file?
//!
//! It comes after our own reader has accepted, sees a rebuilt copy ([`rebuild`]), reads it through
//! a reader that fails after a bounded number of steps, and can only add a note.

use std::io::{self, Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use mp4::{BoxHeader, MoovBox, ReadBox as _};

use crate::model::{Check, Finding};

use super::boxes::Boxed;
use super::bytes::{in_memory, length};
use super::movie::Movie;
use super::rebuild::{self, Piece};
use super::track::milliseconds;

/// Steps beyond one for each byte: seeks from box to box.
const SPARE_STEPS: u64 = 10_000;

/// Asks the crate, and answers the note if it disagrees on tracks, samples or duration.
pub(super) fn differs(moov: Boxed, movie: &Movie) -> Option<Finding> {
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
    let mut pairs = ours.zip(&other.traks);
    let (track, theirs) = pairs.find(|(track, theirs)| {
        let count = u64::from(theirs.mdia.minf.stbl.stsz.sample_count);
        track.id != theirs.tkhd.track_id || track.samples != count
    })?;
    let count = theirs.mdia.minf.stbl.stsz.sample_count;
    Some(format!("A second reader found {count} samples in track {}.", track.id))
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
