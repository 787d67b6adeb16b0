//! One track: `trak` and everything in it.

use crate::model::{Check, Finding};

use crate::inspect::boxes::fields::known;
use crate::inspect::boxes::kind::Kind;
use crate::inspect::boxes::mp4_box::Boxed;
use crate::inspect::content::{Context, Notepad};
use crate::inspect::moov::edit_list;
use crate::inspect::moov::sample_entry::{self, Description, VIDEO};
use crate::inspect::moov::sample_tables::Samples;

/// The largest timescale: above it, arithmetic of players overflows (mp4.md §3.2, check 23).
const MAX_TIMESCALE: u32 = 2_147_483_647;

/// What is remembered of a track.
#[derive(Clone)]
pub(crate) struct Track {
    pub(crate) at: u64,
    pub(crate) id: u32,
    /// What the track is: picture, sound, something else.
    pub(crate) handler: Kind,
    /// Units a second.
    pub(crate) timescale: u32,
    /// Length by `mdhd`, in units of the track.
    pub(crate) stated: Option<u64>,
    /// Length of all samples, in units of the track; fragments included once they are read.
    pub(crate) time: u64,
    /// Number of samples; fragments included once they are read.
    pub(crate) samples: u64,
    /// Geometry and length by `tkhd`.
    pub(crate) shown: Shown,
    /// Length by the edit list, in units of the movie.
    pub(crate) edited: Option<u64>,
    pub(crate) description: Option<Description>,
    /// What fragments fall back on; `None` when the track has none.
    pub(crate) defaults: Option<Defaults>,
    /// Start time of the last fragment.
    pub(crate) last_start: Option<u64>,
}

/// What `trex` says.
#[derive(Clone, Copy)]
pub(crate) struct Defaults {
    pub(crate) duration: u32,
    pub(crate) size: u32,
}

/// What `tkhd` says.
#[derive(Clone, Copy)]
pub(crate) struct Shown {
    id: u32,
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

    /// How many bytes the length of each unit takes, where the samples are chains of units.
    pub(crate) fn prefix(&self) -> Option<u8> {
        self.description.and_then(|description| description.prefix)
    }

    /// The length of all samples, in milliseconds.
    pub(crate) fn time_ms(&self) -> u64 {
        milliseconds(self.time, self.timescale)
    }
}

/// Units of a timescale in milliseconds; 0 with a timescale of 0.
pub(crate) fn milliseconds(time: u64, timescale: u32) -> u64 {
    let thousandfold = u128::from(time).saturating_mul(1000);
    let exact = thousandfold.checked_div(u128::from(timescale)).unwrap_or(0);
    u64::try_from(exact).unwrap_or(u64::MAX)
}

/// Reads a track, and its sample tables if they are in order.
pub(crate) fn read<'a>(
    trak: Boxed<'a>,
    context: &Context,
    notepad: &mut Notepad,
) -> Result<(Track, Option<Samples<'a>>), Finding> {
    let shown = shown(trak.one(*b"tkhd")?)?;
    let mdia = trak.one(*b"mdia")?;
    let (timescale, stated) = media_header(mdia.one(*b"mdhd")?)?;
    let handler = handler(mdia.one(*b"hdlr")?)?;
    let minf = mdia.one(*b"minf")?;
    let stbl = minf.one(*b"stbl")?;
    sample_entry::external(minf)?;
    let (descriptions, description) = sample_entry::read(stbl.one(*b"stsd")?, handler, notepad)?;
    let samples = Samples::read(stbl, context.length)?;
    let samples = checked(samples, descriptions, handler, notepad)?;
    let edited = edit_list::total(trak, notepad)?;
    let read = Track {
        at: trak.at,
        id: shown.id,
        handler,
        timescale,
        stated,
        time: samples.as_ref().map_or(0, Samples::time),
        samples: samples.as_ref().map_or(0, Samples::count),
        shown,
        edited,
        description,
        defaults: None,
        last_start: None,
    };
    Ok((read, samples))
}

/// Checks 29, 30 and 34, with one leniency: an empty track that is no picture and contradicts
/// itself is noted and left out, for dash cameras leave such behind and players do not mind.
fn checked<'a>(
    samples: Samples<'a>,
    descriptions: u32,
    handler: Kind,
    notepad: &mut Notepad,
) -> Result<Option<Samples<'a>>, Finding> {
    match samples.check(descriptions) {
        Ok(()) => Ok(Some(samples)),
        Err(finding) if handler != VIDEO && samples.is_empty() => {
            notepad.add(finding);
            Ok(None)
        }
        Err(finding) => Err(finding),
    }
}

/// Check 22: `tkhd` (ISO 14496-12 §8.3.2).
fn shown(tkhd: Boxed) -> Result<Shown, Finding> {
    let full = tkhd.full()?;
    let (version, mut fields) = (full.version, full.fields);
    let mut read = || {
        fields.sized(version)?; // created
        fields.sized(version)?; // modified
        let id = fields.u32()?;
        fields.skip(4)?;
        let duration = known(fields.sized(version)?, version);
        fields.skip(16)?; // layer, group, volume
        let mut matrix = [0; 9];
        for cell in &mut matrix {
            *cell = fields.i32()?;
        }
        let [a, b, _, c, d, ..] = matrix;
        let (width, _, height, _) = (fields.u16()?, fields.u16()?, fields.u16()?, fields.u16()?);
        Some(Shown { id, duration, rotation: rotation([a, b, c, d]), width, height })
    };
    read().ok_or_else(|| tkhd.short())
}

/// The clockwise rotation that a matrix asks for, if it is one of the four that phones use.
fn rotation(matrix: [i32; 4]) -> Option<u32> {
    match matrix.map(i32::signum) {
        [1, 0, 0, 1] => Some(0),
        [0, 1, -1, 0] => Some(90),
        [-1, 0, 0, -1] => Some(180),
        [0, -1, 1, 0] => Some(270),
        _ => None,
    }
}

/// Checks 22 and 23: `mdhd`: timescale and length (ISO 14496-12 §8.4.2).
fn media_header(mdhd: Boxed) -> Result<(u32, Option<u64>), Finding> {
    let full = mdhd.full()?;
    let (version, mut fields) = (full.version, full.fields);
    let mut read = || {
        fields.sized(version)?; // created
        fields.sized(version)?; // modified
        let found = (fields.u32()?, known(fields.sized(version)?, version));
        fields.skip(4)?; // language
        Some(found)
    };
    let (timescale, duration) = read().ok_or_else(|| mdhd.short())?;
    timescale_invalid(mdhd, timescale)?;
    Ok((timescale, duration))
}

/// Check 23: Everybody divides by the timescale: zero stops players, and the crate `mp4` with them.
/// (mp4.md §1.4)
pub(crate) fn timescale_invalid(found: Boxed, timescale: u32) -> Result<(), Finding> {
    if (1..=MAX_TIMESCALE).contains(&timescale) {
        return Ok(());
    }
    let message = format!(
        "'{}' at byte {} counts {timescale} units a second, which cannot be. The file is damaged.",
        found.kind, found.at
    );
    Err(Finding::at(Check::TimescaleInvalid, found.at, message))
}

/// Check 22: `hdlr`: what the track is. Its name may be missing, as some writers leave it out.
/// (ISO 14496-12 §8.4.3)
fn handler(hdlr: Boxed) -> Result<Kind, Finding> {
    let mut fields = hdlr.full()?.fields;
    let mut read = || {
        fields.skip(4)?;
        fields.kind()
    };
    read().ok_or_else(|| hdlr.short())
}
