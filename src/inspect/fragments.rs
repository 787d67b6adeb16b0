//! Check 39: `moof`, the table of contents of a fragment.

use crate::model::{Check, Finding};

use super::boxes::{Boxed, Full};
use super::bytes::Fields;
use super::content::{Context, Notepad};
use super::extents::{is_inside, outside_mdat};
use super::layout::Pieces;
use super::movie::Movie;
use super::tables;
use super::top::Extent;
use super::track::{Defaults, Track};

/// What is remembered of the fragments.
#[derive(Clone, Default)]
pub(super) struct Fragments {
    /// The last fragment, until its media has been found.
    last: Option<Fragment>,
    /// Bytes of media of all the fragments before it.
    bytes: u64,
    sequence: u32,
}

#[derive(Clone)]
struct Fragment {
    at: u64,
    /// What it is called in a path.
    path: String,
    /// Where its samples lie, joined where they touch.
    media: Vec<Extent>,
}

impl Fragments {
    /// Whether there was any.
    pub(super) fn any(&self) -> bool {
        self.last.is_some()
    }

    /// How many bytes of media the fragments use.
    pub(super) fn bytes(&self) -> u64 {
        let last = self.last.iter().flat_map(|fragment| &fragment.media);
        last.fold(self.bytes, |sum, media| {
            sum.saturating_add(media.end.saturating_sub(media.start))
        })
    }

    /// Reads a fragment, whose nesting is in order already. That of before is judged: its media
    /// must have come by now.
    pub(super) fn read(
        &mut self,
        moof: Boxed,
        path: String,
        movie: &mut Movie,
        context: &Context,
        notepad: &mut Notepad,
    ) -> Result<Pieces, Finding> {
        self.media_missing(context.mdats, moof.at)?;
        self.bytes = self.bytes();
        self.sequence(moof.one(*b"mfhd")?, notepad)?;
        let mut place = Place::new(moof.at);
        for traf in moof.children().flatten().filter(|child| child.kind.0 == *b"traf") {
            track(traf, movie, context, &mut place, notepad)?;
        }
        self.last = Some(Fragment { at: moof.at, path, media: place.media });
        Ok(place.units)
    }

    /// Check 39: The media of the last fragment is there, in the `mdat` boxes that begin before
    /// `until`.
    pub(super) fn media_missing(&self, mdats: &[Extent], until: u64) -> Result<(), Finding> {
        let Some(fragment) = &self.last else { return Ok(()) };
        let known = mdats.partition_point(|mdat| mdat.start < until);
        let known = mdats.get(..known).unwrap_or_default();
        let lost = fragment.media.iter().find(|media| !is_inside(media, known));
        match lost {
            None => Ok(()),
            Some(_) if known.last().is_none_or(|mdat| mdat.start < fragment.at) => {
                let message = format!(
                    "The fragment at byte {} has no media after it: the recording or the upload \
                     was cut off. Send the complete file.",
                    fragment.at
                );
                let finding = Finding::at(Check::MoofWithoutMdat, fragment.at, message);
                Err(finding.within(Some(fragment.path.clone())))
            }
            Some(media) => Err(outside_mdat(media)),
        }
    }

    /// Check 39: Fragments are numbered upwards. Only noted: joined streams begin again.
    fn sequence(&mut self, mfhd: Boxed, notepad: &mut Notepad) -> Result<(), Finding> {
        let sequence = mfhd.full()?.fields.u32().ok_or_else(|| mfhd.short())?;
        if self.any() && sequence <= self.sequence {
            let message = format!("Fragment number {sequence} follows number {}.", self.sequence);
            notepad.add(Finding::at(Check::FragSequence, mfhd.at, message));
        }
        self.sequence = sequence;
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
}

impl Place {
    fn new(moof: u64) -> Self {
        Self { moof, next: moof, media: Vec::new(), units: Pieces::default() }
    }

    fn add(&mut self, start: u64, bytes: u64) {
        let end = start.saturating_add(bytes);
        self.next = end;
        match self.media.last_mut() {
            _ if bytes == 0 => {}
            Some(last) if last.end == start => last.end = end,
            _ => self.media.push(start..end),
        }
    }
}

/// Reads `traf`: the samples of one track.
fn track(
    traf: Boxed,
    movie: &mut Movie,
    context: &Context,
    place: &mut Place,
    notepad: &mut Notepad,
) -> Result<(), Finding> {
    let tfhd = traf.one(*b"tfhd")?;
    let header = Header::read(tfhd)?;
    let known = movie.tracks.iter_mut().find(|track| track.id == header.track);
    let Some((track, defaults)) = known.and_then(|track| track.defaults.map(|all| (track, all)))
    else {
        return Err(unknown_track(tfhd, header.track));
    };
    let defaults = header.over(defaults);
    if let Some(tfdt) = traf.at_most_one(*b"tfdt")? {
        start_time(tfdt, track, notepad)?;
    }
    let base = header.base(place);
    place.next = base;
    for trun in traf.children().flatten().filter(|child| child.kind.0 == *b"trun") {
        let run = Run::read(trun, defaults, context)?;
        let start = run.start(base, place.next).ok_or_else(|| outside(trun))?;
        place.add(start, run.bytes);
        if let Some(prefix) = track.prefix() {
            place.units.add(trun, &(start..place.next), defaults.size, prefix);
        }
        if context.length.is_some_and(|length| place.next > length) {
            return Err(outside(trun));
        }
        track.samples = track.samples.saturating_add(run.samples);
        track.time = track.time.saturating_add(run.time);
    }
    Ok(())
}

/// Check 39: A fragment belongs to a track that `moov` describes, with its defaults. (`FFmpeg`:
/// trun track id unknown)
fn unknown_track(tfhd: Boxed, id: u32) -> Finding {
    let message = format!(
        "The fragment at byte {} belongs to track {id}, which the file does not describe. Send \
         the complete recording, not a piece of a stream.",
        tfhd.at
    );
    Finding::at(Check::FragTrackUnknown, tfhd.at, message)
}

/// Check 31, for fragments.
fn outside(trun: Boxed) -> Finding {
    let message = format!(
        "The file is not whole: the samples listed at byte {} lie past its end. Send the complete \
         file.",
        trun.at
    );
    Finding::at(Check::SampleOutsideFile, trun.at, message)
}

/// Check 39: Times go forward. Only noted, for players cope.
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

/// `tfhd` (ISO 14496-12 §8.8.7).
struct Header {
    track: u32,
    base: Option<u64>,
    duration: Option<u32>,
    size: Option<u32>,
    base_is_moof: bool,
}

impl Header {
    fn read(tfhd: Boxed) -> Result<Self, Finding> {
        let Full { flags, mut fields, .. } = tfhd.full()?;
        let mut read = || {
            let track = fields.u32().ok_or(Short)?;
            let base = optional(flags & 0x01, || fields.u64())?;
            optional(flags & 0x02, || fields.u32())?; // description
            let duration = optional(flags & 0x08, || fields.u32())?;
            let size = optional(flags & 0x10, || fields.u32())?;
            Ok(Self { track, base, duration, size, base_is_moof: flags & 0x02_0000 != 0 })
        };
        read().map_err(|Short| tfhd.short())
    }

    /// Its own defaults before those of the track.
    fn over(&self, track: Defaults) -> Defaults {
        Defaults {
            duration: self.duration.unwrap_or(track.duration),
            size: self.size.unwrap_or(track.size),
        }
    }

    /// What positions count from: stated, else `moof`, else the end of the track before.
    fn base(&self, place: &Place) -> u64 {
        let implied = if self.base_is_moof { place.moof } else { place.next };
        self.base.unwrap_or(implied)
    }
}

/// The fields of a box end before the flags say so.
struct Short;

/// A field that is there when its flag is set.
fn optional<T>(flag: u32, read: impl FnOnce() -> Option<T>) -> Result<Option<T>, Short> {
    (flag != 0).then(|| read().ok_or(Short)).transpose()
}

/// `trun`, summed up (ISO 14496-12 §8.8.8).
struct Run {
    offset: Option<i32>,
    samples: u64,
    bytes: u64,
    time: u64,
}

impl Run {
    /// Check 28: The count fits the bytes that are there; samples without fields of their own are
    /// limited by the length of the file.
    fn read(trun: Boxed, defaults: Defaults, context: &Context) -> Result<Self, Finding> {
        let Full { flags, mut fields, .. } = trun.full()?;
        let mut read = || {
            let count = fields.u32().ok_or(Short)?;
            let offset = optional(flags & 0x01, || fields.i32())?;
            optional(flags & 0x04, || fields.u32())?; // flags of the first sample
            Ok((count, offset))
        };
        let (count, offset) = read().map_err(|Short| trun.short())?;
        let samples = u64::from(count);
        let (has_duration, has_size) = (flags & 0x100 != 0, flags & 0x200 != 0);
        let others = (flags & 0xC00).count_ones();
        let too_many = || tables::too_many(trun, samples);
        if flags & 0xF00 == 0 && context.length.is_some_and(|length| samples > length) {
            return Err(too_many());
        }
        let own = own_fields(fields, count, has_duration, has_size, others).ok_or_else(too_many)?;
        let all = |each: u32| samples.saturating_mul(u64::from(each));
        let time = if has_duration { own.time } else { all(defaults.duration) };
        let bytes = if has_size { own.bytes } else { all(defaults.size) };
        Ok(Self { offset, samples, bytes, time })
    }

    fn start(&self, base: u64, next: u64) -> Option<u64> {
        self.offset.map_or(Some(next), |offset| base.checked_add_signed(i64::from(offset)))
    }
}

#[derive(Default)]
struct Own {
    time: u64,
    bytes: u64,
}

/// The sums of the fields that each sample has of its own; `None` when they end too early.
fn own_fields(
    mut fields: Fields,
    count: u32,
    has_duration: bool,
    has_size: bool,
    others: u32,
) -> Option<Own> {
    let mut own = Own::default();
    if !has_duration && !has_size && others == 0 {
        return Some(own); // no loop over a mere claim
    }
    for _ in 0..count {
        if has_duration {
            own.time = own.time.saturating_add(u64::from(fields.u32()?));
        }
        if has_size {
            own.bytes = own.bytes.saturating_add(u64::from(fields.u32()?));
        }
        for _ in 0..others {
            fields.u32()?;
        }
    }
    Some(own)
}
