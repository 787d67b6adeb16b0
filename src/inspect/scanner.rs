//! The door of this room: bytes go in, a verdict comes out.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::{Check, Facts, Finding, Length, Refusal};

use crate::inspect::boxes::fields::{in_memory, length};
use crate::inspect::boxes::kind::UUID_HEADER;
use crate::inspect::completion;
use crate::inspect::content::{Content, Context};
use crate::inspect::facts;
use crate::inspect::moof::hints;
use crate::inspect::notes::Noted;
use crate::inspect::settings::{Config, NalChain, TruncatedRecording};
use crate::inspect::top_level::checks;
use crate::inspect::top_level::reader::{Closed, Extent, Top};
use crate::inspect::truncated;

/// The most `uuid` boxes that are looked at; a manifest stands near the beginning, and makers add
/// one or two of their own.
const MAX_UUIDS: u32 = 64;

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
/// keeps one.
///
/// What must be read again is asked for by [`Scanner::needed_range`]: always `moov`; other boxes unless
/// they lie within one pushed slice; a few bytes of media that passed before it was known what they
/// are. So [`Scanner::push`] never takes long, while [`Scanner::supply`] belongs off the async
/// threads: it reads `moov` with all its tables, and asks the second opinion.
#[derive(Clone)]
pub struct Scanner {
    rules: Arc<Config>,
    declared: Option<u64>,
    now: Timestamp,
    top: Top,
    content: Content,
    waiting: VecDeque<Closed>,
    /// How many `uuid` boxes were looked at.
    uuids: u32,
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
            uuids: 0,
            refusal: None,
        };
        if let Some(length) = declared {
            scanner.set_length(length);
        }
        scanner
    }

    /// Learns the length of the whole file, when it was not known at the start.
    pub fn set_length(&mut self, length: Length) {
        self.declared = Some(length.get());
        if length.get() == 0 {
            self.top.fail(0, completion::empty());
        }
        self.top.declare(&self.rules, length.get());
        self.push(&[]); // what ran to the end of the file may close now
    }

    /// Learns that the file has at most so many bytes, where its own length is not known: a form
    /// tells that of the whole request. What cannot fit is refused as early as with a length.
    pub fn set_max_length(&mut self, length: Length) {
        self.top.at_most = Some(length.get());
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
        self.walk(from, inside);
        if let (Some(end), false) = (self.declared, beyond.is_empty()) {
            self.top.position = self.top.position.saturating_add(length(beyond));
            self.top.fail(end.saturating_add(1), checks::length_mismatch(end));
        }
        self.settle();
    }

    /// How many of the next bytes nobody has to see: the rest of a box that is not read, such as
    /// `mdat`, `free` or one we do not know. None between boxes, inside a box that is read, and
    /// after a fault. The walk over the pictures asks for what it needs of them, by
    /// [`Scanner::needed_range`].
    #[must_use]
    pub fn skippable(&self) -> u64 {
        self.top.skippable()
    }

    /// Passes over bytes of the file that are not at hand: at most `count`, and none beyond
    /// [`Scanner::skippable`]. Answers how many; the verdict is the same as if they had been pushed.
    pub fn skip(&mut self, count: u64) -> u64 {
        let passed = count.min(self.skippable());
        self.top.pass(passed);
        self.push(&[]); // the box may end here
        passed
    }

    /// A stretch of bytes that were already pushed and must be read back and supplied now. They
    /// are asked for one after the other.
    #[must_use]
    pub fn needed_range(&self) -> Option<Range<u64>> {
        self.gap().or_else(|| self.waiting.front().map(|closed| closed.extent.clone()))
    }

    /// Takes exactly the bytes that are wanted.
    pub fn supply(&mut self, bytes: &[u8]) {
        if let Some(gap) = self.gap() {
            self.walk(gap.start, bytes);
            if self.gap().as_ref() == Some(&gap) {
                self.content.walk.stop(); // nothing was supplied: never ask for ever
            }
        } else if let Some(closed) = self.waiting.pop_front() {
            self.read(&closed, bytes);
        }
        self.settle();
    }

    /// The parts of a stretch of pushed bytes that are media: payload of `mdat`.
    pub fn media_ranges(&self, stretch: Range<u64>) -> impl Iterator<Item = Range<u64>> {
        let mdats = &self.top.seen.mdats;
        let first = mdats.partition_point(|mdat| mdat.end <= stretch.start);
        let met = mdats.iter().skip(first).chain(self.top.seen.cut_mdat.as_ref());
        let met = met.skip_while(move |mdat| mdat.end <= stretch.start);
        let met = met.take_while(move |mdat| mdat.start < stretch.end);
        met.map(move |mdat| mdat.start.max(stretch.start)..mdat.end.min(stretch.end))
    }

    /// Media that must be looked at again before the next box is read.
    fn gap(&self) -> Option<Range<u64>> {
        let position = self.top.position;
        let until = self.waiting.front().map_or(position, |closed| closed.extent.start);
        self.content.walk.gap(until, position)
    }

    /// Why the file is no good, as soon as that is certain. Every way of cutting the bytes gives
    /// the same answer. Never anything while the rules are not enforced.
    #[must_use]
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// How many bytes of heap it keeps of the tables it has read. The rest of it weighs a few KiB.
    #[must_use]
    pub fn heap_bytes(&self) -> u64 {
        self.content.runs.heap().saturating_add(self.content.walk.heap())
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
        let late = self.complete();
        let notes = self.notes();
        let mut faults: Vec<Noted> = self.faults().into_iter().chain(late).collect();
        faults.sort_by_key(|fault| fault.after);
        let mut faults = faults.into_iter();
        if self.rules.enforce
            && let Some(fault) = faults.next()
        {
            return Err(self.refusal.insert(fault.into_refusal(&notes)).clone());
        }
        let notes = notes.into_iter().chain(faults).map(|noted| noted.finding).collect();
        Ok(Inspection { facts: facts::of(&self.top, &self.content), notes })
    }

    /// Ends the file here. Answers what can only be told now.
    fn complete(&mut self) -> Option<Noted> {
        self.top.close_open_extents(self.top.position);
        let judged =
            completion::judge(&mut self.top, &mut self.content, self.declared, &self.rules);
        judged.err().map(|finding| Noted::new(finding, self.top.position))
    }

    /// A scanner that tells all that is against a file, not only the first.
    pub(crate) fn thorough(rules: Arc<Config>, declared: Length, now: Timestamp) -> Self {
        let mut scanner = Self::new(rules, Some(declared), now);
        scanner.content.thorough = true;
        scanner
    }

    /// Goes on at another box, as if whole boxes without any fault lay between; `false` where
    /// nothing can be assumed.
    pub(crate) fn leap(&mut self, to: u64) -> bool {
        let leapt = self.waiting.is_empty() && self.top.leap(to);
        self.content.has_gap |= leapt;
        leapt
    }

    /// Whether `moov` has been read, or has been found to be damaged.
    pub(crate) fn knows_moov(&self) -> bool {
        let moov = self.top.seen.moov.as_ref();
        self.waiting.is_empty() && moov.is_some_and(|moov| moov.end <= self.top.position)
    }

    /// All that is against the file, in the order in which an upload would meet it, then what was
    /// noticed, then the facts. What can only be told of a whole file is told when it `is_whole`.
    pub(crate) fn conclude(mut self, is_whole: bool) -> (Vec<Finding>, Vec<Finding>, Facts) {
        let late = if is_whole { self.complete() } else { None };
        let facts = facts::of(&self.top, &self.content);
        let notes = self.notes().into_iter();
        let objections = std::mem::take(&mut self.content.objections);
        // A fragmented recording may be taken though its end is missing: what comes before it decides.
        let is_extended = self.content.movie.as_ref().is_some_and(|movie| movie.extends);
        let accepts = self.rules.truncated_recording == TruncatedRecording::Accept;
        let may_be_borne = |fault: &Noted| fault.end_missing && accepts && is_extended && !is_whole;
        let faults = self.faults().into_iter().filter(|fault| !may_be_borne(fault));
        let mut against: Vec<Noted> = objections.into_iter().chain(faults).chain(late).collect();
        against.sort_by_key(|fault| fault.after);
        let of = |noted: Noted| noted.finding;
        let (against, notes) = (against.into_iter().map(of), notes.map(of));
        if self.rules.enforce {
            (against.map(Finding::asking).collect(), notes.collect(), facts)
        } else {
            (Vec::new(), notes.chain(against).collect(), facts)
        }
    }

    /// Reads a box that has been passed, if it is one to be read: at once when it lies in the
    /// slice `bytes` that begins at `from`, later otherwise, and always in the order of the file.
    fn closed(&mut self, mut closed: Closed, bytes: &[u8], from: u64) {
        match &closed.start.kind.0 {
            b"ftyp" | b"moov" | b"moof" => {}
            b"mfra" => match hints::end_of_mfra(closed.start, &closed.extent) {
                Some(end) => closed = end,
                None => return,
            },
            b"uuid" if self.uuids < MAX_UUIDS => {
                self.uuids = self.uuids.saturating_add(1);
                let seen = closed.extent.start.saturating_add(UUID_HEADER);
                closed.extent.end = closed.extent.end.min(seen);
            }
            _ => return,
        }
        // Not beyond its end: the boxes that follow have not been met yet.
        let passed = bytes.get(..in_memory(self.top.position.saturating_sub(from)));
        self.walk(from, passed.unwrap_or(bytes));
        let free = self.waiting.is_empty() && self.gap().is_none();
        let at_hand = free && closed.start.kind.0 != *b"moov";
        match slice(bytes, from, &closed.extent).filter(|_| at_hand) {
            Some(body) => self.read(&closed, body),
            None => self.waiting.push_back(closed),
        }
    }

    fn walk(&mut self, from: u64, bytes: &[u8]) {
        self.content.walk.pass(from, bytes, &self.top.seen.mdats);
    }

    fn read(&mut self, closed: &Closed, bytes: &[u8]) {
        let context = Context {
            rules: &self.rules,
            length: self.declared.or(self.top.at_most),
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
        let until = self.waiting.front().map_or(u64::MAX, |next| next.extent.start);
        self.content.look_at_media(&self.top.seen, until);
        let faults = self.faults();
        if faults.is_empty() {
            return; // what follows may look at all the media of a fragment
        }
        let whole = truncated::whole(&self.top, self.top.position);
        let is_borne = truncated::is_borne(&self.content, whole, &self.rules);
        let faults = faults.into_iter().filter(|fault| !(is_borne && fault.end_missing));
        let Some(fault) = faults.min_by_key(|fault| fault.after) else { return };
        let read = self.waiting.front().is_none_or(|next| next.extent.start >= fault.after);
        if !read || self.content.walk.gap(fault.after, self.top.position).is_some() {
            return;
        }
        self.refusal = Some(fault.into_refusal(&self.notes()));
        self.waiting.clear();
        self.content.walk.stop();
    }

    /// What is wrong with the file, as far as it is known; at equal certainty the cause before its
    /// consequence.
    fn faults(&self) -> Vec<Noted> {
        // Behind a fault of the top level nobody knows what is media.
        let until = self.top.fault.as_ref().map_or(u64::MAX, |fault| fault.after);
        let walk = self.content.walk.found().filter(|found| !self.is_note(found));
        let walk = walk.filter(|found| found.after <= until);
        let top = self.top.fault.as_ref().map(|fault| self.explained(fault));
        let known = [self.content.fault.clone(), walk.cloned(), top];
        known.into_iter().flatten().collect()
    }

    /// A fault of the top level, or the better reason that `moov` gives for it: a stream of which
    /// only the beginning is there has no media.
    fn explained(&self, fault: &Noted) -> Noted {
        match completion::no_fragments(&self.top, &self.content) {
            Err(cause)
                if fault.finding.check == Check::MdatMissing
                    && cause.check == Check::NoFragments =>
            {
                Noted::new(cause, fault.after)
            }
            _ => fault.clone(),
        }
    }

    /// What was noticed, in the order in which it became certain.
    fn notes(&self) -> Vec<Noted> {
        let walk = self.content.walk.found().filter(|found| self.is_note(found));
        let mut notes = self.top.notes.merged(&self.content.notes);
        notes.extend(walk.cloned());
        notes.sort_by_key(|note| note.after);
        notes
    }

    fn is_note(&self, found: &Noted) -> bool {
        found.finding.check == Check::NalChain && self.rules.nal_chain == NalChain::Note
    }
}

/// The part of `bytes`, which begin at `from`, that is the stretch.
fn slice<'b>(bytes: &'b [u8], from: u64, extent: &Extent) -> Option<&'b [u8]> {
    let start = extent.start.checked_sub(from)?;
    let end = extent.end.checked_sub(from)?;
    bytes.get(in_memory(start)..in_memory(end))
}

/// The refusal of a file whose check failed when it was whole.
pub(crate) fn refused_whole(check: Check, length: u64, message: String) -> Refusal {
    let finding = Finding::whole(check, message).asking();
    Refusal { finding, judged_after: length, notes: Vec::new() }
}
