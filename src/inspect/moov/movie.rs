//! `moov`: the table of contents.

use jiff::{SignedDuration, Timestamp};

use super::chunk_extents::ChunkExtents;
use super::codec_config::NalFormat;
use super::matrix::{Matrix, Orientation};
use super::sample_durations::milliseconds;
use super::sample_entry::VIDEO;
use super::sample_tables::SampleTables;
use super::tags::{self, Tags};
use super::track::{self, SampleDefaults, Track};
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
    /// Units a second; 0 if the header states an invalid number.
    pub(crate) timescale: u32,
    /// The transformation of all video tracks.
    matrix: Matrix,
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
    /// The video track: one that can be decoded rather than one that cannot, then
    /// one that has samples, then one that is enabled, then the first.
    pub(crate) fn video(&self) -> Option<&Track> {
        let videos = self.tracks.iter().filter(|track| track.is_video());
        // Of equal ones `max_by_key` would return the last.
        videos
            .rev()
            .max_by_key(|track| (track.is_decodable, track.samples > 0, track.header.is_enabled))
    }

    /// The first audio track.
    pub(crate) fn audio(&self) -> Option<&Track> {
        self.tracks.iter().find(|track| track.is_sound())
    }

    /// The duration of the recording in milliseconds: that of the samples of the video track, or of the
    /// longest track if there is none. Headers count only if no sample states a duration.
    pub(crate) fn duration_ms(&self, fragmented: bool) -> Option<u64> {
        let stated = self.duration.filter(|_| !fragmented);
        let stated = || stated.map(|duration| milliseconds(duration, self.timescale));
        self.samples_ms().or_else(stated).filter(|duration| *duration > 0)
    }

    /// The duration of the samples of the video track, or of the longest track if there is none.
    pub(crate) fn samples_ms(&self) -> Option<u64> {
        let longest = || self.media_tracks().map(Track::sample_duration_ms).max();
        let duration = self.video().map(Track::sample_duration_ms).or_else(longest);
        duration.filter(|duration| *duration > 0)
    }

    /// How the video track is turned.
    pub(crate) fn orientation(&self) -> Option<Orientation> {
        Some(self.video()?.header.matrix.orientation(self.matrix))
    }

    /// The video and audio tracks.
    pub(crate) fn media_tracks(&self) -> impl Iterator<Item = &Track> + Clone {
        self.tracks.iter().filter(|track| track.is_video() || track.is_sound())
    }
}

/// What was found in `moov`.
pub(crate) struct ParsedMoov<'a> {
    pub(crate) movie: Movie,
    /// Where all samples lie.
    pub(crate) extents: ChunkExtents,
    /// The tables of the tracks whose samples consist of NAL units.
    pub(crate) nal_tracks: Vec<(SampleTables<'a>, NalFormat)>,
}

/// Reads `moov`, whose nesting has been checked but for that inside its tracks.
pub(crate) fn read<'a>(moov: Mp4Box<'a>, context: &mut Context) -> Checked<ParsedMoov<'a>> {
    check_track_count(moov)?;
    let (mut tracks, tables) = read_tracks(moov, context)?;
    let header = MovieHeader::read(moov.required_child(*b"mvhd")?, context)?;
    let mvex = moov.optional_child(*b"mvex")?;
    check_track_ids(&tracks, mvex.is_some(), context)?;
    let mut fragments = None;
    if let Some(mvex) = mvex {
        read_sample_defaults(mvex, &mut tracks)?;
        fragments = fragments_duration(mvex)?;
    }
    let of = |is_picture| {
        let some = tables.iter().filter(move |tables| tables.is_picture == is_picture);
        some.map(|tables| &tables.tables)
    };
    let extents = ChunkExtents::gather(of(true), of(false), context.length)?;
    if let Some(missing) = extents.missing_samples() {
        context.note(missing);
    }
    let movie = Movie {
        at: moov.at,
        timescale: header.timescale,
        matrix: header.matrix,
        duration: header.duration,
        fragments,
        created_at: created_at(header.created, &tracks, context.now),
        tracks,
        has_mvex: mvex.is_some(),
        tags: tags::read(moov, context),
    };
    let nal_tracks = tables.into_iter().filter_map(|of| Some((of.tables, of.nal_format?)));
    Ok(ParsedMoov { movie, extents, nal_tracks: nal_tracks.collect() })
}

/// The sample tables of a track.
struct TrackTables<'a> {
    tables: SampleTables<'a>,
    is_picture: bool,
    nal_format: Option<NalFormat>,
}

/// Reads the tracks. Only a video track decides: a track that cannot be read is noted and dropped if
/// it is not a video track, or if there is another video track that can be decoded.
fn read_tracks<'a>(
    moov: Mp4Box<'a>,
    context: &mut Context,
) -> Checked<(Vec<Track>, Vec<TrackTables<'a>>)> {
    let (mut tracks, mut tables, mut failed) = (Vec::new(), Vec::new(), Vec::new());
    for trak in moov.children_of(*b"trak") {
        match track::read(trak, context) {
            Ok((track, of_track)) => {
                let (is_picture, nal_format) = (track.is_video(), track.nal_format());
                let of_track =
                    of_track.map(|tables| TrackTables { tables, is_picture, nal_format });
                tracks.push(track);
                tables.extend(of_track);
            }
            Err(finding) => {
                let is_other = track::handler_of(trak).is_some_and(|handler| handler != VIDEO);
                if !is_other && finding.check == Check::Encrypted {
                    return Err(finding);
                }
                failed.push((finding, is_other));
                tracks.push(Track::dropped(trak));
            }
        }
    }
    let has_picture = tracks.iter().any(|track| track.is_video() && track.is_decodable);
    for (finding, is_other) in failed {
        if !is_other && !has_picture {
            return Err(finding);
        }
        context.note(finding);
    }
    Ok((tracks, tables))
}

/// What `mvhd` says.
struct MovieHeader {
    created: u64,
    timescale: u32,
    duration: Option<u64>,
    matrix: Matrix,
}

impl MovieHeader {
    /// Reads `mvhd` (ISO 14496-12 §8.2.2). `TIMESCALE_INVALID` is only a note: the tracks have their
    /// own timescales.
    fn read(mvhd: Mp4Box, context: &mut Context) -> Checked<Self> {
        let header = mvhd.read_full(|mut full| {
            let created = full.sized()?;
            full.sized()?; // modified
            let (timescale, duration) = (full.fields.u32()?, full.sized()?);
            full.fields.skip(16)?; // rate, volume
            let matrix = Matrix::read(&mut full.fields)?;
            full.fields.skip(28)?; // next track
            Some(Self { created, timescale, duration: full.known(duration), matrix })
        })?;
        if track::is_timescale(header.timescale) {
            return Ok(header);
        }
        context.note(track::invalid_timescale(mvhd, header.timescale));
        Ok(Self { timescale: 0, ..header })
    }
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

/// `TRACK_ID_INVALID`: Each track has its own id, and none has 0. Without fragments, which name their
/// tracks, this is only a note. (ISO 14496-12 §8.3.2)
fn check_track_ids(tracks: &[Track], has_fragments: bool, context: &mut Context) -> Checked {
    for (index, track) in tracks.iter().enumerate().filter(|(_, track)| !track.is_dropped) {
        let Track { at, id, .. } = *track;
        let is_used = tracks.iter().take(index).any(|other| other.id == id);
        if id != 0 && !is_used {
            continue;
        }
        let message =
            format!("The track at byte {at} has the id {id}, which is zero or used twice.");
        let finding = Finding::at(Check::TrackIdInvalid, at, message);
        if is_used && has_fragments {
            return Err(finding);
        }
        context.note(finding);
    }
    Ok(())
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

/// The creation time: the first plausible one of the movie and its tracks.
fn created_at(movie: u64, tracks: &[Track], now: Timestamp) -> Option<Timestamp> {
    let of_tracks = tracks.iter().flat_map(|track| [track.header.created, track.created]);
    [movie].into_iter().chain(of_tracks).find_map(|since_1904| plausible_time(since_1904, now))
}

fn plausible_time(since_1904: u64, now: Timestamp) -> Option<Timestamp> {
    let seconds = i64::try_from(since_1904).ok()?.checked_sub(SECONDS_1904_TO_1970)?;
    let created = Timestamp::from_second(seconds).ok()?;
    let latest = now.checked_add(CLOCK_AHEAD).unwrap_or(Timestamp::MAX);
    (seconds >= FIRST_YEAR && created <= latest).then_some(created)
}
