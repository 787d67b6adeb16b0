//! One track: `trak` and everything in it.

use super::codec_config::NalFormat;
use super::edit_list;
use super::matrix::Matrix;
use super::sample_durations::{SampleDurations, milliseconds};
use super::sample_entry::{self, SOUND, SampleEntry, VIDEO};
use super::sample_tables::SampleTables;
use crate::inspect::boxes::{Checked, FourCc, FullBox, Mp4Box, ensure, nesting};
use crate::inspect::context::Context;
use crate::model::{Check, Finding};

/// The largest timescale: above it, arithmetic of players overflows.
const MAX_TIMESCALE: u32 = 2_147_483_647;

#[derive(Clone)]
pub(crate) struct Track {
    pub(crate) at: u64,
    pub(crate) id: u32,
    /// What the track is: video, audio, something else.
    pub(crate) handler: FourCc,
    /// Units a second; 0 for a dropped track.
    pub(crate) timescale: u32,
    /// Duration by `mdhd`, in units of the track.
    pub(crate) stated_duration: Option<u64>,
    /// Duration of all samples; fragments are added as they are read.
    pub(crate) sample_durations: SampleDurations,
    /// Number of samples; fragments are added as they are read.
    pub(crate) samples: u64,
    /// Bytes of all samples; fragments are added as they are read.
    pub(crate) bytes: u64,
    /// What `tkhd` says.
    pub(crate) header: TrackHeader,
    /// Creation time by `mdhd`, as stored.
    pub(crate) created: u64,
    /// Duration by the edit list, in units of the movie.
    pub(crate) edited_duration: Option<u64>,
    pub(crate) sample_entry: Option<SampleEntry>,
    /// Defaults for fragments; `None` when the track has none.
    pub(crate) defaults: Option<SampleDefaults>,
    /// Start time of the last fragment.
    pub(crate) last_start: Option<u64>,
    /// Whether its codec is accepted.
    pub(crate) is_decodable: bool,
    /// Whether the track cannot be read and is ignored.
    pub(crate) is_dropped: bool,
}

/// What `trex` says: duration and size of samples without their own.
#[derive(Clone, Copy)]
pub(crate) struct SampleDefaults {
    pub(crate) duration: u32,
    pub(crate) size: u32,
}

/// What `tkhd` says.
#[derive(Clone, Copy)]
pub(crate) struct TrackHeader {
    pub(crate) id: u32,
    pub(crate) is_enabled: bool,
    /// Creation time, as stored.
    pub(crate) created: u64,
    /// In units of the movie.
    pub(crate) duration: Option<u64>,
    /// The transformation of the picture.
    pub(crate) matrix: Matrix,
    /// In pixels, before the transformation.
    pub(crate) width: u16,
    pub(crate) height: u16,
}

impl Track {
    /// A track that cannot be read. It keeps its place among the tracks.
    pub(crate) fn dropped(trak: Mp4Box) -> Self {
        let header = trak.children_of(*b"tkhd").next();
        let header = header.and_then(|tkhd| tkhd.read_full(TrackHeader::read).ok());
        let header = header.unwrap_or(TrackHeader::UNKNOWN);
        Self {
            at: trak.at,
            id: header.id,
            handler: handler_of(trak).unwrap_or(FourCc(*b"\0\0\0\0")),
            timescale: 0,
            stated_duration: None,
            sample_durations: SampleDurations::default(),
            samples: 0,
            bytes: 0,
            header,
            created: 0,
            edited_duration: None,
            sample_entry: None,
            defaults: None,
            last_start: None,
            is_decodable: false,
            is_dropped: true,
        }
    }

    pub(crate) fn is_video(&self) -> bool {
        self.handler == VIDEO && !self.is_dropped
    }

    pub(crate) fn is_sound(&self) -> bool {
        self.handler == SOUND && !self.is_dropped
    }

    /// How NAL units are delimited in its samples; `None` for other codecs.
    pub(crate) fn nal_format(&self) -> Option<NalFormat> {
        self.sample_entry.as_ref()?.nal_format
    }

    /// The duration of all samples, in milliseconds.
    pub(crate) fn sample_duration_ms(&self) -> u64 {
        milliseconds(self.sample_durations.total(), self.timescale)
    }
}

/// Reads a track, and its sample tables if they are valid.
pub(crate) fn read<'a>(
    trak: Mp4Box<'a>,
    context: &mut Context,
) -> Checked<(Track, Option<SampleTables<'a>>)> {
    nesting::check(trak, |spare| context.note(spare))?;
    let header = trak.required_child(*b"tkhd")?.read_full(TrackHeader::read)?;
    let mdia = trak.required_child(*b"mdia")?;
    let MediaHeader { created, timescale, duration } =
        MediaHeader::read(mdia.required_child(*b"mdhd")?)?;
    let handler = handler(mdia.required_child(*b"hdlr")?)?;
    let minf = mdia.required_child(*b"minf")?;
    let stbl = minf.required_child(*b"stbl")?;
    sample_entry::external(minf, context)?;
    let stsd = stbl.required_child(*b"stsd")?;
    let (entries, sample_entry) = sample_entry::read(stsd, handler, context)?;
    let codec = sample_entry.as_ref().map(|entry| entry.kind.to_string());
    let is_decodable = codec.is_some_and(|codec| context.rules.accepts_codec(&codec));
    let tables = read_tables(stbl, entries, handler, context)?;
    let durations = tables.as_ref().map(|tables| tables.durations(timescale));
    let parsed = Track {
        at: trak.at,
        id: header.id,
        handler,
        timescale,
        stated_duration: duration,
        sample_durations: durations.unwrap_or_default(),
        samples: tables.as_ref().map_or(0, SampleTables::sample_count),
        bytes: tables.as_ref().map_or(0, SampleTables::byte_count),
        header,
        created,
        edited_duration: edit_list::total(trak, context)?,
        sample_entry,
        defaults: None,
        last_start: None,
        is_decodable,
        is_dropped: false,
    };
    Ok((parsed, tables))
}

/// Reads the sample tables. Those of a track that is not video may contradict themselves: this is
/// only noted, and the tables are dropped. Players ignore such tracks.
fn read_tables<'a>(
    stbl: Mp4Box<'a>,
    entries: u32,
    handler: FourCc,
    context: &mut Context,
) -> Checked<Option<SampleTables<'a>>> {
    let tables = SampleTables::read(stbl, context.length)
        .and_then(|tables| tables.check(entries, context).map(|()| tables));
    match tables {
        Ok(tables) => Ok(Some(tables)),
        Err(finding) if handler != VIDEO => {
            context.note(finding);
            Ok(None)
        }
        Err(finding) => Err(finding),
    }
}

impl TrackHeader {
    /// Of a track whose `tkhd` cannot be read.
    const UNKNOWN: Self = Self {
        id: 0,
        is_enabled: false,
        created: 0,
        duration: None,
        matrix: Matrix::NONE,
        width: 0,
        height: 0,
    };

    /// Reads `tkhd` (ISO 14496-12 §8.3.2).
    pub(crate) fn read(mut full: FullBox) -> Option<Self> {
        let is_enabled = full.flags & 1 != 0;
        let created = full.sized()?;
        full.sized()?; // modified
        let id = full.fields.u32()?;
        full.fields.skip(4)?;
        let duration = full.sized()?;
        let duration = full.known(duration);
        full.fields.skip(16)?; // layer, group, volume
        let matrix = Matrix::read(&mut full.fields)?;
        let (width, _fraction) = (full.fields.u16()?, full.fields.u16()?);
        let (height, _fraction) = (full.fields.u16()?, full.fields.u16()?);
        Some(Self { id, is_enabled, created, duration, matrix, width, height })
    }
}

/// What `mdhd` says.
struct MediaHeader {
    created: u64,
    timescale: u32,
    duration: Option<u64>,
}

impl MediaHeader {
    /// `TIMESCALE_INVALID`: Reads `mdhd` (ISO 14496-12 §8.4.2). Readers divide by the timescale. Zero
    /// stops players, and the crate `mp4` too.
    fn read(mdhd: Mp4Box) -> Checked<Self> {
        let header = mdhd.read_full(|mut full| {
            let created = full.sized()?;
            full.sized()?; // modified
            let (timescale, duration) = (full.fields.u32()?, full.sized()?);
            full.fields.skip(4)?; // language
            Some(Self { created, timescale, duration: full.known(duration) })
        })?;
        ensure(is_timescale(header.timescale), || invalid_timescale(mdhd, header.timescale))?;
        Ok(header)
    }
}

pub(crate) fn is_timescale(timescale: u32) -> bool {
    (1..=MAX_TIMESCALE).contains(&timescale)
}

pub(crate) fn invalid_timescale(header: Mp4Box, timescale: u32) -> Finding {
    let what = format!("has a timescale of {timescale}; 1 to {MAX_TIMESCALE} are valid");
    header.finding(Check::TimescaleInvalid, what)
}

/// Reads `hdlr`: what the track is. Its name may be missing, because some writers leave it out.
/// (ISO 14496-12 §8.4.3)
fn handler(hdlr: Mp4Box) -> Checked<FourCc> {
    hdlr.read_full(|mut full| {
        full.fields.skip(4)?;
        full.fields.kind()
    })
}

/// What a track is, as far as it can be read.
pub(crate) fn handler_of(trak: Mp4Box) -> Option<FourCc> {
    let mdia = trak.children_of(*b"mdia").next()?;
    handler(mdia.children_of(*b"hdlr").next()?).ok()
}
