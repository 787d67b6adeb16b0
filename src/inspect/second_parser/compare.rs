//! Compares what the crate `mp4` reads with what our reader has read and accepted.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mp4::{BoxHeader, MoovBox, ReadBox as _};

use super::bounded::BoundedReader;
use super::rebuild::{self, Piece};
use crate::inspect::boxes::Mp4Box;
use crate::inspect::moov::movie::Movie;
use crate::inspect::moov::track::{Track, milliseconds};
use crate::model::{Check, Finding};

/// The note if the second parser fails, or disagrees on tracks, samples, durations or sizes.
pub(crate) fn disagreement(moov: Mp4Box, movie: &Movie) -> Option<Finding> {
    let copy = rebuild::moov(moov)?;
    let read = catch_unwind(AssertUnwindSafe(|| read(&copy.pieces)));
    let message = match read {
        Err(_) => "The second parser failed on this file.".to_owned(),
        Ok(Err(error)) => format!("The second parser could not read this file: {error}."),
        Ok(Ok(theirs)) => {
            let difference = movie_difference(&theirs, movie, &copy.tracks)?;
            format!("The second parser disagrees: it reads {difference}.")
        }
    };
    Some(Finding::at(Check::SecondOpinion, moov.at, message))
}

fn read(pieces: &[Piece]) -> Result<MoovBox, mp4::Error> {
    let mut reader = BoundedReader::new(pieces);
    let header = BoxHeader::read(&mut reader)?;
    MoovBox::read_box(&mut reader, header.size)
}

/// What the crate reads otherwise than our reader; `copied` are the tracks that it was given.
fn movie_difference(theirs: &MoovBox, movie: &Movie, copied: &[usize]) -> Option<String> {
    if theirs.traks.len() != copied.len() {
        return Some(format!("{} tracks", theirs.traks.len()));
    }
    let duration = theirs.mvhd.duration;
    if movie.duration.is_some_and(|ours| ours != duration) {
        let millis = milliseconds(duration, theirs.mvhd.timescale);
        return Some(format!("a duration of {millis} ms"));
    }
    let ours = copied.iter().filter_map(|index| movie.tracks.get(*index));
    ours.zip(second_tracks(theirs)).find_map(|(ours, theirs)| {
        let difference = theirs.difference(ours)?;
        Some(format!("{difference} in track {}", ours.id))
    })
}

/// What the crate reads of a track.
struct SecondTrack {
    id: u32,
    samples: u64,
    timescale: u32,
    stated_duration: u64,
    sample_duration: u64,
    header_size: [u16; 2],
    /// The size of the encoded picture, for the codecs whose entries the crate reads.
    coded_size: Option<[u16; 2]>,
}

fn second_tracks(moov: &MoovBox) -> impl Iterator<Item = SecondTrack> {
    moov.traks.iter().map(|trak| {
        let (media, tables) = (&trak.mdia.mdhd, &trak.mdia.minf.stbl);
        let durations = tables.stts.entries.iter().map(|entry| {
            u64::from(entry.sample_count).saturating_mul(u64::from(entry.sample_delta))
        });
        let avc = tables.stsd.avc1.as_ref().map(|entry| [entry.width, entry.height]);
        let hevc = tables.stsd.hev1.as_ref().map(|entry| [entry.width, entry.height]);
        let vp9 = tables.stsd.vp09.as_ref().map(|entry| [entry.width, entry.height]);
        SecondTrack {
            id: trak.tkhd.track_id,
            samples: u64::from(tables.stsz.sample_count),
            timescale: media.timescale,
            stated_duration: media.duration,
            sample_duration: durations.fold(0, u64::saturating_add),
            header_size: [trak.tkhd.width.value(), trak.tkhd.height.value()],
            coded_size: avc.or(hevc).or(vp9),
        }
    })
}

impl SecondTrack {
    fn difference(&self, ours: &Track) -> Option<String> {
        let millis = |time| milliseconds(time, self.timescale);
        let pixels = |[width, height]: [u16; 2]| format!("{width} by {height} pixels");
        let stated = ours.stated_duration.unwrap_or(self.stated_duration);
        let coded_size = ours.sample_entry.as_ref().map(|entry| [entry.width, entry.height]);
        if ours.id != self.id {
            Some(format!("the id {}", self.id))
        } else if ours.samples != self.samples {
            Some(format!("{} samples", self.samples))
        } else if stated != self.stated_duration || ours.timescale != self.timescale {
            Some(format!("a duration of {} ms", millis(self.stated_duration)))
        } else if ours.sample_duration != self.sample_duration {
            Some(format!("samples of {} ms", millis(self.sample_duration)))
        } else if [ours.header.width, ours.header.height] != self.header_size {
            Some(pixels(self.header_size))
        } else {
            self.coded_size.filter(|theirs| coded_size != Some(*theirs)).map(pixels)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A `moov` whose child claims no bytes: the crate goes back to its header for ever
    /// (alfg/mp4-rust, pull request 148).
    #[test]
    fn a_parser_that_loops_runs_out_of_steps() {
        let moov = [[0, 0, 0, 16], *b"moov", [0, 0, 0, 0], *b"free"].concat();
        let error = read(&[moov.into()]).unwrap_err();
        assert!(error.to_string().contains("too many steps"), "{error}");
    }
}
