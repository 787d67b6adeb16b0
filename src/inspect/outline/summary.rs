//! One line of what a box says.

use super::partial_box::PartialBox;
use crate::inspect::boxes::{Fields, FourCc, known_duration};
use crate::inspect::moov::track::milliseconds;

/// The most brands, and the most characters of a text, that are shown.
const MAX_BRANDS: usize = 12;
const MAX_TEXT: usize = 80;

/// The summary of a box; `None` for a type without one, or when its fields are not there.
pub(super) fn of(found: &PartialBox) -> Option<String> {
    let mut fields = Fields::new(found.body);
    match &found.kind.0 {
        b"ftyp" | b"styp" => brands(fields),
        b"mdat" => Some("the media".to_owned()),
        b"avc1" | b"avc3" | b"hvc1" | b"hev1" | b"av01" | b"vp09" | b"mp4v" | b"encv" => {
            visual_entry(fields)
        }
        b"mp4a" | b"enca" | b"samr" | b"sawb" => audio_entry(fields),
        [0xA9, ..] => text(fields),
        _ => {
            let [version, _, high, low] = fields.array()?;
            let flags = u32::from_be_bytes([0, 0, high, low]);
            full_box(found.kind, version, flags, fields)
        }
    }
}

/// Boxes with a version and flags.
fn full_box(kind: FourCc, version: u8, flags: u32, mut fields: Fields) -> Option<String> {
    match &kind.0 {
        b"mvhd" | b"mdhd" => duration(version, fields),
        b"tkhd" => track(version, fields),
        b"hdlr" => fields.skip(4).and_then(|()| fields.kind()).map(|kind| kind.to_string()),
        b"stsd" | b"dref" | b"stsc" | b"ctts" | b"elst" => counted(fields, "entry", "entries"),
        b"stss" => counted(fields, "key frame", "key frames"),
        b"keys" => counted(fields, "key", "keys"),
        b"stts" => counted(fields, "run", "runs"),
        b"stco" | b"co64" => counted(fields, "chunk", "chunks"),
        b"trun" => counted(fields, "sample", "samples"),
        b"stsz" => sizes(fields),
        b"stz2" => fields.skip(4).and_then(|()| counted(fields, "sample", "samples")),
        b"mehd" => fields.sized(version).map(|all| format!("{all} units")),
        b"mfhd" => fields.u32().map(|number| format!("number {number}")),
        b"trex" | b"tfhd" => fields.u32().map(|id| format!("track {id}")),
        b"tfdt" => fields.sized(version).map(|from| format!("from {from}")),
        b"url " if flags & 1 == 1 => Some("in this file".to_owned()),
        _ => None,
    }
}

fn brands(mut fields: Fields) -> Option<String> {
    let major = fields.kind()?;
    fields.skip(4)?;
    let mut all = vec![major.to_string()];
    while let Some(brand) = fields.kind().filter(|_| all.len() <= MAX_BRANDS) {
        all.push(brand.to_string());
    }
    Some(all.join(", "))
}

fn counted(mut fields: Fields, one: &str, many: &str) -> Option<String> {
    let count = fields.u32()?;
    Some(format!("{count} {}", if count == 1 { one } else { many }))
}

fn sizes(mut fields: Fields) -> Option<String> {
    let (size, count) = (fields.u32()?, fields.u32()?);
    let each = if size == 0 { String::new() } else { format!(" of {size} bytes") };
    Some(format!("{count} samples{each}"))
}

/// Creation and modification times come first in `mvhd`, `mdhd` and `tkhd`.
fn skip_times(version: u8, fields: &mut Fields) -> Option<()> {
    fields.skip(if version == 0 { 8 } else { 16 })
}

fn duration(version: u8, mut fields: Fields) -> Option<String> {
    skip_times(version, &mut fields)?;
    let timescale = fields.u32()?;
    let length = match known_duration(fields.sized(version)?, version) {
        Some(duration) if timescale > 0 => seconds(milliseconds(duration, timescale)),
        _ => "of unknown length".to_owned(),
    };
    Some(format!("{length}, {timescale} units a second"))
}

fn seconds(millis: u64) -> String {
    let (seconds, millis) = (millis / 1000, millis % 1000);
    format!("{seconds}.{millis:03} s")
}

fn track(version: u8, mut fields: Fields) -> Option<String> {
    skip_times(version, &mut fields)?;
    let id = fields.u32()?;
    fields.skip(4)?;
    fields.sized(version)?;
    fields.skip(52)?; // layer, group, volume, matrix
    let (width, height) = (fields.u32()? >> 16, fields.u32()? >> 16);
    Some(if width == 0 {
        format!("track {id}")
    } else {
        format!("track {id}, {width} by {height}")
    })
}

fn visual_entry(mut fields: Fields) -> Option<String> {
    fields.skip(24)?;
    let (width, height) = (fields.u16()?, fields.u16()?);
    Some(format!("{width} by {height} pixels"))
}

fn audio_entry(mut fields: Fields) -> Option<String> {
    fields.skip(16)?;
    let channels = fields.u16()?;
    fields.skip(6)?;
    let rate = fields.u32()? >> 16;
    Some(format!("{channels} channels, {rate} Hz"))
}

/// A text in QuickTime's `udta`: a length, a language, the text.
fn text(mut fields: Fields) -> Option<String> {
    let length = usize::from(fields.u16()?);
    fields.skip(2)?;
    let text = String::from_utf8_lossy(fields.bytes(length).filter(|text| !text.is_empty())?);
    Some(text.chars().filter(|character| !character.is_control()).take(MAX_TEXT).collect())
}
