//! A minimal copy of `moov` for the crate `mp4`, whose reader loops, aborts or panics on one in
//! forty damaged files (mp4.md §1.4). It is shown only what our reader has judged: known boxes with
//! 32-bit sizes that tile exactly, no tags, sample entries cut to fixed fields and configuration.
//!
//! Nothing large is copied: the pieces borrow the tables.

use std::borrow::Cow;

use crate::inspect::boxes::fields::length;
use crate::inspect::boxes::kind::Kind;
use crate::inspect::boxes::mp4_box::Boxed;
use crate::inspect::moov::codec_config;
use crate::inspect::moov::sample_entry::{SOUND, VIDEO, VISUAL_ENTRY};

/// Fixed fields of a sound's sample entry (ISO 14496-12 §12.2.3).
const SOUND_ENTRY: usize = 28;

/// `hdlr` without its name, which the crate insists on and some writers leave out.
const HANDLER: usize = 20;

/// `stsd`: version, flags and a count of one.
const ONE_ENTRY: &[u8] = &[0, 0, 0, 0, 0, 0, 0, 1];

/// `stco` without a chunk: the crate is not asked where the samples are, and would copy them all.
const NO_ENTRY: &[u8] = &[0; 8];

/// `dref` with the one entry that says "in this file".
const SELF_CONTAINED: &[u8] = b"\0\0\0\0\0\0\0\x01\0\0\0\x0Curl \0\0\0\x01";

/// A stretch of the copy.
pub(crate) type Piece<'a> = Cow<'a, [u8]>;

/// The copy, and which tracks are in it (their place in `moov`, counted from 0).
pub(crate) struct Copy<'a> {
    pub(crate) pieces: Vec<Piece<'a>>,
    pub(crate) tracks: Vec<usize>,
}

/// Builds the copy of a `moov` that was accepted; `None` if it has something that the crate cannot
/// know.
pub(crate) fn moov(moov: Boxed<'_>) -> Option<Copy<'_>> {
    let mut inner = copied(moov.one(*b"mvhd").ok()?)?;
    let mut tracks = Vec::new();
    let found = moov.children().flatten().filter(|child| child.kind.0 == *b"trak");
    for (place, found) in found.enumerate() {
        if let Some(pieces) = trak(found) {
            inner.extend(pieces);
            tracks.push(place);
        }
    }
    Some(Copy { pieces: wrapped(*b"moov", inner)?, tracks })
}

/// A track of picture or sound that the crate knows.
fn trak(trak: Boxed<'_>) -> Option<Vec<Piece<'_>>> {
    let mdia = trak.one(*b"mdia").ok()?;
    let hdlr = mdia.one(*b"hdlr").ok()?;
    let stbl = mdia.one(*b"minf").and_then(|minf| minf.one(*b"stbl")).ok()?;
    let dref = wrapped(*b"dref", vec![SELF_CONTAINED.into()])?;
    let minf = [wrapped(*b"dinf", dref)?, tables(stbl, handler(hdlr)?)?].concat();
    let name = vec![hdlr.body.get(..HANDLER)?.into(), (&[0_u8; 5][..]).into()];
    let inner =
        [copied(mdia.one(*b"mdhd").ok()?)?, wrapped(*b"hdlr", name)?, wrapped(*b"minf", minf)?];
    let inner = [copied(trak.one(*b"tkhd").ok()?)?, wrapped(*b"mdia", inner.concat())?];
    wrapped(*b"trak", inner.concat())
}

fn handler(hdlr: Boxed) -> Option<Kind> {
    hdlr.body.get(8..12)?.first_chunk().copied().map(Kind)
}

fn tables(stbl: Boxed<'_>, handler: Kind) -> Option<Vec<Piece<'_>>> {
    let mut inner = description(stbl.one(*b"stsd").ok()?, handler)?;
    for kind in [*b"stts", *b"stsc", *b"stsz"] {
        inner.extend(copied(stbl.one(kind).ok()?)?);
    }
    inner.extend(wrapped(*b"stco", vec![NO_ENTRY.into()])?);
    wrapped(*b"stbl", inner)
}

fn description(stsd: Boxed<'_>, handler: Kind) -> Option<Vec<Piece<'_>>> {
    let entry = stsd.children_after(8, true).flatten().next()?;
    let entry = match handler {
        VIDEO => picture(entry)?,
        SOUND => sound(entry)?,
        _ => return None,
    };
    wrapped(*b"stsd", [vec![ONE_ENTRY.into()], entry].concat())
}

/// `hvc1` is shown as `hev1`, which has the same syntax and is the one the crate knows.
fn picture(entry: Boxed<'_>) -> Option<Vec<Piece<'_>>> {
    let kind = match &entry.kind.0 {
        b"hvc1" | b"hev1" => *b"hev1",
        b"avc1" | b"av01" | b"vp09" => entry.kind.0,
        _ => return None,
    };
    let wanted = codec_config::config_kind(entry.kind)?;
    let mut children = entry.children_after(VISUAL_ENTRY, true).flatten();
    let config = children.find(|child| child.kind.0 == wanted)?;
    let fixed = vec![entry.body.get(..VISUAL_ENTRY)?.into()];
    wrapped(kind, [fixed, copied(config)?].concat())
}

/// Only the entries of version 0: QuickTime's others have more fields.
fn sound(entry: Boxed<'_>) -> Option<Vec<Piece<'_>>> {
    let plain = entry.kind.0 == *b"mp4a" && entry.body.get(8..10)? == [0, 0];
    let fixed = entry.body.get(..SOUND_ENTRY)?;
    if plain { wrapped(*b"mp4a", vec![fixed.into()]) } else { None }
}

fn copied(found: Boxed<'_>) -> Option<Vec<Piece<'_>>> {
    wrapped(found.kind.0, vec![found.body.into()])
}

/// A box around some pieces.
fn wrapped(kind: [u8; 4], inner: Vec<Piece<'_>>) -> Option<Vec<Piece<'_>>> {
    let body = inner.iter().map(|piece| length(piece)).fold(0, u64::saturating_add);
    let size = u32::try_from(body.checked_add(8)?).ok()?;
    let header = [size.to_be_bytes(), kind].concat();
    Some([vec![header.into()], inner].concat())
}
