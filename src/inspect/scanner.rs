//! The entry point of the inspection: takes the bytes of a file and gives the verdict.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use jiff::Timestamp;

use super::boxes::{Extent, in_memory};
use super::completion;
use super::content::ParsedBoxes;
use super::context::Context;
use super::facts;
use super::moof::hints;
use super::notes::{NoteList, TimedFinding};
use super::settings::{Config, NalChain, TruncatedRecording};
use super::top_level::displaced;
use super::top_level::header::UUID_HEADER;
use super::top_level::reader::{PassedBox, TopLevelReader};
use crate::model::{Check, Facts, Finding, Length, Refusal};

/// The most `uuid` boxes that are read; a C2PA manifest is near the beginning, and makers add one or
/// two of their own.
const MAX_UUIDS: u32 = 64;

/// What is known of a file that was accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// The facts, without the digests, which the caller adds.
    pub facts: Facts,
    /// What was noticed, in the order in which it became certain.
    pub notes: Vec<Finding>,
}

/// Inspects a file while its bytes arrive, in pieces of any size. Every way of cutting the file into
/// pieces gives the same verdict.
///
/// It keeps positions and tables, not payload, so a clone is cheap. A caller that may have to undo
/// a push keeps a clone.
///
/// [`Scanner::needed_range`] requests what must be read again: always `moov`; other boxes unless they
/// lie within one pushed piece; a few bytes of media that passed before it was known what they are. So
/// [`Scanner::push`] never takes long, while [`Scanner::supply`] belongs off the async threads: it
/// reads `moov` with all its tables, and runs the second parser.
#[derive(Clone)]
pub struct Scanner {
    rules: Arc<Config>,
    now: Timestamp,
    top_level: TopLevelReader,
    parsed: ParsedBoxes,
    /// Boxes that have passed and are still to be read.
    pending: VecDeque<PassedBox>,
    /// How many `uuid` boxes were read.
    uuids: u32,
    /// Whether the NAL units are checked by another scanner, which reads the media.
    is_without_media: bool,
    refusal: Option<Refusal>,
}

/// Everything that is known of a file: what is wrong with it and what was noticed, each in the order
/// in which it became certain.
struct Outcome {
    faults: Vec<TimedFinding>,
    notes: Vec<TimedFinding>,
    facts: Facts,
}

impl Scanner {
    /// A scanner at the first byte. `declared` is the length of the whole file, if it is known; a
    /// creation time after `now` is ignored.
    pub fn new(rules: Arc<Config>, declared: Option<Length>, now: Timestamp) -> Self {
        let mut scanner = Self {
            top_level: TopLevelReader::new(Arc::clone(&rules)),
            rules,
            now,
            parsed: ParsedBoxes::default(),
            pending: VecDeque::new(),
            uuids: 0,
            is_without_media: false,
            refusal: None,
        };
        if let Some(length) = declared {
            scanner.set_length(length);
        }
        scanner
    }

    /// Sets the length of the whole file, when it was not known at the start.
    pub fn set_length(&mut self, length: Length) {
        self.top_level.set_length(length.get());
        self.push(&[]); // a box that runs to the end of the file may end now
    }

    /// Sets an upper limit for a length that is not known, such as the length of the whole request.
    /// A box that cannot fit is refused as early as with a known length.
    pub fn set_max_length(&mut self, length: Length) {
        self.top_level.set_max_length(length.get());
    }

    /// Takes the next bytes of the file. Costs a step for each box, not for each byte.
    pub fn push(&mut self, bytes: &[u8]) {
        let (from, declared) = (self.position(), self.top_level.declared_length());
        let room = declared.map_or(usize::MAX, |end| in_memory(end.saturating_sub(from)));
        let (inside, beyond) = bytes.split_at_checked(room).unwrap_or((bytes, &[]));
        let mut rest = inside;
        while let (Some(passed), left) = self.top_level.read(rest) {
            rest = left;
            self.take_passed(passed, inside, from);
        }
        self.check_nal_units(from, inside);
        if let (Some(end), false) = (declared, beyond.is_empty()) {
            self.top_level.reject_excess(end, beyond.len());
        }
        self.update_refusal();
    }

    /// How many of the next bytes need not be pushed: the rest of a box that is not read, such as
    /// `mdat`, `free` or an unknown one. Zero between boxes, inside a box that is read, and after a
    /// fault. The check of NAL units requests what it needs by [`Scanner::needed_range`].
    pub fn skippable(&self) -> u64 {
        self.top_level.skippable()
    }

    /// Skips bytes that the caller does not have: at most `count`, and none beyond
    /// [`Scanner::skippable`]. Returns how many; the verdict is the same as if they had been
    /// pushed.
    pub fn skip(&mut self, count: u64) -> u64 {
        let skipped = count.min(self.skippable());
        self.top_level.skip(skipped);
        self.push(&[]); // the box may end here
        skipped
    }

    /// The range of bytes that have been pushed and must be read back and supplied now. Ranges are
    /// requested one after the other.
    pub fn needed_range(&self) -> Option<Range<u64>> {
        let pending = || self.pending.front().map(|passed| passed.extent.clone());
        self.needed_media().or_else(pending).or_else(|| self.needed_for_tail())
    }

    /// Takes exactly the bytes of [`Scanner::needed_range`].
    pub fn supply(&mut self, bytes: &[u8]) {
        if let Some(range) = self.needed_media() {
            self.check_nal_units(range.start, bytes);
            if self.needed_media().as_ref() == Some(&range) {
                self.parsed.nal_check_mut().stop(); // no bytes: do not request them for ever
            }
        } else if let Some(passed) = self.pending.pop_front() {
            self.read(&passed, bytes);
        } else if let Some(range) = self.needed_for_tail() {
            self.judge_tail(&range, bytes);
        }
        self.update_refusal();
    }

    /// The parts of a range of pushed bytes that are media: payload of `mdat`.
    pub fn media_ranges(&self, range: Range<u64>) -> impl Iterator<Item = Range<u64>> {
        let index = self.top_level.index();
        let first = index.mdats.partition_point(|mdat| mdat.end <= range.start);
        let mdats = index.mdats.iter().skip(first).chain(index.truncated_mdat.as_ref());
        let mdats = mdats.skip_while(move |mdat| mdat.end <= range.start);
        let mdats = mdats.take_while(move |mdat| mdat.start < range.end);
        mdats.map(move |mdat| mdat.start.max(range.start)..mdat.end.min(range.end))
    }

    /// Media that must be read again before the next pending box.
    fn needed_media(&self) -> Option<Extent> {
        let position = self.position();
        let until = self.pending.front().map_or(position, |passed| passed.extent.start);
        self.parsed.nal_check().needed_range(until, position)
    }

    /// What must be read again to learn whether the bytes after the last box are media that has moved.
    fn needed_for_tail(&self) -> Option<Extent> {
        let tail = self.top_level.unknown_tail().filter(|_| self.refusal.is_none())?;
        displaced::range(self.parsed.nal_check().proven_to()?, &tail)
    }

    fn judge_tail(&mut self, range: &Extent, bytes: &[u8]) {
        let tail = self.top_level.unknown_tail().zip(self.parsed.nal_check().proven_to());
        let Some((tail, proven_to)) = tail else { return };
        let media = self.media_ranges(proven_to..tail.start).map(|media| {
            media.start.saturating_sub(range.start)..media.end.saturating_sub(range.start)
        });
        let length = tail.end.saturating_sub(tail.start);
        let is_foreign = displaced::is_foreign(bytes, length, media);
        self.top_level.set_tail_foreign(is_foreign);
    }

    /// Why the file is refused, as soon as that is certain. Always `None` while the rules are not
    /// enforced.
    pub fn refusal(&self) -> Option<&Refusal> {
        self.refusal.as_ref()
    }

    /// The heap size of the tables that are kept, in bytes. The rest of a scanner takes a few KiB.
    pub fn heap_bytes(&self) -> u64 {
        self.parsed.heap_bytes()
    }

    /// How many bytes have been pushed.
    pub fn position(&self) -> u64 {
        self.top_level.position()
    }

    /// Ends the file here and checks it as a whole. Everything requested must have been supplied.
    /// Never an error while the rules are not enforced.
    pub fn finish(&mut self) -> Result<Inspection, Refusal> {
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone());
        }
        let Outcome { faults, notes, facts } = self.outcome(true);
        let mut faults = faults.into_iter();
        if self.rules.enforce
            && let Some(fault) = faults.next()
        {
            return Err(self.refusal.insert(fault.into_refusal(&notes)).clone());
        }
        let notes = notes.into_iter().chain(faults).map(|note| note.finding).collect();
        Ok(Inspection { facts, notes })
    }

    /// A scanner for a preview, which reports all that is wrong with a file, not only the first. Only
    /// the upload has the media, and checks its NAL units.
    pub(crate) fn for_preview(rules: &Config, declared: Length, now: Timestamp) -> Self {
        let without_media = Config { nal_chain: NalChain::Off, ..rules.clone() };
        let mut scanner = Self::new(Arc::new(without_media), Some(declared), now);
        scanner.parsed = ParsedBoxes::collecting_violations();
        scanner.is_without_media = rules.nal_chain != NalChain::Off;
        scanner
    }

    /// Continues at the box at `to`, as if only complete boxes without faults lay between. Returns
    /// whether that was possible.
    pub(crate) fn jump(&mut self, to: u64) -> bool {
        let has_jumped = self.pending.is_empty() && self.top_level.jump(to);
        if has_jumped {
            self.parsed.set_gap();
        }
        has_jumped
    }

    /// Whether `moov` has been read, or found to be damaged.
    pub(crate) fn has_read_moov(&self) -> bool {
        let moov = self.top_level.index().moov.as_ref();
        self.pending.is_empty() && moov.is_some_and(|moov| moov.end <= self.position())
    }

    /// The reasons for a refusal, the notes and the facts. The checks of the whole file run only if
    /// `is_whole`: no part of it is missing.
    pub(crate) fn into_preview(mut self, is_whole: bool) -> (Vec<Finding>, Vec<Finding>, Facts) {
        let Outcome { faults, notes, facts } = self.outcome(is_whole);
        let of = |timed: TimedFinding| timed.finding;
        let (faults, notes) = (faults.into_iter().map(of), notes.into_iter().map(of));
        if self.rules.enforce {
            (faults.collect(), notes.collect(), facts)
        } else {
            (Vec::new(), notes.chain(faults).collect(), facts)
        }
    }

    fn outcome(&mut self, is_whole: bool) -> Outcome {
        let late = is_whole.then(|| self.complete()).flatten();
        // A fragmented recording without its end may be accepted for the fragments before it, and a
        // preview does not know whether they are complete.
        let may_be_tolerated = !is_whole
            && self.rules.cut_recording == TruncatedRecording::Accept
            && self.parsed.movie().is_some_and(|movie| movie.has_mvex);
        let mut faults = self.parsed.take_violations();
        let others = self.faults().into_iter();
        faults.extend(others.filter(|fault| !(fault.end_missing && may_be_tolerated)));
        faults.extend(late);
        faults.sort_by_key(|fault| fault.after);
        let facts = facts::gather(&self.top_level, &self.parsed);
        Outcome { faults, notes: self.notes(), facts }
    }

    /// Ends the file here and runs the checks of the whole file.
    fn complete(&mut self) -> Option<TimedFinding> {
        self.top_level.end_file();
        if self.is_without_media && self.parsed.has_nal_units() {
            self.top_level.set_tail_foreign(true); // the upload will look at the media before it
        }
        let checked = completion::check(&mut self.top_level, &mut self.parsed, &self.rules);
        checked.err().map(|finding| TimedFinding::new(finding, self.position()))
    }

    /// Parses a box that has passed, if its type is parsed: at once if it lies in the piece
    /// `bytes`, which begins at `from`; otherwise, and always for `moov`, when it is supplied.
    /// Boxes are parsed in the order of the file.
    fn take_passed(&mut self, mut passed: PassedBox, bytes: &[u8], from: u64) {
        match &passed.header.kind.0 {
            b"ftyp" | b"moov" | b"moof" => {}
            b"mfra" => match hints::end_of_mfra(passed) {
                Some(end) => passed = end,
                None => return,
            },
            b"uuid" if self.uuids < MAX_UUIDS => {
                self.uuids = self.uuids.saturating_add(1);
                let read = passed.extent.start.saturating_add(UUID_HEADER);
                passed.extent.end = passed.extent.end.min(read);
            }
            _ => return,
        }
        // Only up to the end of this box: the headers after it have not been read yet.
        let before = bytes.get(..in_memory(self.position().saturating_sub(from)));
        self.check_nal_units(from, before.unwrap_or(bytes));
        let is_next = self.pending.is_empty() && self.needed_media().is_none();
        let can_read = is_next && passed.header.kind != *b"moov";
        match slice(bytes, from, &passed.extent).filter(|_| can_read) {
            Some(body) => self.read(&passed, body),
            None => self.pending.push_back(passed),
        }
    }

    fn check_nal_units(&mut self, from: u64, bytes: &[u8]) {
        let mdats = &self.top_level.index().mdats;
        self.parsed.nal_check_mut().read(from, bytes, mdats);
    }

    fn read(&mut self, passed: &PassedBox, bytes: &[u8]) {
        let context = Context {
            rules: &self.rules,
            length: self.top_level.length_limit(),
            now: self.now,
            mdats: &self.top_level.index().mdats,
            after: passed.extent.end,
            notes: NoteList::default(),
        };
        self.parsed.read(context, passed, bytes);
    }

    /// Sets the refusal if it is certain. A fault of the top level waits for pending boxes before it:
    /// their faults would come first.
    fn update_refusal(&mut self) {
        if !self.rules.enforce || self.refusal.is_some() {
            return;
        }
        let until = self.pending.front().map_or(u64::MAX, |next| next.extent.start);
        self.parsed.compare_mdats(self.top_level.index(), until);
        let faults = self.faults();
        if faults.is_empty() {
            return; // the steps below may walk over all the media of a fragment
        }
        let whole = self.top_level.index().whole_mdats(self.position());
        let is_tolerated = self.parsed.tolerates_missing_end(whole, &self.rules);
        let faults = faults.into_iter().filter(|fault| !(is_tolerated && fault.end_missing));
        let Some(fault) = faults.min_by_key(|fault| fault.after) else { return };
        let is_read = self.pending.front().is_none_or(|next| next.extent.start >= fault.after);
        let needed = self.parsed.nal_check().needed_range(fault.after, self.position());
        if is_read && needed.is_none() {
            self.refusal = Some(fault.into_refusal(&self.notes()));
            self.pending.clear();
            self.parsed.nal_check_mut().stop();
        }
    }

    /// The faults so far. Of two that became certain after the same byte, the cause precedes the
    /// consequence.
    fn faults(&self) -> Vec<TimedFinding> {
        // After a fault of the top level it is not known what is media.
        let until = self.top_level.fault().map_or(u64::MAX, |fault| fault.after);
        let nal = self.parsed.nal_check().fault().filter(|fault| !self.is_note(fault));
        let nal = nal.filter(|fault| fault.after <= until);
        let top_level = self.top_level.fault().map(|fault| self.explained(fault));
        [self.parsed.fault().cloned(), nal.cloned(), top_level].into_iter().flatten().collect()
    }

    /// The fault of the top level, or a better reason for it in `moov`: `MDAT_MISSING` becomes
    /// `NO_FRAGMENTS` if the file is only the beginning of a stream.
    fn explained(&self, fault: &TimedFinding) -> TimedFinding {
        let cause = self.parsed.check_has_samples(self.top_level.index()).err();
        let cause = cause.filter(|cause| {
            fault.finding.check == Check::MdatMissing && cause.check == Check::NoFragments
        });
        cause.map_or_else(|| fault.clone(), |cause| TimedFinding::new(cause, fault.after))
    }

    /// What was noticed, in the order in which it became certain.
    fn notes(&self) -> Vec<TimedFinding> {
        let nal = self.parsed.nal_check().fault().filter(|fault| self.is_note(fault));
        let mut notes = self.top_level.notes().merged(self.parsed.notes());
        notes.extend(nal.into_iter().chain(self.parsed.nal_check().zeros()).cloned());
        notes.sort_by_key(|note| note.after);
        notes
    }

    fn is_note(&self, fault: &TimedFinding) -> bool {
        fault.finding.check == Check::NalChain && self.rules.nal_chain == NalChain::Note
    }
}

/// The bytes of a range of the file, if they are within `bytes`, which begin at `from`.
fn slice<'b>(bytes: &'b [u8], from: u64, extent: &Extent) -> Option<&'b [u8]> {
    let start = extent.start.checked_sub(from)?;
    let end = extent.end.checked_sub(from)?;
    bytes.get(in_memory(start)..in_memory(end))
}
