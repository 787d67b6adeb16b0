//! The boxes of a file as a person reads them: kind, position, size, and a line of what they say.
//!
//! Nothing is judged here. Damaged files are read too, as far as they can be, and what could not be
//! read has a line of its own. As everywhere in this room nothing is read that was not given: the
//! outline asks for headers, and for the few boxes that it looks into.

mod partial_box;
mod summary;

use std::ops::Range;

use serde::Serialize;

use partial_box::{Found, Odd};

use crate::inspect::boxes::fields::{in_memory, length};

/// Lines at most: a person reads no more, and a file can have millions of boxes.
const MAX_LINES: usize = 10_000;

/// The deepest nesting that is looked into (mp4.md §3.2, check 19).
const MAX_DEPTH: usize = 16;

/// The largest box that is looked into (mp4.md §0.7: the hard limit for `moov`).
const MAX_READ: u64 = 16 * 1024 * 1024;

/// Bytes of the largest header.
const HEADER: u64 = 16;

/// One line of an outline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// How many boxes are around it.
    pub depth: usize,
    /// The kind of the box; `None` on a line about something that is no box.
    pub kind: Option<String>,
    /// Position in the file.
    pub at: u64,
    /// Bytes in the box, its header included; of something else, the bytes that it is about.
    pub size: u64,
    /// What the box says, or what is wrong here.
    pub says: Option<String>,
    /// Whether something is wrong here.
    pub damaged: bool,
}

/// Reads the boxes of a file, a range at a time.
pub struct Outline {
    length: u64,
    /// Where the next box of the top level begins.
    position: u64,
    /// The box of the top level that is to be looked into.
    inside: Option<Range<u64>>,
    lines: Vec<Line>,
    ended: bool,
}

impl Outline {
    /// The outline of a file with so many bytes, before anything has been read.
    #[must_use]
    pub fn new(length: u64) -> Self {
        Self { length, position: 0, inside: None, lines: Vec::new(), ended: false }
    }

    /// The range of the file that is to be read next; `None` when everything has been.
    #[must_use]
    pub fn needed_range(&self) -> Option<Range<u64>> {
        let end = self.position.saturating_add(HEADER).min(self.length);
        let header = (self.position < end).then_some(self.position..end);
        if self.ended { None } else { self.inside.clone().or(header) }
    }

    /// Takes exactly the bytes that are wanted.
    pub fn supply(&mut self, bytes: &[u8]) {
        match self.inside.take() {
            None => self.header(bytes),
            Some(inside) => {
                self.position = inside.end;
                if let Ok(found) = Found::read(bytes, inside.start, self.length) {
                    self.enter(&found, 0);
                    self.missing(&found, 0);
                }
            }
        }
    }

    /// What has been read, in the order of the file.
    #[must_use]
    pub fn lines(self) -> Vec<Line> {
        self.lines
    }

    /// Reads a header of the top level, and decides whether to look into its box.
    fn header(&mut self, bytes: &[u8]) {
        let at = self.position;
        match Found::read(bytes, at, self.length) {
            Err(odd) => self.lost(0, at, self.length, odd),
            Ok(found) => {
                let end = found.end().min(self.length);
                if found.is_looked_into() && end.saturating_sub(at) <= MAX_READ {
                    self.inside = Some(at..end);
                } else {
                    self.position = end;
                    self.boxed(&found, 0);
                    self.missing(&found, 0);
                }
            }
        }
    }

    /// A line for a box.
    fn boxed(&mut self, found: &Found, depth: usize) {
        self.line(Line {
            depth,
            kind: Some(found.kind.to_string()),
            at: found.at,
            size: found.size,
            says: summary::of(found),
            damaged: false,
        });
    }

    /// A line about the end of a box, if it lies past the end of what is around it.
    fn missing(&mut self, found: &Found, depth: usize) {
        if let Some(missing) = found.missing() {
            let message = format!("{missing} bytes of '{}' are not there", found.kind);
            self.damage(depth, found.limit, 0, message);
        }
    }

    /// A box that is there as far as `found` has its bytes, and the boxes in it.
    fn enter(&mut self, found: &Found, depth: usize) {
        self.boxed(found, depth);
        let Some(mut rest) = found.children() else { return };
        let below = depth.saturating_add(1);
        let end = found.end().min(found.limit);
        if below >= MAX_DEPTH {
            return self.damage(below, end.saturating_sub(length(rest)), length(rest), "deeper");
        }
        while !rest.is_empty() && !self.ended {
            let at = end.saturating_sub(length(rest));
            match Found::read(rest, at, end) {
                Err(Odd::Zeros) if found.may_end_in_zeros() => return,
                Err(odd) => return self.lost_inside(below, at, end, odd),
                Ok(child) => {
                    self.enter(&child, below);
                    if found.missing().is_none() {
                        self.missing(&child, below); // said once, of the outermost
                    }
                    let taken = child.end().saturating_sub(at);
                    rest = rest.get(in_memory(taken)..).unwrap_or_default();
                }
            }
        }
    }

    /// From here on nothing can be read at the top level.
    fn lost(&mut self, depth: usize, at: u64, end: u64, odd: Odd) {
        self.lost_inside(depth, at, end, odd);
        self.ended = true;
    }

    /// From here on nothing can be read in this box.
    fn lost_inside(&mut self, depth: usize, at: u64, end: u64, odd: Odd) {
        let size = end.saturating_sub(at);
        self.damage(depth, at, size, format!("{odd}: {size} bytes are left unread"));
    }

    fn damage(&mut self, depth: usize, at: u64, size: u64, message: impl Into<String>) {
        let says = Some(message.into());
        self.line(Line { depth, kind: None, at, size, says, damaged: true });
    }

    fn line(&mut self, line: Line) {
        if self.lines.len() < MAX_LINES {
            self.lines.push(line);
        } else if !self.ended {
            self.ended = true;
            let says = Some(format!("more than {MAX_LINES} lines: the rest is left out"));
            let size = self.length.saturating_sub(line.at);
            self.lines.push(Line { kind: None, depth: 0, says, size, damaged: false, ..line });
        }
    }
}
