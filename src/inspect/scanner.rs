//! The door of this room: bytes go in, a verdict comes out.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{Check, Facts, Finding, Length, Refusal};

use super::bytes::{in_memory, length};
use super::content::{Content, Context};
use super::notes::Noted;
use super::settings::Config;
use super::stream;
use super::top::{Closed, Extent, Top};
use super::{completion, facts};

/// What is known of a file that was accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// What the file says of itself; the digests are for the caller to fill in.
    pub facts: Facts,
    /// What was noticed, in the order in which it became certain.
    pub notes: Vec<Finding>,
}

/// Judges a file while its bytes arrive, cut in any way.
///
/// It keeps positions, not payload, so a clone is cheap: a caller that may have to take bytes back
/// keeps one. Whole boxes that must be read are asked for by [`Scanner::wants`], unless they lie
/// within one pushed slice.
#[derive(Clone)]
pub struct Scanner {
    rules: Arc<Config>,
    declared: Option<u64>,
    now: Timestamp,
    top: Top,
    content: Content,
    waiting: VecDeque<Closed>,
    refusal: Option<Refusal>,
}

impl Scanner {
    /// A scanner at the first byte. `declared` is the length of the whole file, if it is known;
    /// `now` tells a creation time in the future from one in the past.
    #[must_use]
    pub fn new(rules: Arc<Config>, declared: Option<Length>, now: Timestamp) -> Self {
        let mut scanner = Self {
            rules,
            declared: None,
            now,
            top: Top::new(),
            content: Content::default(),
            waiting: VecDeque::new(),
            refusal: None,
        };
        if let Some(length) = declared {
            scanner.declare(length);
        }
        scanner
    }

    /// Learns the length of the whole file, when it was not known at the start.
    pub fn declare(&mut self, length: Length) {
        self.declared = Some(length.get());
        if length.get() == 0 {
            self.top.fail(0, completion::empty());
        }
        self.top.declare(&self.rules, length.get());
        self.push(&[]); // what ran to the end of the file may close now
    }

    /// Takes the next bytes of the file, cut in any way. Costs a step for each box, not for each
    /// byte.
    pub fn push(&mut self, bytes: &[u8]) {
        let from = self.top.position;
        let room = self.declared.map_or(usize::MAX, |end| in_memory(end.saturating_sub(from)));
        let (inside, beyond) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        let mut rest = inside;
        while let (Some(closed), left) = self.top.read(rest, &self.rules, self.declared) {
            rest = left;
            self.closed(closed, inside, from);
        }
        if let (Some(end), false) = (self.declared, beyond.is_empty()) {
            self.top.position = self.top.position.saturating_add(length(beyond));
            self.top.fail(end.saturating_add(1), stream::length_mismatch(end));
        }
        self.settle();
    }

    /// A stretch of bytes that were already pushed and must be read back and supplied now. They
    /// are asked for one after the other.
    #[must_use]
    pub fn wants(&self) -> Option<Range<u64>> {
        self.waiting.front().map(|closed| closed.extent.clone())
    }

    /// Takes exactly the bytes that are wanted.
    pub fn supply(&mut self, bytes: &[u8]) {
        if let Some(closed) = self.waiting.pop_front() {
            self.read(&closed, bytes);
            self.settle();
        }
    }

    /// Why the file is no good, as soon as that is certain. Every way of cutting the bytes gives
    /// the same answer. Never anything while the rules are not enforced.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// How many bytes have been pushed.
    #[must_use]
    pub fn position(&self) -> u64 {
        self.top.position
    }

    /// Ends the file here and judges it as a whole. Everything wanted must have been supplied.
    ///
    /// # Errors
    /// When the file is refused; never while the rules are not enforced.
    pub fn finish(&mut self) -> Result<Inspection, Refusal> {
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone());
        }
        self.top.close_open_extents(self.top.position);
        let completion =
            completion::judge(&mut self.top, &self.content, self.declared, &self.rules);
        let late = completion.err().map(|finding| Noted { finding, after: self.top.position });
        let notes = self.top.notes.merged(&self.content.notes);
        let faults = [self.content.fault.take(), self.top.fault.take(), late];
        let mut faults = faults.into_iter().flatten();
        if self.rules.enforce
            && let Some(fault) = faults.next()
        {
            return Err(self.refusal.insert(fault.into_refusal(&notes)).clone());
        }
        let notes = notes.into_iter().chain(faults).map(|noted| noted.finding).collect();
        Ok(Inspection { facts: facts::of(&self.top, &self.content), notes })
    }

    /// Reads a box that has been passed, if it is one to be read: at once when it lies in the
    /// slice `bytes` that begins at `from`, later otherwise, and always in the order of the file.
    fn closed(&mut self, closed: Closed, bytes: &[u8], from: u64) {
        if !matches!(&closed.start.kind.0, b"ftyp" | b"moov" | b"moof") {
            return;
        }
        let at_hand =
            if self.waiting.is_empty() { slice(bytes, from, &closed.extent) } else { None };
        match at_hand {
            Some(body) => self.read(&closed, body),
            None => self.waiting.push_back(closed),
        }
    }

    fn read(&mut self, closed: &Closed, bytes: &[u8]) {
        let context = Context {
            rules: &self.rules,
            length: self.declared,
            now: self.now,
            mdats: &self.top.seen.mdats,
        };
        self.content.read(&context, closed, bytes);
    }

    /// Finds out whether a refusal is certain. A fault of the top level waits for boxes before it
    /// that are still to be read: theirs would count.
    fn settle(&mut self) {
        if !self.rules.enforce || self.refusal.is_some() {
            return;
        }
        let fault = match (&self.content.fault, &self.top.fault) {
            (Some(fault), _) => fault,
            (None, Some(fault)) if self.waiting.is_empty() => fault,
            _ => return,
        };
        let notes = self.top.notes.merged(&self.content.notes);
        self.refusal = Some(fault.clone().into_refusal(&notes));
        self.waiting.clear();
    }
}

/// The part of `bytes`, which begin at `from`, that is the stretch.
fn slice<'b>(bytes: &'b [u8], from: u64, extent: &Extent) -> Option<&'b [u8]> {
    let start = extent.start.checked_sub(from)?;
    let end = extent.end.checked_sub(from)?;
    bytes.get(in_memory(start)..in_memory(end))
}

/// The refusal of a file whose check failed when it was whole.
pub(super) fn refused_whole(check: Check, length: u64, message: String) -> Refusal {
    Refusal { finding: Finding::whole(check, message), judged_after: length, notes: Vec::new() }
}
