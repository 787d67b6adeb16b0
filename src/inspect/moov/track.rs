//! One track: `trak` and everything in it.

use super::edit_list;
use super::sample_entry::{self, SampleEntry, VIDEO};
use super::sample_tables::SampleTables;
use crate::inspect::boxes::{Checked, FourCc, FullBox, Mp4Box, ensure};
use crate::inspect::context::Context;
use crate::model::Check;

/// The largest timescale: above it, arithmetic of players overflows.
const MAX_TIMESCALE: u32 = 2_147_483_647;

#[derive(Clone)]
pub(crate) struct Track {
    pub(crate) at: u64,
    pub(crate) id: u32,
    /// What the track is: picture, sound, something else.
    pub(crate) handler: FourCc,
    /// Units a second.
    pub(crate) timescale: u32,
    /// Duration by `mdhd`, in units of the track.
    pub(crate) stated_duration: Option<u64>,
    /// Duration of all samples, in units of the track; fragments are added as they are read.
    pub(crate) sample_duration: u64,
    /// Number of samples; fragments are added as they are read.
    pub(crate) samples: u64,
    /// What `tkhd` says.
    pub(crate) header: TrackHeader,
    /// Duration by the edit list, in units of the movie.
    pub(crate) edited_duration: Option<u64>,
    pub(crate) sample_entry: Option<SampleEntry>,
    /// Defaults for fragments; `None` when the track has none.
    pub(crate) defaults: Option<SampleDefaults>,
    /// Start time of the last fragment.
    pub(crate) last_start: Option<u64>,
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
    /// In units of the movie.
    pub(crate) duration: Option<u64>,
    /// Clockwise, in degrees; `None` for mirrored pictures.
    pub(crate) rotation: Option<u32>,
    /// In pixels, before the rotation.
    pub(crate) width: u16,
    pub(crate) height: u16,
}

impl Track {
    pub(crate) fn is_video(&self) -> bool {
        self.handler == VIDEO
    }

    /// Bytes of the length before each NAL unit, where the samples consist of NAL units.
    pub(crate) fn nal_length_size(&self) -> Option<u8> {
        self.sample_entry.as_ref()?.nal_length_size
    }

    /// The duration of all samples, in milliseconds.
    pub(crate) fn sample_duration_ms(&self) -> u64 {
        milliseconds(self.sample_duration, self.timescale)
    }
}

/// A duration in milliseconds; 0 with a timescale of 0.
pub(crate) fn milliseconds(duration: u64, timescale: u32) -> u64 {
    let thousandfold = u128::from(duration).saturating_mul(1000);
    let exact = thousandfold.checked_div(u128::from(timescale)).unwrap_or(0);
    u64::try_from(exact).unwrap_or(u64::MAX)
}

/// Reads a track, and its sample tables if they are valid.
pub(crate) fn read<'a>(
    trak: Mp4Box<'a>,
    context: &mut Context,
) -> Checked<(Track, Option<SampleTables<'a>>)> {
    let header = trak.required_child(*b"tkhd")?.read_full(TrackHeader::read)?;
    let mdia = trak.required_child(*b"mdia")?;
    let (timescale, stated_duration) = media_header(mdia.required_child(*b"mdhd")?)?;
    let handler = handler(mdia.required_child(*b"hdlr")?)?;
    let minf = mdia.required_child(*b"minf")?;
    let stbl = minf.required_child(*b"stbl")?;
    sample_entry::external(minf)?;
    let stsd = stbl.required_child(*b"stsd")?;
    let (entries, sample_entry) = sample_entry::read(stsd, handler, context)?;
    let tables = SampleTables::read(stbl, context.length)?;
    let tables = check_tables(tables, entries, handler, context)?;
    let parsed = Track {
        at: trak.at,
        id: header.id,
        handler,
        timescale,
        stated_duration,
        sample_duration: tables.as_ref().map_or(0, SampleTables::duration),
        samples: tables.as_ref().map_or(0, SampleTables::sample_count),
        header,
        edited_duration: edit_list::total(trak, context)?,
        sample_entry,
        defaults: None,
        last_start: None,
    };
    Ok((parsed, tables))
}

/// `STSC_INVALID`, `SAMPLE_COUNT_MISMATCH` and `SYNC_TABLE_INVALID`, with one leniency: If a track
/// that is not video is empty, contradictions in its tables are only noted, and the tables are
/// dropped. Dash cameras leave such tracks, and players ignore them.
fn check_tables<'a>(
    tables: SampleTables<'a>,
    entries: u32,
    handler: FourCc,
    context: &mut Context,
) -> Checked<Option<SampleTables<'a>>> {
    match tables.check(entries) {
        Ok(()) => Ok(Some(tables)),
        Err(finding) if handler != VIDEO && tables.is_empty() => {
            context.note(finding);
            Ok(None)
        }
        Err(finding) => Err(finding),
    }
}

impl TrackHeader {
    /// Reads `tkhd` (ISO 14496-12 §8.3.2).
    pub(crate) fn read(mut full: FullBox) -> Option<Self> {
        full.sized()?; // created
        full.sized()?; // modified
        let id = full.fields.u32()?;
        full.fields.skip(4)?;
        let duration = full.sized()?;
        let duration = full.known(duration);
        full.fields.skip(16)?; // layer, group, volume
        let mut matrix = [0; 9];
        for cell in &mut matrix {
            *cell = full.fields.i32()?;
        }
        let [a, b, _, c, d, ..] = matrix;
        let (width, _fraction) = (full.fields.u16()?, full.fields.u16()?);
        let (height, _fraction) = (full.fields.u16()?, full.fields.u16()?);
        Some(Self { id, duration, rotation: rotation([a, b, c, d]), width, height })
    }
}

/// The clockwise rotation of a matrix, if it is one of the four that phones use.
fn rotation(matrix: [i32; 4]) -> Option<u32> {
    match matrix.map(i32::signum) {
        [1, 0, 0, 1] => Some(0),
        [0, 1, -1, 0] => Some(90),
        [-1, 0, 0, -1] => Some(180),
        [0, -1, 1, 0] => Some(270),
        _ => None,
    }
}

/// `TIMESCALE_INVALID`: The timescale of `mdhd`. Also returns its duration (ISO 14496-12 §8.4.2).
fn media_header(mdhd: Mp4Box) -> Checked<(u32, Option<u64>)> {
    let (timescale, duration) = mdhd.read_full(|mut full| {
        full.sized()?; // created
        full.sized()?; // modified
        let (timescale, duration) = (full.fields.u32()?, full.sized()?);
        full.fields.skip(4)?; // language
        Some((timescale, full.known(duration)))
    })?;
    check_timescale(mdhd, timescale)?;
    Ok((timescale, duration))
}

/// `TIMESCALE_INVALID`: Readers divide by the timescale. Zero stops players, and the crate `mp4`
/// too.
pub(crate) fn check_timescale(header: Mp4Box, timescale: u32) -> Checked {
    ensure((1..=MAX_TIMESCALE).contains(&timescale), || {
        let what = format!("has a timescale of {timescale}; 1 to {MAX_TIMESCALE} are valid");
        header.finding(Check::TimescaleInvalid, what)
    })
}

/// Reads `hdlr`: what the track is. Its name may be missing, because some writers leave it out.
/// (ISO 14496-12 §8.4.3)
fn handler(hdlr: Mp4Box) -> Checked<FourCc> {
    hdlr.read_full(|mut full| {
        full.fields.skip(4)?;
        full.fields.kind()
    })
}
