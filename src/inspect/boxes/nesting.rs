//! Which boxes contain boxes, and the checks of the nesting inside `moov` and `moof`.

use crate::model::{Check, Finding};

use super::kind::FourCc;
use super::mp4_box::{Checked, Children, Mp4Box};

/// The deepest nesting, the outermost box included (`FFmpeg` allows 10, the deepest file seen has
/// 8).
pub(crate) const MAX_DEPTH: usize = 16;

/// The most boxes inside one `moov` or `moof`; a track has about twenty.
const MAX_INNER_BOXES: usize = 100_000;

/// Fixed fields of a video sample entry (ISO 14496-12 §12.1.3).
pub(crate) const VISUAL_ENTRY: usize = 78;

/// Fixed fields of an audio sample entry (ISO 14496-12 §12.2.3).
pub(crate) const AUDIO_ENTRY: usize = 28;

/// Where a box with children may lie.
#[derive(PartialEq)]
enum Place {
    TopLevel,
    Inside([u8; 4]),
    /// Its nesting is not checked. Tags (`udta`, `meta`) are read leniently; no video is refused
    /// because of them.
    Unchecked,
}

/// Boxes that contain boxes, with the bytes of fields before their children.
const CONTAINERS: [([u8; 4], usize, Place); 17] = [
    (*b"moov", 0, Place::TopLevel),
    (*b"trak", 0, Place::Inside(*b"moov")),
    (*b"edts", 0, Place::Inside(*b"trak")),
    (*b"mdia", 0, Place::Inside(*b"trak")),
    (*b"minf", 0, Place::Inside(*b"mdia")),
    (*b"dinf", 0, Place::Inside(*b"minf")),
    (*b"stbl", 0, Place::Inside(*b"minf")),
    (*b"mvex", 0, Place::Inside(*b"moov")),
    (*b"traf", 0, Place::Inside(*b"moof")),
    (*b"moof", 0, Place::Unchecked),
    (*b"mfra", 0, Place::Unchecked),
    (*b"udta", 0, Place::Unchecked),
    (*b"ilst", 0, Place::Unchecked),
    (*b"sinf", 0, Place::Unchecked),
    (*b"schi", 0, Place::Unchecked),
    (*b"stsd", 8, Place::Unchecked),
    (*b"dref", 8, Place::Unchecked),
];

/// Boxes of the top level only.
const OUTERMOST: [[u8; 4]; 4] = [*b"ftyp", *b"mdat", *b"moof", *b"moov"];

/// Boxes without children that are never at the top level.
const INNER: [&[u8; 4]; 13] = [
    b"mvhd", b"tkhd", b"mdhd", b"stsd", b"stts", b"stsc", b"stsz", b"stco", b"co64", b"mfhd",
    b"tfhd", b"tfdt", b"trun",
];

/// Whether a box is never at the top level.
pub(crate) fn is_inner(kind: FourCc) -> bool {
    INNER.contains(&&kind.0) || matches!(place(kind), Place::Inside(_))
}

/// How many bytes of fields precede the children in the body of a box; `None` for a box without
/// children.
pub(crate) fn fields_before_children(kind: FourCc, body: &[u8]) -> Option<usize> {
    if kind == *b"meta" {
        return Some(fields_of_meta(body).unwrap_or(4));
    }
    let container = CONTAINERS.iter().find(|(container, ..)| kind == *container);
    container.map(|(_, fields, _)| *fields).or_else(|| fields_of_sample_entry(kind, body))
}

/// Whether a box is a sample entry whose children can be read.
pub(crate) fn is_sample_entry(kind: FourCc, body: &[u8]) -> bool {
    fields_of_sample_entry(kind, body).is_some()
}

fn fields_of_sample_entry(kind: FourCc, body: &[u8]) -> Option<usize> {
    let visual = codec_config_kind(kind).map(|_| VISUAL_ENTRY);
    visual.or_else(|| is_plain_audio_entry(kind, body).then_some(AUDIO_ENTRY))
}

/// `meta` is a plain box in QuickTime and a full one in ISO files. Phones mix them up, so the place
/// of `hdlr` decides; `None` without one.
pub(crate) fn fields_of_meta(body: &[u8]) -> Option<usize> {
    let has_hdlr = |fields: &usize| {
        let kind = body.get(fields.saturating_add(4)..).unwrap_or_default();
        kind.starts_with(b"hdlr")
    };
    [0, 4].into_iter().find(has_hdlr)
}

/// Whether this is an `mp4a` entry of version 0: QuickTime's versions 1 and 2 have more fields.
pub(crate) fn is_plain_audio_entry(kind: FourCc, body: &[u8]) -> bool {
    kind == *b"mp4a" && body.get(8..10) == Some(&[0, 0])
}

/// The box that holds a codec's configuration, for the codecs that have one.
pub(crate) fn codec_config_kind(codec: FourCc) -> Option<[u8; 4]> {
    match &codec.0 {
        b"avc1" | b"avc2" | b"avc3" | b"avc4" | b"dva1" | b"dvav" => Some(*b"avcC"),
        b"hvc1" | b"hev1" | b"dvh1" | b"dvhe" => Some(*b"hvcC"),
        b"av01" | b"dav1" => Some(*b"av1C"),
        b"vp08" | b"vp09" => Some(*b"vpcC"),
        b"mp4v" => Some(*b"esds"),
        _ => None,
    }
}

fn place(kind: FourCc) -> &'static Place {
    let container = CONTAINERS.iter().find(|(container, ..)| kind == *container);
    container.map_or(&Place::Unchecked, |(.., place)| place)
}

fn may_lie_in(kind: FourCc, parent: FourCc) -> bool {
    match place(kind) {
        Place::TopLevel => false,
        Place::Inside(place) => parent == *place,
        Place::Unchecked => !OUTERMOST.contains(&kind.0),
    }
}

/// `TOO_MANY_BOXES`, `BOX_OVERRUN`, `BOX_TAIL`, `BOX_TOO_DEEP` and `BOX_MISPLACED`: Every container
/// is filled by its children (spare bytes behind them go to `note`) and lies in its own parent (some
/// readers ignore a `trak` inside a `trak`, `FFmpeg` `mov.c`), none lies too deep, and there are not
/// too many boxes. A `trak` is left to a call of its own: it may be dropped. The walk is not
/// recursive: a thousand nested boxes overflow the call stack of mp4-atom.
pub(crate) fn check(outer: Mp4Box, mut note: impl FnMut(Finding)) -> Checked {
    let above = usize::from(outer.kind == *b"trak");
    let mut stack: Vec<(FourCc, Children)> = vec![(outer.kind, outer.children())];
    let mut count = 0_usize;
    let mut misplaced = None;
    while let Some((parent, siblings)) = stack.last_mut() {
        let parent = *parent;
        let Some(child) = siblings.next() else {
            stack.pop();
            continue;
        };
        let child = match child {
            Err(finding) if finding.check == Check::BoxTail => {
                note(finding);
                continue;
            }
            child => child?,
        };
        count = count.saturating_add(1);
        if count > MAX_INNER_BOXES {
            let what = format!("holds more than {MAX_INNER_BOXES} boxes; no camera writes that");
            return Err(outer.finding(Check::TooManyBoxes, what));
        }
        if misplaced.is_none() && !may_lie_in(child.kind, parent) {
            let what = format!("lies in `{parent}`, where it does not belong");
            misplaced = Some(child.finding(Check::BoxMisplaced, what));
        }
        let is_track = child.kind == *b"trak" && parent == *b"moov";
        if *place(child.kind) != Place::Unchecked && !is_track {
            // The outer box and the levels of the stack lie above the child's own children.
            if stack.len().saturating_add(above) >= MAX_DEPTH {
                let what = format!("is nested more than {MAX_DEPTH} deep; no camera writes that");
                return Err(child.finding(Check::BoxTooDeep, what));
            }
            stack.push((child.kind, child.children()));
        }
    }
    misplaced.map_or(Ok(()), Err) // last, because a wrong size may be the cause of it
}
