//! A minimal copy of `moov` for the crate `mp4`, whose reader loops, aborts or panics on one in
//! forty damaged files. The copy contains only what our reader has checked: known boxes with 32-bit
//! sizes that fill their parents, sample entries reduced to fixed fields and configuration, no
//! tags.
//!
//! Nothing large is copied: the pieces borrow the tables.

use std::borrow::Cow;

use crate::inspect::boxes::nesting::{
    AUDIO_ENTRY, VISUAL_ENTRY, codec_config_kind, is_plain_audio_entry,
};
use crate::inspect::boxes::{FourCc, Mp4Box, length};
use crate::inspect::moov::sample_entry::{SOUND, VIDEO};

/// `hdlr` without its name, which the crate requires and some writers leave out.
const HANDLER: usize = 20;

/// `stsd`: version, flags and a count of one.
const ONE_ENTRY: &[u8] = &[0, 0, 0, 0, 0, 0, 0, 1];

/// `stco` without a chunk: the crate need not know where the samples are, and would copy them all.
const NO_ENTRY: &[u8] = &[0; 8];

/// `dref` with the one entry that says "in this file".
const SELF_CONTAINED: &[u8] = b"\0\0\0\0\0\0\0\x01\0\0\0\x0Curl \0\0\0\x01";

/// Consecutive bytes of the copy.
pub(super) type Piece<'a> = Cow<'a, [u8]>;

type Pieces<'a> = Vec<Piece<'a>>;

/// The copy, and the indexes in `moov` of the tracks in it.
pub(super) struct Rebuilt<'a> {
    pub(super) pieces: Pieces<'a>,
    pub(super) tracks: Vec<usize>,
}

/// Builds the copy of a valid `moov` from the tracks that could be read; `None` if it has something
/// that the crate does not know.
pub(super) fn moov(moov: Mp4Box<'_>, is_read: impl Fn(usize) -> bool) -> Option<Rebuilt<'_>> {
    let mut inner = child(moov, *b"mvhd")?;
    let mut tracks = Vec::new();
    for (index, found) in
        moov.children_of(*b"trak").enumerate().filter(|(index, _)| is_read(*index))
    {
        if let Some(pieces) = trak(found) {
            inner.extend(pieces);
            tracks.push(index);
        }
    }
    Some(Rebuilt { pieces: wrapped(*b"moov", inner)?, tracks })
}

/// A video or audio track that the crate knows.
fn trak(trak: Mp4Box<'_>) -> Option<Pieces<'_>> {
    let mdia = trak.required_child(*b"mdia").ok()?;
    let hdlr = mdia.required_child(*b"hdlr").ok()?;
    let stbl = mdia.required_child(*b"minf").and_then(|minf| minf.required_child(*b"stbl")).ok()?;
    let dref = wrapped(*b"dref", vec![SELF_CONTAINED.into()])?;
    let minf = [wrapped(*b"dinf", dref)?, tables(stbl, handler_type(hdlr)?)?].concat();
    let hdlr = vec![hdlr.body.get(..HANDLER)?.into(), (&[0_u8; 5][..]).into()];
    let inner = [child(mdia, *b"mdhd")?, wrapped(*b"hdlr", hdlr)?, wrapped(*b"minf", minf)?];
    let inner = [child(trak, *b"tkhd")?, wrapped(*b"mdia", inner.concat())?];
    wrapped(*b"trak", inner.concat())
}

fn handler_type(hdlr: Mp4Box) -> Option<FourCc> {
    hdlr.body.get(8..12)?.first_chunk().copied().map(FourCc)
}

fn tables(stbl: Mp4Box<'_>, handler: FourCc) -> Option<Pieces<'_>> {
    let mut inner = sample_entry(stbl.required_child(*b"stsd").ok()?, handler)?;
    for kind in [*b"stts", *b"stsc", *b"stsz"] {
        inner.extend(child(stbl, kind)?);
    }
    inner.extend(wrapped(*b"stco", vec![NO_ENTRY.into()])?);
    wrapped(*b"stbl", inner)
}

fn sample_entry(stsd: Mp4Box<'_>, handler: FourCc) -> Option<Pieces<'_>> {
    let entry = stsd.children_after(8, true).flatten().next()?;
    let entry = match handler {
        VIDEO => visual(entry)?,
        // QuickTime's versions 1 and 2 have more fields.
        SOUND if is_plain_audio_entry(entry.kind, entry.body) => {
            wrapped(*b"mp4a", vec![entry.body.get(..AUDIO_ENTRY)?.into()])?
        }
        _ => return None,
    };
    wrapped(*b"stsd", [vec![ONE_ENTRY.into()], entry].concat())
}

/// `hvc1` becomes `hev1`: both have the same syntax, and the crate knows only `hev1`.
fn visual(entry: Mp4Box<'_>) -> Option<Pieces<'_>> {
    let kind = match &entry.kind.0 {
        b"hvc1" | b"hev1" => *b"hev1",
        b"avc1" | b"av01" | b"vp09" => entry.kind.0,
        _ => return None,
    };
    let config_kind = codec_config_kind(entry.kind)?;
    let mut children = entry.children_after(VISUAL_ENTRY, true).flatten();
    let config = children.find(|child| child.kind == config_kind)?;
    let fixed = vec![entry.body.get(..VISUAL_ENTRY)?.into()];
    wrapped(kind, [fixed, copied(config)?].concat())
}

fn child(parent: Mp4Box<'_>, kind: [u8; 4]) -> Option<Pieces<'_>> {
    copied(parent.required_child(kind).ok()?)
}

fn copied(found: Mp4Box<'_>) -> Option<Pieces<'_>> {
    wrapped(found.kind.0, vec![found.body.into()])
}

/// A box around some pieces.
fn wrapped(kind: [u8; 4], inner: Pieces<'_>) -> Option<Pieces<'_>> {
    let body = inner.iter().map(|piece| length(piece)).fold(0, u64::saturating_add);
    let size = u32::try_from(body.checked_add(8)?).ok()?;
    let header = [size.to_be_bytes(), kind].concat();
    Some([vec![header.into()], inner].concat())
}
