//! The one-line summaries of boxes.

use super::partial_box::PartialBox;
use crate::inspect::boxes::{Fields, FourCc, FullBox};
use crate::inspect::moov::sample_durations::milliseconds;
use crate::inspect::moov::track::TrackHeader;

/// Limits of what is shown: brands of a list, characters of a text.
const MAX_BRANDS: usize = 12;
const MAX_TEXT: usize = 80;

/// The summary of a box; `None` for a type without one, or when its fields are not there.
pub(super) fn of(found: &PartialBox) -> Option<String> {
    let mut fields = Fields::new(found.body);
    match &found.kind.0 {
        b"ftyp" | b"styp" => brands(fields),
        b"mdat" => Some("the media".to_owned()),
        b"avc1" | b"avc3" | b"hvc1" | b"hev1" | b"av01" | b"vp09" | b"mp4v" | b"encv" => {
            fields.skip(24)?;
            Some(format!("{} by {} pixels", fields.u16()?, fields.u16()?))
        }
        b"mp4a" | b"enca" | b"samr" | b"sawb" => {
            fields.skip(16)?;
            let channels = fields.u16()?;
            fields.skip(6)?;
            Some(format!("{channels} channels, {} Hz", fields.u32()? >> 16))
        }
        [0xA9, ..] => text(fields),
        _ => {
            let [version, a, b, c] = fields.array()?;
            let flags = u32::from_be_bytes([0, a, b, c]);
            of_full_box(found.kind, FullBox { version, flags, fields })
        }
    }
}

fn of_full_box(kind: FourCc, mut full: FullBox) -> Option<String> {
    match &kind.0 {
        b"mvhd" | b"mdhd" => duration(full),
        b"tkhd" => track(full),
        b"hdlr" => {
            full.fields.skip(4).and_then(|()| full.fields.kind()).map(|kind| kind.to_string())
        }
        b"stsd" | b"dref" | b"stsc" | b"ctts" | b"elst" => counted(full, "entry", "entries"),
        b"stss" => counted(full, "key frame", "key frames"),
        b"keys" => counted(full, "key", "keys"),
        b"stts" => counted(full, "run", "runs"),
        b"stco" | b"co64" => counted(full, "chunk", "chunks"),
        b"trun" => counted(full, "sample", "samples"),
        b"stsz" => {
            let (size, count) = (full.fields.u32()?, full.fields.u32()?);
            let each = if size == 0 { String::new() } else { format!(" of {size} bytes") };
            Some(format!("{count} samples{each}"))
        }
        b"stz2" => full.fields.skip(4).and_then(|()| counted(full, "sample", "samples")),
        b"mehd" => full.sized().map(|duration| format!("{duration} units")),
        b"mfhd" => full.fields.u32().map(|number| format!("number {number}")),
        b"trex" | b"tfhd" => full.fields.u32().map(|id| format!("track {id}")),
        b"tfdt" => full.sized().map(|start| format!("from {start}")),
        b"url " if full.flags & 1 == 1 => Some("in this file".to_owned()),
        _ => None,
    }
}

fn brands(mut fields: Fields) -> Option<String> {
    let mut all = vec![fields.kind()?.to_string()];
    fields.skip(4)?;
    while let Some(brand) = fields.kind().filter(|_| all.len() <= MAX_BRANDS) {
        all.push(brand.to_string());
    }
    Some(all.join(", "))
}

fn counted(mut full: FullBox, one: &str, many: &str) -> Option<String> {
    let count = full.fields.u32()?;
    Some(format!("{count} {}", if count == 1 { one } else { many }))
}

fn duration(mut full: FullBox) -> Option<String> {
    let (_created, _modified) = (full.sized()?, full.sized()?);
    let (timescale, duration) = (full.fields.u32()?, full.sized()?);
    let length = match full.known(duration) {
        Some(duration) if timescale > 0 => {
            let millis = milliseconds(duration, timescale);
            format!("{}.{:03} s", millis / 1000, millis % 1000)
        }
        _ => "of unknown length".to_owned(),
    };
    Some(format!("{length}, {timescale} units a second"))
}

fn track(full: FullBox) -> Option<String> {
    let TrackHeader { id, width, height, .. } = TrackHeader::read(full)?;
    let size = if width == 0 { String::new() } else { format!(", {width} by {height}") };
    Some(format!("track {id}{size}"))
}

/// A text in QuickTime's `udta`: a length, a language, the text.
fn text(mut fields: Fields) -> Option<String> {
    let length = usize::from(fields.u16()?);
    fields.skip(2)?;
    let text = String::from_utf8_lossy(fields.bytes(length).filter(|text| !text.is_empty())?);
    Some(text.chars().filter(|character| !character.is_control()).take(MAX_TEXT).collect())
}
