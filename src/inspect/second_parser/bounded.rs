//! A reader that fails after a bounded number of steps, since the crate `mp4` can loop for ever.

use std::io::{self, Read, Seek, SeekFrom};

use super::rebuild::Piece;
use crate::inspect::boxes::{in_memory, length};

/// Steps beyond one for each byte: seeks from box to box.
const SPARE_STEPS: u64 = 10_000;

/// Reads the pieces as one file, for a bounded number of steps.
pub(super) struct BoundedReader<'a> {
    pieces: &'a [Piece<'a>],
    /// Where each piece begins.
    starts: Vec<u64>,
    end: u64,
    position: u64,
    steps: u64,
}

impl<'a> BoundedReader<'a> {
    pub(super) fn new(pieces: &'a [Piece<'a>]) -> Self {
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

    /// The rest of the piece at the current position.
    fn current(&self) -> &'a [u8] {
        let begun = self.starts.partition_point(|start| *start <= self.position);
        let index = begun.saturating_sub(1);
        let (Some(piece), Some(start)) = (self.pieces.get(index), self.starts.get(index)) else {
            return &[];
        };
        piece.get(in_memory(self.position.saturating_sub(*start))..).unwrap_or_default()
    }
}

impl Read for BoundedReader<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.step()?;
        let count = self.current().read(into)?;
        self.position = self.position.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(count)
    }
}

impl Seek for BoundedReader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.step()?;
        let target = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(offset) => self.end.checked_add_signed(offset),
            SeekFrom::Current(offset) => self.position.checked_add_signed(offset),
        };
        self.position = target.ok_or_else(|| io::Error::other("seek outside the file"))?;
        Ok(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_seeks_use_up_the_steps() {
        let piece: Piece = vec![1; 4].into();
        let pieces = [piece];
        let mut reader = BoundedReader::new(&pieces);
        let steps = SPARE_STEPS.saturating_add(4);
        for _ in 0..steps / 2 {
            reader.seek(SeekFrom::Start(0)).unwrap();
            assert_eq!(reader.read(&mut [0; 4]).unwrap(), 4);
        }
        assert!(reader.read(&mut [0; 1]).is_err());
        assert!(reader.seek(SeekFrom::End(0)).is_err());
    }
}
