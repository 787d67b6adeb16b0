//! `moov`: the table of contents.

use jiff::{SignedDuration, Timestamp};

use crate::model::{Check, Finding};

use crate::inspect::boxes::fields::known;
use crate::inspect::boxes::mp4_box::Boxed;
use crate::inspect::content::{Context, Notepad};
use crate::inspect::moov::chunk_extents::Runs;
use crate::inspect::moov::sample_entry::SOUND;
use crate::inspect::moov::sample_tables::Samples;
use crate::inspect::moov::tags::{self, Tags};
use crate::inspect::moov::track::{self, Defaults, Track, milliseconds};

/// The most tracks; a phone writes up to five, and some things here look at each pair (mp4.md §3.2,
/// check 24).
const MAX_TRACKS: usize = 32;

/// From 1904, where MP4 counts from, to 1970 (ISO 14496-12 §8.2.2).
const SECONDS_1904_TO_1970: i64 = 2_082_844_800;

/// 2001-01-01: no phone made an MP4 before; earlier times are clocks that were never set (mp4.md
/// §4.5).
const FIRST_YEAR: i64 = 978_307_200;

/// How far a phone's clock may be ahead of ours (mp4.md §4.5).
const CLOCK_AHEAD: SignedDuration = SignedDuration::from_hours(24);

/// What is remembered of `moov`.
#[derive(Clone)]
pub(crate) struct Movie {
    pub(crate) at: u64,
    /// Units a second.
    pub(crate) timescale: u32,
    /// Length by `mvhd`, in those units.
    pub(crate) duration: Option<u64>,
    /// Length of all fragments by `mehd`, in those units.
    pub(crate) announced: Option<Announced>,
    pub(crate) created_at: Option<Timestamp>,
    pub(crate) tracks: Vec<Track>,
    /// Whether fragments may follow (`mvex`).
    pub(crate) extends: bool,
    pub(crate) tags: Tags,
}

impl Movie {
    /// The picture: the first track of pictures that has any, else the first.
    pub(crate) fn picture(&self) -> Option<&Track> {
        let mut pictures = self.tracks.iter().filter(|track| track.is_video());
        pictures.clone().find(|track| track.samples > 0).or_else(|| pictures.next())
    }

    /// The first track of sound.
    pub(crate) fn sound(&self) -> Option<&Track> {
        self.tracks.iter().find(|track| track.handler == SOUND)
    }

    /// How long the recording lasts: by `mvhd`; else, and for fragmented files, whose `mvhd` may
    /// speak of a longer stream, by the longest track of picture or sound. In milliseconds.
    pub(crate) fn duration_ms(&self, fragmented: bool) -> Option<u64> {
        let stated = self.duration.filter(|duration| *duration > 0 && !fragmented);
        let stated = stated.map(|duration| milliseconds(duration, self.timescale));
        stated.or_else(|| self.longest_ms()).filter(|duration| *duration > 0)
    }

    /// The tracks of picture or sound.
    pub(crate) fn heard(&self) -> impl Iterator<Item = &Track> {
        self.tracks.iter().filter(|track| track.is_video() || track.handler == SOUND)
    }

    fn longest_ms(&self) -> Option<u64> {
        self.heard().map(Track::time_ms).max()
    }
}

/// What was found in `moov`.
pub(crate) struct Found<'a> {
    pub(crate) movie: Movie,
    /// Where all samples lie.
    pub(crate) runs: Runs,
    /// The tables of the tracks whose samples are chains of units, and the bytes of each length.
    pub(crate) units: Vec<(Samples<'a>, u8)>,
}

/// Reads `moov`, whose nesting is in order already.
pub(crate) fn read<'a>(
    moov: Boxed<'a>,
    context: &Context,
    notepad: &mut Notepad,
) -> Result<Found<'a>, Finding> {
    let header = header(moov.one(*b"mvhd")?)?;
    too_many_tracks(moov)?;
    let mut tracks = Vec::new();
    let mut samples = Vec::new();
    for trak in moov.children().flatten().filter(|child| child.kind.0 == *b"trak") {
        let (track, tables) = track::read(trak, context, notepad)?;
        track_id_invalid(&tracks, &track)?;
        let prefix = track.prefix();
        tracks.push(track);
        samples.extend(tables.map(|tables| (tables, prefix)));
    }
    let mvex = moov.at_most_one(*b"mvex")?;
    let mut announced = None;
    if let Some(mvex) = mvex {
        defaults(mvex, &mut tracks)?;
        announced = Announced::read(mvex)?;
    }
    let runs = Runs::gather(samples.iter().map(|(tables, _)| tables), context.length)?;
    let movie = Movie {
        at: moov.at,
        timescale: header.timescale,
        duration: header.duration,
        announced,
        created_at: created_at(header.created, context.now),
        tracks,
        extends: mvex.is_some(),
        tags: tags::read(moov, notepad),
    };
    let units = samples.into_iter().filter_map(|(tables, prefix)| Some((tables, prefix?)));
    Ok(Found { movie, runs, units: units.collect() })
}

struct Header {
    created: u64,
    timescale: u32,
    duration: Option<u64>,
}

/// Checks 22 and 23: `mvhd` (ISO 14496-12 §8.2.2).
fn header(mvhd: Boxed) -> Result<Header, Finding> {
    let full = mvhd.full()?;
    let (version, mut fields) = (full.version, full.fields);
    let mut read = || {
        let created = fields.sized(version)?;
        fields.sized(version)?; // modified
        let timescale = fields.u32()?;
        let duration = known(fields.sized(version)?, version);
        fields.skip(80)?; // rate, volume, matrix, next track
        Some(Header { created, timescale, duration })
    };
    let header = read().ok_or_else(|| mvhd.short())?;
    track::timescale_invalid(mvhd, header.timescale)?;
    Ok(header)
}

/// Check 24: A bounded number of tracks. Twenty thousand of them keep other readers busy for
/// minutes. (mp4.md §1.3)
fn too_many_tracks(moov: Boxed) -> Result<(), Finding> {
    let count = moov.children().flatten().filter(|child| child.kind.0 == *b"trak").count();
    if count <= MAX_TRACKS {
        return Ok(());
    }
    let message = format!("The file has {count} tracks; at most {MAX_TRACKS} are taken.");
    Err(Finding::at(Check::TooManyTracks, moov.at, message))
}

/// Check 24: Each track has its own number, and none has 0. (ISO 14496-12 §8.3.2)
fn track_id_invalid(before: &[Track], track: &Track) -> Result<(), Finding> {
    if track.id != 0 && before.iter().all(|other| other.id != track.id) {
        return Ok(());
    }
    let message = format!(
        "The track at byte {} has the number {}, which is zero or used twice.",
        track.at, track.id
    );
    Err(Finding::at(Check::TrackIdInvalid, track.at, message))
}

/// Reads `mvex`: what the fragments of each track fall back on (ISO 14496-12 §8.8.3).
fn defaults(mvex: Boxed, tracks: &mut [Track]) -> Result<(), Finding> {
    for trex in mvex.children().flatten().filter(|child| child.kind.0 == *b"trex") {
        let mut fields = trex.full()?.fields;
        let (Some(id), Some(_description), Some(duration), Some(size)) =
            (fields.u32(), fields.u32(), fields.u32(), fields.u32())
        else {
            return Err(trex.short());
        };
        if let Some(track) = tracks.iter_mut().find(|track| track.id == id) {
            track.defaults = Some(Defaults { duration, size });
        }
    }
    Ok(())
}

/// What `mehd` says.
#[derive(Clone, Copy)]
pub(crate) struct Announced {
    /// Where it is.
    pub(crate) at: u64,
    /// Length of all fragments, in units of the movie.
    pub(crate) length: u64,
}

impl Announced {
    /// Check 22: `mehd`, if it says a length (ISO 14496-12 §8.8.2).
    fn read(mvex: Boxed) -> Result<Option<Self>, Finding> {
        let Some(mehd) = mvex.at_most_one(*b"mehd")? else { return Ok(None) };
        let full = mehd.full()?;
        let (version, mut fields) = (full.version, full.fields);
        let stated = fields.sized(version).ok_or_else(|| mehd.short())?;
        Ok(known(stated, version).map(|length| Self { at: mehd.at, length }))
    }
}

/// The creation time, if it can be true.
fn created_at(since_1904: u64, now: Timestamp) -> Option<Timestamp> {
    let seconds = i64::try_from(since_1904).ok()?.checked_sub(SECONDS_1904_TO_1970)?;
    let created = Timestamp::from_second(seconds).ok()?;
    let latest = now.checked_add(CLOCK_AHEAD).unwrap_or(Timestamp::MAX);
    (seconds >= FIRST_YEAR && created <= latest).then_some(created)
}
