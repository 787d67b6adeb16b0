//! Checks 12, 18, 19 and 21 inside `moov` and `moof`: boxes in boxes, before anything is read.

use crate::model::{Check, Finding};

use crate::inspect::boxes::kind::Kind;
use crate::inspect::boxes::mp4_box::{Boxed, Children};

/// The deepest nesting, the outermost box included (mp4.md §3.2, check 19; `FFmpeg` allows 10, the
/// deepest file seen has 8).
pub(crate) const MAX_DEPTH: usize = 16;

/// The most boxes inside one `moov` or `moof`; a track has about twenty.
const MAX_INNER_BOXES: usize = 100_000;

/// Boxes that hold nothing but boxes, and the parents in which they may be. Tags (`udta`, `meta`)
/// are not among them: they are read leniently, for their sake no video is refused.
const CONTAINERS: [(&[u8; 4], &[&[u8; 4]]); 9] = [
    (b"trak", &[b"moov"]),
    (b"edts", &[b"trak"]),
    (b"mdia", &[b"trak"]),
    (b"minf", &[b"mdia"]),
    (b"dinf", &[b"minf"]),
    (b"stbl", &[b"minf"]),
    (b"mvex", &[b"moov"]),
    (b"traf", &[b"moof"]),
    (b"moov", &[]),
];

/// Boxes of the top level only.
const OUTERMOST: [&[u8; 4]; 4] = [b"ftyp", b"mdat", b"moof", b"moov"];

/// Checks all the nesting below a box, with a stack of at most [`MAX_DEPTH`].
pub(crate) fn check(outer: Boxed) -> Result<(), Finding> {
    tiling(outer)?;
    misplaced(outer)
}

/// Checks 12, 18 and 19: Every container is tiled by its children, none lies too deep, and there
/// are not too many. A bomb of a thousand boxes in one another ends here. (mp4-atom overflows its
/// stack)
fn tiling(outer: Boxed) -> Result<(), Finding> {
    let mut stack = vec![outer.children()];
    let mut count = 0_usize;
    while let Some(level) = stack.last_mut() {
        let Some(child) = level.next() else {
            stack.pop();
            continue;
        };
        let child = child?;
        count = count.saturating_add(1);
        if count > MAX_INNER_BOXES {
            return Err(too_many(outer));
        }
        if is_container(child.kind) {
            // The outer box and the levels of the stack lie above the child's own children.
            if stack.len() >= MAX_DEPTH {
                return Err(too_deep(child));
            }
            stack.push(child.children());
        }
    }
    Ok(())
}

/// Check 21: Containers lie in their own parents: a `trak` inside a `trak` is read by nobody, or by
/// some. (`FFmpeg` `mov.c`)
fn misplaced(outer: Boxed) -> Result<(), Finding> {
    let mut stack: Vec<(Kind, Children)> = vec![(outer.kind, outer.children())];
    while let Some((parent, level)) = stack.last_mut() {
        let parent = *parent;
        let Some(child) = level.next() else {
            stack.pop();
            continue;
        };
        let child = child?;
        if !may_lie_in(child.kind, parent) {
            return Err(not_there(child, parent));
        }
        if is_container(child.kind) {
            stack.push((child.kind, child.children()));
        }
    }
    Ok(())
}

fn is_container(kind: Kind) -> bool {
    CONTAINERS.iter().any(|(name, _)| **name == kind.0)
}

fn may_lie_in(kind: Kind, parent: Kind) -> bool {
    let container = CONTAINERS.iter().find(|(name, _)| **name == kind.0);
    match container {
        Some((_, parents)) => parents.contains(&&parent.0),
        None => !OUTERMOST.contains(&&kind.0),
    }
}

fn too_many(outer: Boxed) -> Finding {
    let message = format!(
        "The box '{}' holds more than {MAX_INNER_BOXES} boxes; no camera writes that.",
        outer.kind
    );
    Finding::at(Check::TooManyBoxes, outer.at, message)
}

fn too_deep(child: Boxed) -> Finding {
    let message = format!(
        "Boxes are nested more than {MAX_DEPTH} deep at byte {}; no camera writes that.",
        child.at
    );
    Finding::at(Check::BoxTooDeep, child.at, message)
}

fn not_there(child: Boxed, parent: Kind) -> Finding {
    let message =
        format!("The box '{}' at byte {} has no business inside '{parent}'.", child.kind, child.at);
    Finding::at(Check::BoxMisplaced, child.at, message)
}
