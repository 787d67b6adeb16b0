//! Compares what the crate `mp4` has read with what our reader has read and accepted.

use std::panic::{AssertUnwindSafe, catch_unwind};

use mp4::{BoxHeader, MoovBox, ReadBox as _};

use super::bounded::BoundedReader;
use super::rebuild::{self, Piece};
use crate::inspect::boxes::Mp4Box;
use crate::inspect::moov::movie::Movie;
use crate::inspect::moov::sample_durations::{SampleDurations, milliseconds};
use crate::model::{Check, Finding};

/// The note if the second parser fails, or disagrees on tracks, samples, durations or sizes.
pub(crate) fn disagreement(moov: Mp4Box, movie: &Movie) -> Option<Finding> {
    let copy = rebuild::moov(moov, |index| {
        movie.tracks.get(index).is_some_and(|track| !track.is_dropped)
    })?;
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

/// The first value that the crate reads differently. `copied` are the tracks that the crate was
/// given.
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
    ours.zip(&theirs.traks).find_map(|(ours, theirs)| {
        let (header, media) = (&theirs.tkhd, &theirs.mdia.mdhd);
        let tables = &theirs.mdia.minf.stbl;
        let stated = ours.stated_duration.unwrap_or(media.duration);
        let runs = tables.stts.entries.iter();
        let mut durations = SampleDurations::default();
        runs.for_each(|run| {
            durations.add(run.sample_count.into(), run.sample_delta, ours.timescale);
        });
        let counts = tables.stts.entries.iter().map(|run| u64::from(run.sample_count));
        let counted = counts.fold(0, u64::saturating_add);
        let (ours_total, sample_duration) = (ours.sample_durations.total(), durations.total());
        let size = [header.width.value(), header.height.value()];
        let avc = tables.stsd.avc1.as_ref().map(|entry| [entry.width, entry.height]);
        let hevc = tables.stsd.hev1.as_ref().map(|entry| [entry.width, entry.height]);
        let vp9 = tables.stsd.vp09.as_ref().map(|entry| [entry.width, entry.height]);
        // The crate does not read the entries of other codecs.
        let our_coded = ours.sample_entry.as_ref().map(|entry| [entry.width, entry.height]);
        let coded = avc.or(hevc).or(vp9).filter(|coded| our_coded != Some(*coded));
        let millis = |duration| milliseconds(duration, media.timescale);
        let pixels = |[width, height]: [u16; 2]| format!("{width} by {height} pixels");
        let difference = if ours.id != header.track_id {
            format!("the id {}", header.track_id)
        } else if ours.samples != u64::from(tables.stsz.sample_count) {
            format!("{} samples", tables.stsz.sample_count)
        } else if stated != media.duration || ours.timescale != media.timescale {
            format!("a duration of {} ms", millis(media.duration))
        } else if counted == ours.samples && ours_total != sample_duration {
            format!("samples of {} ms", millis(sample_duration))
        } else if [ours.header.width, ours.header.height] != size {
            pixels(size)
        } else {
            pixels(coded?)
        };
        Some(format!("{difference} in track {}", ours.id))
    })
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
