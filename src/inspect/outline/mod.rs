//! The outline of a file for people: type, position, size and a summary of each box.
//!
//! Nothing is checked here. Damaged files are read as far as possible; what cannot be read has a
//! line of its own. The outline requests the headers, and the few boxes whose content it shows.

mod partial_box;
mod summary;

use std::ops::Range;

use serde::Serialize;

use self::partial_box::{PartialBox, Unreadable};
use super::boxes::nesting::MAX_DEPTH;
use crate::inspect::boxes::{LONG_HEADER, in_memory, length};

/// The most lines. A file can have millions of boxes.
const MAX_LINES: usize = 10_000;

/// The largest box whose content is read (the limit for `moov`).
const MAX_READ: u64 = 16 * 1024 * 1024;

/// One line of an outline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The number of boxes around it.
    pub depth: usize,
    /// The type of the box; `None` on a line about something that is not a box.
    pub kind: Option<String>,
    pub at: u64,
    /// Bytes of the box, header included; of something else, the bytes that the line is about.
    pub size: u64,
    /// What the box says, or what is wrong here.
    pub summary: Option<String>,
    /// Whether something is wrong here.
    pub damaged: bool,
}

/// Reads the boxes of a file, a range at a time.
pub struct Outline {
    length: u64,
    /// Where the next box of the top level begins.
    position: u64,
    /// The box of the top level whose content is read next.
    inside: Option<Range<u64>>,
    lines: Vec<Line>,
    ended: bool,
}

impl Outline {
    /// The outline of a file with so many bytes.
    pub fn new(length: u64) -> Self {
        Self { length, position: 0, inside: None, lines: Vec::new(), ended: false }
    }

    /// The range of the file that must be supplied next; `None` at the end.
    pub fn needed_range(&self) -> Option<Range<u64>> {
        let end = self.position.saturating_add(LONG_HEADER).min(self.length);
        let header = (self.position < end).then_some(self.position..end);
        if self.ended { None } else { self.inside.clone().or(header) }
    }

    /// Takes exactly the bytes of [`Outline::needed_range`].
    pub fn supply(&mut self, bytes: &[u8]) {
        match self.inside.take() {
            None => self.read_header(bytes),
            Some(inside) => {
                self.position = inside.end;
                if let Ok(found) = PartialBox::parse(bytes, inside.start, self.length) {
                    self.add_tree(&found, 0);
                    self.add_missing(&found, 0);
                }
            }
        }
    }

    /// The lines, in the order of the file.
    pub fn lines(self) -> Vec<Line> {
        self.lines
    }

    /// Reads a header of the top level, and decides whether its content is read.
    fn read_header(&mut self, bytes: &[u8]) {
        let at = self.position;
        match PartialBox::parse(bytes, at, self.length) {
            Err(why) => {
                self.add_unreadable(0, at, self.length, why);
                self.ended = true;
            }
            Ok(found) => {
                let end = found.end().min(self.length);
                if found.needs_body() && end.saturating_sub(at) <= MAX_READ {
                    self.inside = Some(at..end);
                } else {
                    self.position = end;
                    self.add_box(&found, 0);
                    self.add_missing(&found, 0);
                }
            }
        }
    }

    /// Adds a line for a box.
    fn add_box(&mut self, found: &PartialBox, depth: usize) {
        self.add(Line {
            depth,
            kind: Some(found.kind.to_string()),
            at: found.at,
            size: found.size,
            summary: summary::of(found),
            damaged: false,
        });
    }

    /// Adds a line about the bytes of a box that lie past the end of its parent.
    fn add_missing(&mut self, found: &PartialBox, depth: usize) {
        if let Some(missing) = found.missing() {
            let message = format!("{missing} bytes of `{}` are missing", found.kind);
            self.add_damage(depth, found.limit, 0, message);
        }
    }

    /// Adds a box and its children, as far as they can be read.
    fn add_tree(&mut self, found: &PartialBox, depth: usize) {
        self.add_box(found, depth);
        let Some(mut rest) = found.children() else { return };
        let below = depth.saturating_add(1);
        let end = found.end().min(found.limit);
        if below >= MAX_DEPTH {
            return self.add_damage(
                below,
                end.saturating_sub(length(rest)),
                length(rest),
                "nested too deep",
            );
        }
        while !rest.is_empty() && !self.ended {
            let at = end.saturating_sub(length(rest));
            match PartialBox::parse(rest, at, end) {
                Err(Unreadable::Zeros) if found.may_end_in_zeros() => return,
                Err(why) => return self.add_unreadable(below, at, end, why),
                Ok(child) => {
                    self.add_tree(&child, below);
                    if found.missing().is_none() {
                        self.add_missing(&child, below); // once, for the outermost
                    }
                    let taken = child.end().saturating_sub(at);
                    rest = rest.get(in_memory(taken)..).unwrap_or_default();
                }
            }
        }
    }

    /// Adds a line about the bytes from here on, which cannot be read.
    fn add_unreadable(&mut self, depth: usize, at: u64, end: u64, why: Unreadable) {
        let size = end.saturating_sub(at);
        self.add_damage(depth, at, size, format!("{why}: {size} bytes are left unread"));
    }

    fn add_damage(&mut self, depth: usize, at: u64, size: u64, message: impl Into<String>) {
        let summary = Some(message.into());
        self.add(Line { depth, kind: None, at, size, summary, damaged: true });
    }

    fn add(&mut self, line: Line) {
        if self.lines.len() < MAX_LINES {
            self.lines.push(line);
        } else if !self.ended {
            self.ended = true;
            let summary = Some(format!("more than {MAX_LINES} lines: the rest is left out"));
            let size = self.length.saturating_sub(line.at);
            self.lines.push(Line { kind: None, depth: 0, summary, size, damaged: false, ..line });
        }
    }
}
