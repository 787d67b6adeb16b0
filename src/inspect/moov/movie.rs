//! `moov`: the table of contents.

use jiff::{SignedDuration, Timestamp};

use super::chunk_extents::ChunkExtents;
use super::sample_entry::SOUND;
use super::sample_tables::SampleTables;
use super::tags::{self, Tags};
use super::track::{self, SampleDefaults, Track, milliseconds};
use crate::inspect::boxes::{Checked, Mp4Box, ensure};
use crate::inspect::context::Context;
use crate::model::{Check, Finding};

/// The most tracks; a phone writes up to five, and some checks compare each pair.
const MAX_TRACKS: usize = 32;

/// From 1904, the epoch of MP4, to 1970 (ISO 14496-12 §8.2.2).
const SECONDS_1904_TO_1970: i64 = 2_082_844_800;

/// 2001-01-01: no phone made an MP4 before; earlier times are clocks that were never set.
const FIRST_YEAR: i64 = 978_307_200;

/// How far a phone's clock may be ahead of ours.
const CLOCK_AHEAD: SignedDuration = SignedDuration::from_hours(24);

#[derive(Clone)]
pub(crate) struct Movie {
    pub(crate) at: u64,
    /// Units a second.
    pub(crate) timescale: u32,
    /// Duration by `mvhd`, in those units.
    pub(crate) duration: Option<u64>,
    /// Duration of all fragments by `mehd`.
    pub(crate) fragments: Option<FragmentsDuration>,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) tracks: Vec<Track>,
    /// Whether fragments may follow (`mvex`).
    pub(crate) has_mvex: bool,
    pub(crate) tags: Tags,
}

/// What `mehd` says.
#[derive(Clone, Copy)]
pub(crate) struct FragmentsDuration {
    /// Position of `mehd`.
    pub(crate) at: u64,
    /// In units of the movie.
    pub(crate) duration: u64,
}

impl Movie {
    /// The first video track that has samples, else the first video track.
    pub(crate) fn video(&self) -> Option<&Track> {
        let mut videos = self.tracks.iter().filter(|track| track.is_video());
        videos.clone().find(|track| track.samples > 0).or_else(|| videos.next())
    }

    /// The first audio track.
    pub(crate) fn audio(&self) -> Option<&Track> {
        self.tracks.iter().find(|track| track.handler == SOUND)
    }

    /// The duration of the recording in milliseconds: that of `mvhd`; without one, that of the
    /// longest video or audio track. For a fragmented file it is always that of the tracks, because
    /// its `mvhd` may describe a longer stream.
    pub(crate) fn duration_ms(&self, fragmented: bool) -> Option<u64> {
        let stated = self.duration.filter(|duration| *duration > 0 && !fragmented);
        let stated = stated.map(|duration| milliseconds(duration, self.timescale));
        let longest = || self.media_tracks().map(Track::sample_duration_ms).max();
        stated.or_else(longest).filter(|duration| *duration > 0)
    }

    /// The video and audio tracks.
    pub(crate) fn media_tracks(&self) -> impl Iterator<Item = &Track> {
        self.tracks.iter().filter(|track| track.is_video() || track.handler == SOUND)
    }
}

/// What was found in `moov`.
pub(crate) struct ParsedMoov<'a> {
    pub(crate) movie: Movie,
    /// Where all samples lie.
    pub(crate) extents: ChunkExtents,
    /// The tables of the tracks whose samples consist of NAL units, and the number of bytes of each
    /// NAL length.
    pub(crate) nal_tracks: Vec<(SampleTables<'a>, u8)>,
}

/// Reads `moov`, whose nesting has been checked.
pub(crate) fn read<'a>(moov: Mp4Box<'a>, context: &mut Context) -> Checked<ParsedMoov<'a>> {
    let (created, timescale, duration) = movie_header(moov.required_child(*b"mvhd")?)?;
    check_track_count(moov)?;
    let mut tracks = Vec::new();
    let mut tables = Vec::new();
    for trak in moov.children_of(*b"trak") {
        let (track, of_track) = track::read(trak, context)?;
        check_track_id(&tracks, &track)?;
        let nal_length_size = track.nal_length_size();
        tracks.push(track);
        tables.extend(of_track.map(|of_track| (of_track, nal_length_size)));
    }
    let mvex = moov.optional_child(*b"mvex")?;
    let mut fragments = None;
    if let Some(mvex) = mvex {
        read_sample_defaults(mvex, &mut tracks)?;
        fragments = fragments_duration(mvex)?;
    }
    let extents = ChunkExtents::gather(tables.iter().map(|(tables, _)| tables), context.length)?;
    let movie = Movie {
        at: moov.at,
        timescale,
        duration,
        fragments,
        created_at: created_at(created, context.now),
        tracks,
        has_mvex: mvex.is_some(),
        tags: tags::read(moov, context),
    };
    let nal_tracks = tables.into_iter().filter_map(|(tables, size)| Some((tables, size?)));
    Ok(ParsedMoov { movie, extents, nal_tracks: nal_tracks.collect() })
}

/// Reads `mvhd`: creation time, timescale (`TIMESCALE_INVALID`) and duration (ISO 14496-12 §8.2.2).
fn movie_header(mvhd: Mp4Box) -> Checked<(u64, u32, Option<u64>)> {
    let header = mvhd.read_full(|mut full| {
        let created = full.sized()?;
        full.sized()?; // modified
        let (timescale, duration) = (full.fields.u32()?, full.sized()?);
        full.fields.skip(80)?; // rate, volume, matrix, next track
        Some((created, timescale, full.known(duration)))
    })?;
    track::check_timescale(mvhd, header.1)?;
    Ok(header)
}

/// `TOO_MANY_TRACKS`: The number of tracks is bounded. Twenty thousand of them keep other readers
/// busy for minutes.
fn check_track_count(moov: Mp4Box) -> Checked {
    let count = moov.children_of(*b"trak").count();
    ensure(count <= MAX_TRACKS, || {
        let what = format!("has {count} tracks; the limit is {MAX_TRACKS}");
        moov.finding(Check::TooManyTracks, what)
    })
}

/// `TRACK_ID_INVALID`: Each track has its own id, and none has 0. (ISO 14496-12 §8.3.2)
fn check_track_id(before: &[Track], track: &Track) -> Checked {
    let Track { at, id, .. } = *track;
    ensure(id != 0 && before.iter().all(|other| other.id != id), || {
        let message =
            format!("The track at byte {at} has the id {id}, which is zero or used twice.");
        Finding::at(Check::TrackIdInvalid, at, message)
    })
}

/// Reads `trex`: the defaults for the fragments of each track (ISO 14496-12 §8.8.3).
fn read_sample_defaults(mvex: Mp4Box, tracks: &mut [Track]) -> Checked {
    for trex in mvex.children_of(*b"trex") {
        let (id, defaults) = trex.read_full(|mut full| {
            let (id, _sample_entry) = (full.fields.u32()?, full.fields.u32()?);
            let (duration, size) = (full.fields.u32()?, full.fields.u32()?);
            Some((id, SampleDefaults { duration, size }))
        })?;
        if let Some(track) = tracks.iter_mut().find(|track| track.id == id) {
            track.defaults = Some(defaults);
        }
    }
    Ok(())
}

/// Reads `mehd`, if it states a duration (ISO 14496-12 §8.8.2).
fn fragments_duration(mvex: Mp4Box) -> Checked<Option<FragmentsDuration>> {
    let Some(mehd) = mvex.optional_child(*b"mehd")? else { return Ok(None) };
    let duration = mehd.read_full(|mut full| {
        let duration = full.sized()?;
        Some(full.known(duration))
    })?;
    Ok(duration.map(|duration| FragmentsDuration { at: mehd.at, duration }))
}

/// The creation time, if it is plausible.
fn created_at(since_1904: u64, now: Timestamp) -> Option<Timestamp> {
    let seconds = i64::try_from(since_1904).ok()?.checked_sub(SECONDS_1904_TO_1970)?;
    let created = Timestamp::from_second(seconds).ok()?;
    let latest = now.checked_add(CLOCK_AHEAD).unwrap_or(Timestamp::MAX);
    (seconds >= FIRST_YEAR && created <= latest).then_some(created)
}
