//! The fragments of a file: `MOOF_WITHOUT_MDAT`, `FRAG_TRACK_UNKNOWN`, `FRAG_SEQUENCE` and
//! `TFDT_BACKWARDS`.
//!
//! The totals of a fragment are added to its tracks when its media has been found, so that a
//! truncated recording counts complete fragments only.

use super::runs::{FragmentHeader, TrackRun};
use crate::inspect::boxes::{Checked, Extent, Mp4Box};
use crate::inspect::context::Context;
use crate::inspect::media::layout::FragmentSamples;
use crate::inspect::moov::chunk_extents::{is_inside, outside_mdat};
use crate::inspect::moov::movie::Movie;
use crate::inspect::moov::sample_durations::SampleDurations;
use crate::inspect::moov::table;
use crate::inspect::moov::track::Track;
use crate::inspect::notes::set_path;
use crate::inspect::top_level::header::TopLevelHeader;
use crate::model::{Check, Finding};

#[derive(Clone, Default)]
pub(crate) struct Fragments {
    /// The last fragment, until its media has been found.
    last: Option<Fragment>,
    /// The number of complete fragments.
    pub(crate) whole: u64,
    /// Bytes of their media.
    pub(crate) bytes: u64,
    /// Where their media ends.
    pub(crate) end: u64,
    /// The sequence number of the last one.
    sequence: Option<u32>,
    /// The largest number of samples that a `trun` claims without a table, and the finding if the
    /// file is too short for them.
    claim: Option<(u64, Finding)>,
    /// The end of a `moof` whose media goes past the end of the file.
    pub(crate) truncated_after: Option<u64>,
}

#[derive(Clone)]
struct Fragment {
    moof: Extent,
    path: String,
    /// Where its samples lie, joined where they touch.
    media: Vec<Extent>,
    totals: Vec<Total>,
}

/// What a fragment adds to a track.
#[derive(Clone, Copy)]
struct Total {
    /// Index of the track in `moov`.
    track: usize,
    samples: u64,
    bytes: u64,
    durations: SampleDurations,
}

impl Fragment {
    fn is_whole(&self, mdats: &[Extent]) -> bool {
        self.media.iter().all(|media| is_inside(media, mdats))
    }

    fn has_pictures(&self, movie: &Movie) -> bool {
        let is_video = |total: &Total| movie.tracks.get(total.track).is_some_and(Track::is_video);
        self.totals.iter().any(|total| total.samples > 0 && is_video(total))
    }
}

impl Fragments {
    /// Reads a fragment, whose nesting has been checked. The media of the previous fragment must
    /// lie in `mdat` boxes before this one.
    pub(crate) fn read(
        &mut self,
        header: &TopLevelHeader,
        moof: Mp4Box,
        movie: &mut Movie,
        context: &mut Context,
    ) -> Checked<FragmentSamples> {
        self.check_media(context.mdats, moof.at)?;
        self.count_last(movie);
        self.read_sequence(moof.required_child(*b"mfhd")?, context)?;
        let mut collected = Collected { moof: moof.at, next: moof.at, ..Collected::default() };
        for traf in moof.children_of(*b"traf") {
            let read = read_track(traf, movie, context, &mut collected);
            self.truncated_after = collected.is_past_end.then(|| moof.end());
            collected.totals.push(read?);
        }
        let Collected { media, totals, claim, samples, .. } = collected;
        self.claim = self.claim.take().into_iter().chain(claim).max_by_key(|claim| claim.0);
        let (moof, path) = (moof.at..moof.end(), header.path());
        self.last = Some(Fragment { moof, path, media, totals });
        Ok(samples)
    }

    /// Adds the totals of the last fragment, which is complete, to its tracks.
    pub(crate) fn count_last(&mut self, movie: &mut Movie) {
        let Some(fragment) = self.last.take() else { return };
        for total in &fragment.totals {
            if let Some(track) = movie.tracks.get_mut(total.track) {
                track.samples = track.samples.saturating_add(total.samples);
                track.bytes = track.bytes.saturating_add(total.bytes);
                track.sample_durations.add_all(total.durations);
            }
        }
        for media in &fragment.media {
            self.bytes = self.bytes.saturating_add(media.end.saturating_sub(media.start));
            self.end = self.end.max(media.end);
        }
        self.whole = self.whole.saturating_add(1);
    }

    /// Whether `moov` or a complete fragment has a video sample.
    pub(crate) fn has_pictures(&self, movie: &Movie, mdats: &[Extent]) -> bool {
        let last = self.last.as_ref().filter(|last| last.is_whole(mdats));
        movie.video().is_some_and(|track| track.samples > 0)
            || last.is_some_and(|last| last.has_pictures(movie))
    }

    /// Drops the last fragment if the file ends inside its media, and returns the end of its
    /// `moof`. The file has `length` bytes and the complete boxes `mdats`.
    pub(crate) fn drop_truncated(&mut self, mdats: &[Extent], length: u64) -> Option<u64> {
        let last = self.last.as_ref().filter(|last| !last.is_whole(mdats))?;
        let past_end = last.media.iter().any(|media| media.end > length);
        let none_follows = mdats.last().is_none_or(|mdat| mdat.start < last.moof.start);
        let end = last.moof.end;
        (past_end || none_follows).then(|| self.last = None).map(|()| end)
    }

    /// `MOOF_WITHOUT_MDAT` and `SAMPLE_OUTSIDE_MDAT`: The media of the last fragment is in the
    /// `mdat` boxes that begin before `until`. (ISO 14496-12 §8.8.4)
    pub(crate) fn check_media(&self, mdats: &[Extent], until: u64) -> Checked {
        let Some(fragment) = &self.last else { return Ok(()) };
        let begun = mdats.partition_point(|mdat| mdat.start < until);
        let begun = mdats.get(..begun).unwrap_or_default();
        let moof = fragment.moof.start;
        match fragment.media.iter().find(|media| !is_inside(media, begun)) {
            None => Ok(()),
            Some(_) if begun.last().is_none_or(|mdat| mdat.start < moof) => {
                let message = format!(
                    "The fragment at byte {moof} has no `mdat` after it: the recording or the \
                     upload was cut off."
                );
                let finding = Finding::at(Check::MoofWithoutMdat, moof, message);
                Err(finding.with_path(Some(fragment.path.clone())))
            }
            Some(media) => Err(outside_mdat(media)),
        }
    }

    /// `TABLE_SIZE`, for a file whose length is known only at its end: No `trun` claims more
    /// samples without a table than the file has bytes.
    pub(crate) fn check_claim(&self, length: u64) -> Checked {
        let claim = self.claim.as_ref().filter(|(samples, _)| *samples > length);
        claim.map_or(Ok(()), |(_, finding)| Err(finding.clone()))
    }

    /// Sets the path of the finding about the claim.
    pub(crate) fn set_paths(&mut self, path: impl Fn(u64) -> Option<String>) {
        if let Some((_, finding)) = &mut self.claim {
            set_path(finding, path);
        }
    }

    /// `FRAG_SEQUENCE`, only a note: Fragments are numbered in ascending order. In joined streams
    /// the numbers start again. (ISO 14496-12 §8.8.5)
    fn read_sequence(&mut self, mfhd: Mp4Box, context: &mut Context) -> Checked {
        let sequence = mfhd.read_full(|mut full| full.fields.u32())?;
        if let Some(before) = self.sequence.filter(|before| sequence <= *before) {
            let message = format!("Fragment number {sequence} follows number {before}.");
            context.note(Finding::at(Check::FragSequence, mfhd.at, message));
        }
        self.sequence = Some(sequence);
        Ok(())
    }
}

/// What has been read of a fragment.
#[derive(Default)]
struct Collected {
    moof: u64,
    /// Where the next samples begin if their `trun` states no offset.
    next: u64,
    media: Vec<Extent>,
    /// Samples that consist of NAL units.
    samples: FragmentSamples,
    totals: Vec<Total>,
    claim: Option<(u64, Finding)>,
    is_past_end: bool,
}

impl Collected {
    /// `SAMPLE_OUTSIDE_FILE`, for fragments: Samples lie inside the file.
    fn add_media(&mut self, trun: Mp4Box, media: Extent, file_length: Option<u64>) -> Checked {
        let Extent { start, end } = media;
        self.next = end;
        match self.media.last_mut() {
            _ if media.is_empty() => {}
            Some(last) if last.end == start => last.end = end,
            _ => self.media.push(media),
        }
        self.is_past_end = file_length.is_some_and(|length| end > length);
        if self.is_past_end { Err(outside_file(trun)) } else { Ok(()) }
    }
}

/// Reads `traf`: the samples of one track.
fn read_track(
    traf: Mp4Box,
    movie: &mut Movie,
    context: &mut Context,
    collected: &mut Collected,
) -> Checked<Total> {
    let tfhd = traf.required_child(*b"tfhd")?;
    let header = FragmentHeader::read(tfhd)?;
    let mut tracks = movie.tracks.iter_mut().enumerate();
    let known = tracks.find(|(_, track)| track.id == header.track_id);
    let known = known.and_then(|(index, track)| Some((index, track.defaults?, track)));
    let (index, defaults, track) = known.ok_or_else(|| unknown_track(tfhd, header.track_id))?;
    let defaults = header.defaults(defaults);
    if let Some(tfdt) = traf.optional_child(*b"tfdt")? {
        read_start_time(tfdt, track, context)?;
    }
    let base = header.base(collected.moof, collected.next);
    collected.next = base;
    let durations = SampleDurations::default();
    let mut total = Total { track: index, samples: 0, bytes: 0, durations };
    for trun in traf.children_of(*b"trun") {
        let run = TrackRun::read(trun, defaults, track.timescale, context.length)?;
        let count = u64::from(run.count);
        let largest = collected.claim.as_ref().map(|(samples, _)| *samples);
        if run.has_no_table() && largest.is_none_or(|samples| samples < count) {
            collected.claim = Some((count, table::too_many(trun, count)));
        }
        let start = run.start(base, collected.next).ok_or_else(|| outside_file(trun))?;
        let media = start..start.saturating_add(run.bytes);
        collected.add_media(trun, media.clone(), context.length)?;
        if let Some(format) = track.nal_format() {
            let samples = &mut collected.samples;
            samples.add(&media, run.count, run.sizes(), defaults.size, format);
        }
        total.samples = total.samples.saturating_add(count);
        total.bytes = total.bytes.saturating_add(run.bytes);
        total.durations.add_all(run.durations);
    }
    Ok(total)
}

/// `FRAG_TRACK_UNKNOWN`: A fragment belongs to a track that `moov` describes, with its defaults.
/// (`FFmpeg`: trun track id unknown)
fn unknown_track(tfhd: Mp4Box, id: u32) -> Finding {
    let what = format!("belongs to track {id}, which `moov` does not describe");
    tfhd.finding(Check::FragTrackUnknown, what)
}

/// `SAMPLE_OUTSIDE_FILE`, for fragments.
fn outside_file(trun: Mp4Box) -> Finding {
    let message = format!(
        "The file is incomplete: samples of the `trun` at byte {} lie past its end.",
        trun.at
    );
    Finding::at(Check::SampleOutsideFile, trun.at, message)
}

/// `TFDT_BACKWARDS`, only a note, because players tolerate it: The start times of a track ascend.
/// (ISO 14496-12 §8.8.12)
fn read_start_time(tfdt: Mp4Box, track: &mut Track, context: &mut Context) -> Checked {
    let start = tfdt.read_full(|mut full| full.sized())?;
    if track.last_start.is_some_and(|last| start < last) {
        let message = format!("A fragment of track {} starts before the previous one.", track.id);
        context.note(Finding::at(Check::TfdtBackwards, tfdt.at, message));
    }
    track.last_start = Some(start);
    Ok(())
}
