//! Check 39: `moof`, the table of contents of a fragment.
//!
//! Totals are added to their tracks when the media of a fragment has been found, so that a recording
//! that was broken off counts whole fragments only.

use crate::model::{Check, Finding};

use crate::inspect::boxes::mp4_box::{Boxed, Full};
use crate::inspect::content::{Context, Notepad};
use crate::inspect::media::layout::Pieces;
use crate::inspect::moof::runs::{Header, Run};
use crate::inspect::moov::chunk_extents::{is_inside, outside_mdat};
use crate::inspect::moov::movie::Movie;
use crate::inspect::moov::table;
use crate::inspect::moov::track::Track;
use crate::inspect::top_level::reader::{Extent, Start};

/// What is remembered of the fragments.
#[derive(Clone, Default)]
pub(crate) struct Fragments {
    /// The last fragment, until its media has been found.
    last: Option<Fragment>,
    /// How many are whole.
    whole: u64,
    /// Bytes of media of those.
    bytes: u64,
    /// Where their media ends.
    end: u64,
    /// Number of the last fragment, once there was one.
    sequence: Option<u32>,
    /// The largest number of samples that is a mere claim.
    claim: Option<(u64, Finding)>,
    /// The end of a `moof` whose media goes on past the end of the file.
    pub(crate) cut_after: Option<u64>,
}

/// One fragment.
#[derive(Clone)]
struct Fragment {
    moof: Extent,
    /// What it is called in a path.
    path: String,
    /// Where its samples lie, joined where they touch.
    media: Vec<Extent>,
    totals: Vec<Total>,
}

/// What a fragment adds to a track.
#[derive(Clone, Copy)]
struct Total {
    /// Place of the track in `moov`, counted from 0.
    track: usize,
    samples: u64,
    time: u64,
}

impl Fragment {
    fn is_whole(&self, mdats: &[Extent]) -> bool {
        self.media.iter().all(|media| is_inside(media, mdats))
    }

    fn has_pictures(&self, movie: &Movie) -> bool {
        let is_picture = |total: &Total| movie.tracks.get(total.track).is_some_and(Track::is_video);
        self.totals.iter().any(|total| total.samples > 0 && is_picture(total))
    }
}

impl Fragments {
    /// Whether there is any whole one.
    pub(crate) fn any(&self) -> bool {
        self.whole > 0
    }

    /// How many bytes of media the whole ones use.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Where the media of the whole ones ends.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// Reads a fragment, whose nesting is in order already. That of before is judged: its media
    /// must have come by now.
    pub(crate) fn read(
        &mut self,
        start: &Start,
        moof: Boxed,
        movie: &mut Movie,
        context: &Context,
        notepad: &mut Notepad,
    ) -> Result<Pieces, Finding> {
        self.media_missing(context.mdats, moof.at)?;
        self.count(movie);
        self.sequence(moof.one(*b"mfhd")?, notepad)?;
        let mut place = Place::new(moof.at, context.length);
        for traf in moof.children().flatten().filter(|child| child.kind.0 == *b"traf") {
            let read = track(traf, movie, context, &mut place, notepad);
            self.cut_after = place.is_past_end.then(|| moof.end());
            place.totals.push(read?);
        }
        let Place { media, totals, claim, units, .. } = place;
        self.claim = self.claim.take().into_iter().chain(claim).max_by_key(|claim| claim.0);
        self.last = Some(Fragment { moof: moof.at..moof.end(), path: start.path(), media, totals });
        Ok(units)
    }

    /// Adds the last fragment, which is whole, to its tracks.
    pub(crate) fn count(&mut self, movie: &mut Movie) {
        let Some(fragment) = self.last.take() else { return };
        for total in &fragment.totals {
            if let Some(track) = movie.tracks.get_mut(total.track) {
                track.samples = track.samples.saturating_add(total.samples);
                track.time = track.time.saturating_add(total.time);
            }
        }
        for media in &fragment.media {
            self.bytes = self.bytes.saturating_add(media.end.saturating_sub(media.start));
            self.end = self.end.max(media.end);
        }
        self.whole = self.whole.saturating_add(1);
    }

    /// Whether any picture is in a fragment whose media has come, or in `moov`.
    pub(crate) fn pictures(&self, movie: &Movie, mdats: &[Extent]) -> bool {
        let last = self.last.as_ref().filter(|last| last.is_whole(mdats));
        movie.picture().is_some_and(|track| track.samples > 0)
            || last.is_some_and(|last| last.has_pictures(movie))
    }

    /// Drops the last fragment if its media is cut by the end of the file, `length`; answers the end
    /// of its `moof`. `mdats` are those that are whole.
    pub(crate) fn drop_cut(&mut self, mdats: &[Extent], length: u64) -> Option<u64> {
        let last = self.last.as_ref().filter(|last| !last.is_whole(mdats))?;
        let past_end = last.media.iter().any(|media| media.end > length);
        let none_follows = mdats.last().is_none_or(|mdat| mdat.start < last.moof.start);
        let end = last.moof.end;
        (past_end || none_follows).then(|| self.last = None).map(|()| end)
    }

    /// Check 39: The media of the last fragment is there, in the `mdat` boxes that begin before
    /// `until`. (ISO 14496-12 §8.8.4)
    pub(crate) fn media_missing(&self, mdats: &[Extent], until: u64) -> Result<(), Finding> {
        let Some(fragment) = &self.last else { return Ok(()) };
        let known = mdats.partition_point(|mdat| mdat.start < until);
        let known = mdats.get(..known).unwrap_or_default();
        let lost = fragment.media.iter().find(|media| !is_inside(media, known));
        match lost {
            None => Ok(()),
            Some(_) if known.last().is_none_or(|mdat| mdat.start < fragment.moof.start) => {
                let message = format!(
                    "The fragment at byte {} has no media after it: the recording or the upload \
                     was cut off.",
                    fragment.moof.start
                );
                let finding = Finding::at(Check::MoofWithoutMdat, fragment.moof.start, message);
                Err(finding.within(Some(fragment.path.clone())))
            }
            Some(media) => Err(outside_mdat(media)),
        }
    }

    /// Check 28, for a file whose length was learnt at its end: samples that take no byte in a table
    /// are not more than the file has bytes.
    pub(crate) fn claim_too_large(&self, length: u64) -> Result<(), Finding> {
        let claim = self.claim.as_ref().filter(|(samples, _)| *samples > length);
        claim.map_or(Ok(()), |(_, finding)| Err(finding.clone()))
    }

    /// Gives the finding about a claim its path.
    pub(crate) fn place(&mut self, path: impl Fn(u64) -> Option<String>) {
        if let Some((samples, finding)) = self.claim.take() {
            let found = finding.at.and_then(path);
            self.claim = Some((samples, finding.within(found)));
        }
    }

    /// Check 39: Fragments are numbered upwards. Only noted: joined streams begin again.
    /// (ISO 14496-12 §8.8.5)
    fn sequence(&mut self, mfhd: Boxed, notepad: &mut Notepad) -> Result<(), Finding> {
        let sequence = mfhd.full()?.fields.u32().ok_or_else(|| mfhd.short())?;
        if let Some(before) = self.sequence.filter(|before| sequence <= *before) {
            let message = format!("Fragment number {sequence} follows number {before}.");
            notepad.add(Finding::at(Check::FragSequence, mfhd.at, message));
        }
        self.sequence = Some(sequence);
        Ok(())
    }
}

/// Where the samples of a fragment go.
struct Place {
    moof: u64,
    /// Where data without a position of its own begins.
    next: u64,
    media: Vec<Extent>,
    /// Samples that are chains of units.
    units: Pieces,
    totals: Vec<Total>,
    claim: Option<(u64, Finding)>,
    /// Length of the file, if it is known.
    length: Option<u64>,
    is_past_end: bool,
}

impl Place {
    fn new(moof: u64, length: Option<u64>) -> Self {
        let (media, totals, units) = (Vec::new(), Vec::new(), Pieces::default());
        Self { moof, next: moof, media, units, totals, claim: None, length, is_past_end: false }
    }

    /// Check 31, for fragments: samples lie inside the file.
    fn add(&mut self, trun: Boxed, start: u64, bytes: u64) -> Result<(), Finding> {
        let end = start.saturating_add(bytes);
        self.next = end;
        match self.media.last_mut() {
            _ if bytes == 0 => {}
            Some(last) if last.end == start => last.end = end,
            _ => self.media.push(start..end),
        }
        self.is_past_end = self.length.is_some_and(|length| end > length);
        if self.is_past_end { Err(outside(trun)) } else { Ok(()) }
    }
}

/// Reads `traf`: the samples of one track.
fn track(
    traf: Boxed,
    movie: &mut Movie,
    context: &Context,
    place: &mut Place,
    notepad: &mut Notepad,
) -> Result<Total, Finding> {
    let tfhd = traf.one(*b"tfhd")?;
    let header = Header::read(tfhd)?;
    let known = movie.tracks.iter_mut().enumerate().find(|(_, track)| track.id == header.track);
    let Some((index, track, defaults)) =
        known.and_then(|(index, track)| track.defaults.map(|all| (index, track, all)))
    else {
        return Err(unknown_track(tfhd, header.track));
    };
    let defaults = header.over(defaults);
    if let Some(tfdt) = traf.at_most_one(*b"tfdt")? {
        start_time(tfdt, track, notepad)?;
    }
    let base = header.base(place.moof, place.next);
    place.next = base;
    let mut total = Total { track: index, samples: 0, time: 0 };
    for trun in traf.children().flatten().filter(|child| child.kind.0 == *b"trun") {
        let run = Run::read(trun, defaults, context)?;
        if run.is_claim && place.claim.as_ref().is_none_or(|(samples, _)| *samples < run.samples) {
            place.claim = Some((run.samples, table::too_many(trun, run.samples)));
        }
        let start = run.start(base, place.next).ok_or_else(|| outside(trun))?;
        place.add(trun, start, run.bytes)?;
        if let Some(prefix) = track.prefix() {
            place.units.add(trun, &(start..place.next), defaults.size, prefix);
        }
        total.samples = total.samples.saturating_add(run.samples);
        total.time = total.time.saturating_add(run.time);
    }
    Ok(total)
}

/// Check 39: A fragment belongs to a track that `moov` describes, with its defaults. (`FFmpeg`:
/// trun track id unknown)
fn unknown_track(tfhd: Boxed, id: u32) -> Finding {
    let message = format!(
        "The fragment at byte {} belongs to track {id}, which the file does not describe.",
        tfhd.at
    );
    Finding::at(Check::FragTrackUnknown, tfhd.at, message)
}

/// Check 31, for fragments.
fn outside(trun: Boxed) -> Finding {
    let message =
        format!("The file is not whole: the samples listed at byte {} lie past its end.", trun.at);
    Finding::at(Check::SampleOutsideFile, trun.at, message)
}

/// Check 39: Times go forward. Only noted, for players cope. (ISO 14496-12 §8.8.12)
fn start_time(tfdt: Boxed, track: &mut Track, notepad: &mut Notepad) -> Result<(), Finding> {
    let Full { version, mut fields, .. } = tfdt.full()?;
    let start = fields.sized(version).ok_or_else(|| tfdt.short())?;
    if track.last_start.is_some_and(|last| start < last) {
        let message = format!("The times of track {} run backwards.", track.id);
        notepad.add(Finding::at(Check::TfdtBackwards, tfdt.at, message));
    }
    track.last_start = Some(start);
    Ok(())
}
