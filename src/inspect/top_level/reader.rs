//! The reader of top-level headers: positions are kept, payload is only counted.

use std::ops::Range;

use crate::model::{Check, Finding};

use crate::inspect::boxes::fields::{Fields, in_memory, length};
use crate::inspect::boxes::kind::Kind;
use crate::inspect::boxes::path;
use crate::inspect::notes::{Noted, Notes};
use crate::inspect::settings::Config;
use crate::inspect::top_level::checks;
use crate::inspect::top_level::first_box;

/// Bytes of a header with a 32-bit size.
const SHORT_HEADER: usize = 8;

/// Bytes of a header with a 64-bit size.
const WIDE_HEADER: usize = 16;

/// A header as it was read.
#[derive(Clone, Copy)]
pub(crate) struct Start {
    pub(crate) kind: Kind,
    pub(crate) at: u64,
    /// The 32-bit size field.
    pub(crate) short: u32,
    /// The 64-bit size field, when the 32-bit one says so.
    pub(crate) wide: Option<u64>,
    /// Which of its kind it is, counted from 1.
    number: u64,
}

impl Start {
    fn read(head: &[u8], at: u64, seen: &Seen) -> Option<Self> {
        let mut fields = Fields::new(head);
        let (short, kind, wide) = (fields.u32()?, fields.kind()?, fields.u64());
        Some(Self { kind, at, short, wide, number: seen.number(kind) })
    }

    /// The box in a path. Nobody knows yet whether others of its kind follow, so the first has no
    /// number; but fragments come in numbers.
    pub(crate) fn path(&self) -> String {
        path::step(self.kind, self.number, self.number > 1 || self.kind.0 == *b"moof")
    }

    /// A finding about this box.
    pub(crate) fn finding(&self, check: Check, message: impl Into<String>) -> Finding {
        Finding::at(check, self.at, message).within(Some(self.path()))
    }

    /// The size that the header claims; 0 means "to the end of the file".
    pub(crate) fn claimed(&self) -> u64 {
        self.wide.unwrap_or(u64::from(self.short))
    }

    /// Bytes of the header itself.
    pub(crate) fn length(&self) -> u64 {
        if self.wide.is_some() { 16 } else { 8 }
    }

    /// The first eight bytes, as they were.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        [self.short.to_be_bytes(), self.kind.0].concat()
    }
}

/// A stretch of the file; an open end is `u64::MAX` until it is known.
pub(crate) type Extent = Range<u64>;

/// What has been met at the top level.
#[derive(Clone, Default)]
pub(crate) struct Seen {
    /// Boxes begun.
    pub(crate) boxes: u64,
    /// Whether `ftyp` was met, or is not asked for any more.
    pub(crate) ftyp: bool,
    /// Where `moov` is.
    pub(crate) moov: Option<Extent>,
    /// How many `moof` were met.
    pub(crate) fragments: u64,
    /// Payloads of the `mdat` boxes.
    pub(crate) mdats: Vec<Extent>,
    /// Payload of an `mdat` that was refused because it goes past the end of the file.
    pub(crate) cut_mdat: Option<Extent>,
    /// Whether boxes were leapt over.
    pub(crate) has_gap: bool,
}

impl Seen {
    /// `mdat` boxes beyond one for each fragment.
    pub(crate) fn plain_mdats(&self) -> u64 {
        self.media_boxes().saturating_sub(self.fragments)
    }

    fn media_boxes(&self) -> u64 {
        u64::try_from(self.mdats.len()).unwrap_or(u64::MAX)
    }

    /// Which of its kind the next box would be, for the kinds that are counted.
    fn number(&self, kind: Kind) -> u64 {
        let before = match &kind.0 {
            b"moof" => self.fragments,
            b"mdat" => self.media_boxes(),
            b"moov" => u64::from(self.moov.is_some()),
            _ => 0,
        };
        before.saturating_add(1)
    }
}

/// What the checks of the top level look at.
pub(crate) struct Judge<'a> {
    pub(crate) rules: &'a Config,
    pub(crate) declared: Option<u64>,
    /// What the length of the file cannot exceed.
    pub(crate) at_most: Option<u64>,
    pub(crate) seen: &'a mut Seen,
    notes: &'a mut Notes,
    after: u64,
}

impl Judge<'_> {
    pub(crate) fn note(&mut self, finding: Finding) {
        self.notes.add(self.after, finding);
    }
}

#[derive(Clone)]
enum State {
    /// Collecting a header.
    Between,
    /// Inside a box that ends at a position; unknown while it runs to an unknown end of the file.
    Inside { start: Start, end: Option<u64> },
    /// After the last box: zeros since a position.
    Zeros { from: u64 },
    /// A check has failed; nothing is judged any more.
    Stopped,
}

/// The reader.
#[derive(Clone)]
pub(crate) struct Top {
    pub(crate) position: u64,
    /// What the length of the file cannot exceed, where only that is known.
    pub(crate) at_most: Option<u64>,
    pub(crate) seen: Seen,
    pub(crate) fault: Option<Noted>,
    pub(crate) notes: Notes,
    head: [u8; WIDE_HEADER],
    held: usize,
    state: State,
}

/// A box that has just been read to its end.
#[derive(Clone)]
pub(crate) struct Closed {
    pub(crate) start: Start,
    pub(crate) extent: Extent,
}

impl Top {
    pub(crate) fn new() -> Self {
        Self {
            position: 0,
            at_most: None,
            seen: Seen::default(),
            fault: None,
            notes: Notes::default(),
            head: [0; WIDE_HEADER],
            held: 0,
            state: State::Between,
        }
    }

    /// Reads on until a box closes; answers it and what is left of `bytes`.
    pub(crate) fn read<'b>(
        &mut self,
        mut bytes: &'b [u8],
        rules: &Config,
        declared: Option<u64>,
    ) -> (Option<Closed>, &'b [u8]) {
        loop {
            // Also with nothing left: a box may be empty, or close by what was just declared.
            if let Some(closed) = self.close() {
                return (Some(closed), bytes);
            }
            if bytes.is_empty() {
                return (None, bytes);
            }
            bytes = self.step(bytes, rules, declared);
        }
    }

    fn step<'b>(&mut self, bytes: &'b [u8], rules: &Config, declared: Option<u64>) -> &'b [u8] {
        match self.state {
            State::Between => self.collect(bytes, rules, declared),
            State::Inside { end, .. } => {
                let left = end.unwrap_or(u64::MAX).saturating_sub(self.position);
                self.advance(bytes, in_memory(left)).1
            }
            State::Zeros { from } => {
                let (zeros, rest) = self.zeros(from, bytes);
                if let Some(at) = zeros {
                    self.fail(at.saturating_add(1), checks::trailing(at, false));
                }
                rest
            }
            State::Stopped => self.advance(bytes, usize::MAX).1,
        }
    }

    fn zeros<'b>(&mut self, from: u64, bytes: &'b [u8]) -> (Option<u64>, &'b [u8]) {
        let harmful = checks::zero_tail(from, self.position, bytes);
        (harmful, self.advance(bytes, usize::MAX).1)
    }

    /// Takes at most `count` bytes.
    fn advance<'b>(&mut self, bytes: &'b [u8], count: usize) -> (&'b [u8], &'b [u8]) {
        let (taken, rest) = bytes.split_at_checked(count).unwrap_or((bytes, &[]));
        self.position = self.position.saturating_add(length(taken));
        (taken, rest)
    }

    /// Collects the bytes of a header, and judges it as soon as enough of them are there.
    fn collect<'b>(&mut self, bytes: &'b [u8], rules: &Config, declared: Option<u64>) -> &'b [u8] {
        let goal = if self.held < SHORT_HEADER { SHORT_HEADER } else { WIDE_HEADER };
        let (taken, rest) = self.advance(bytes, goal.saturating_sub(self.held));
        for (place, byte) in self.head.iter_mut().skip(self.held).zip(taken) {
            *place = *byte;
        }
        self.held = self.held.saturating_add(taken.len());
        self.short_tail(declared);
        if self.held == goal
            && let Err(finding) = self.judge(rules, declared)
        {
            self.fail(self.position, finding);
        }
        rest
    }

    /// Check 15, as early as it is certain: what follows the last box is too little to be one, so it
    /// must be zeros.
    fn short_tail(&mut self, declared: Option<u64>) {
        let held = self.unfinished_header();
        let at = self.position.saturating_sub(length(held));
        let room = declared.map_or(u64::MAX, |end| end.saturating_sub(at));
        let harmful = held
            .iter()
            .position(|byte| *byte != 0)
            .map(|zeros| length(held.get(..zeros).unwrap_or_default()));
        if let Some(zeros) = harmful
            && room < checks::HEADER
            && self.is_complete()
        {
            let after = at.saturating_add(zeros).saturating_add(1);
            self.fail(after, checks::trailing(at, false));
            // A header may have been meant.
            self.fault.iter_mut().for_each(|fault| fault.end_missing = true);
        }
    }

    fn judge(&mut self, rules: &Config, declared: Option<u64>) -> Result<(), Finding> {
        let held = self.head.get(..self.held).unwrap_or_default();
        let at = self.position.saturating_sub(length(held));
        let Some(start) = Start::read(held, at, &self.seen) else { return Ok(()) };
        if held == [0; SHORT_HEADER] && self.is_complete() {
            let tail = declared.unwrap_or(0).saturating_sub(at);
            if tail > checks::MAX_ZERO_TAIL {
                return Err(checks::trailing(at, false)); // zeros or not
            }
            self.held = 0;
            self.state = State::Zeros { from: at };
            self.notes.add(self.position, checks::trailing(at, true));
            return Ok(());
        }
        let (seen, notes, at_most) = (&mut self.seen, &mut self.notes, self.at_most);
        let mut judge = Judge { rules, declared, at_most, seen, notes, after: self.position };
        if self.held == SHORT_HEADER {
            judge_kind(&judge, &start)?;
        }
        if start.short == 1 && start.wide.is_none() {
            return checks::half_header(&judge, &start); // eight more bytes
        }
        let size = judge_size(&mut judge, &start)?;
        self.enter(start, size, declared);
        Ok(())
    }

    /// Whether all that a video needs has been met, so that only a tail can follow.
    fn is_complete(&self) -> bool {
        self.seen.moov.is_some() && !self.seen.mdats.is_empty()
    }

    fn enter(&mut self, start: Start, size: Option<u64>, declared: Option<u64>) {
        let end = size.map(|size| start.at.saturating_add(size)).or(declared);
        let known = end.unwrap_or(u64::MAX);
        self.seen.boxes = self.seen.boxes.saturating_add(1);
        match &start.kind.0 {
            b"ftyp" => self.seen.ftyp = true,
            b"moov" => self.seen.moov = Some(start.at..known),
            b"moof" => self.seen.fragments = self.seen.fragments.saturating_add(1),
            b"mdat" => self.seen.mdats.push(start.at.saturating_add(start.length())..known),
            _ => {}
        }
        self.held = 0;
        self.state = State::Inside { start, end };
    }

    /// Leaves the box when its end is reached.
    fn close(&mut self) -> Option<Closed> {
        let State::Inside { start, end: Some(end) } = self.state else { return None };
        if self.position < end {
            return None;
        }
        self.state = State::Between;
        Some(Closed { start, extent: start.at..end })
    }

    pub(crate) fn fail(&mut self, after: u64, finding: Finding) {
        if self.fault.is_none() {
            self.fault = Some(Noted::new(finding, after));
        }
        self.state = State::Stopped;
    }

    /// Learns where the file ends: closes what runs to the end, and judges the box that is open.
    pub(crate) fn declare(&mut self, rules: &Config, declared: u64) {
        if self.position > declared {
            self.fail(self.position, checks::length_mismatch(declared));
        }
        let State::Inside { start, end } = self.state else { return };
        let size = end.unwrap_or(declared).saturating_sub(start.at);
        self.state = State::Inside { start, end: Some(start.at.saturating_add(size)) };
        self.close_open_extents(declared);
        let (seen, notes, after) = (&mut self.seen, &mut self.notes, self.position);
        let declared = Some(declared);
        let judge = Judge { rules, declared, at_most: declared, seen, notes, after };
        let judged = checks::too_large(&judge, &start, size)
            .and_then(|()| checks::beyond_end(&judge, &start, size));
        if let Err(finding) = judged {
            self.fail(self.position, finding);
        }
    }

    /// The `mdat` or `moov` that runs to the end of the file ends here.
    pub(crate) fn close_open_extents(&mut self, end: u64) {
        let open = self.seen.mdats.last_mut().into_iter().chain(self.seen.moov.as_mut());
        for extent in open.filter(|extent| extent.end == u64::MAX) {
            extent.end = end;
        }
    }

    /// How many of the next bytes nobody looks at: what is left of a box that is not read.
    pub(crate) fn skippable(&self) -> u64 {
        let State::Inside { start, end } = self.state else { return 0 };
        if self.position < start.at.saturating_add(start.kind.looked_at()) {
            return 0;
        }
        end.unwrap_or(u64::MAX).saturating_sub(self.position)
    }

    /// Passes over bytes that nobody looks at.
    pub(crate) fn pass(&mut self, count: u64) {
        self.position = self.position.saturating_add(count);
    }

    /// Goes on at another box, as if whole boxes without any fault lay between. Only between boxes,
    /// once `ftyp` has been met; `false` where that is not so.
    pub(crate) fn leap(&mut self, to: u64) -> bool {
        let may = matches!(self.state, State::Between) && self.seen.ftyp && to > self.position;
        if may {
            self.held = 0;
            self.position = to;
            self.seen.has_gap = true;
        }
        may
    }

    /// The box that is not at its end, with where it ends if that is known.
    pub(crate) fn open_box(&self) -> Option<(Start, Option<u64>)> {
        match self.state {
            State::Inside { start, end } => Some((start, end)),
            _ => None,
        }
    }

    /// The bytes of an unfinished header.
    pub(crate) fn unfinished_header(&self) -> &[u8] {
        self.head.get(..self.held).unwrap_or_default()
    }

    /// The box whose header is unfinished, if its kind is known.
    pub(crate) fn unfinished_box(&self) -> Option<Start> {
        let held = self.unfinished_header();
        Start::read(held, self.position.saturating_sub(length(held)), &self.seen)
    }
}

/// What is certain once a kind and a 32-bit size are known.
fn judge_kind(judge: &Judge, start: &Start) -> Result<(), Finding> {
    first_box::not_mp4(judge, start)?;
    checks::garbage(start)?;
    checks::misplaced(start)?;
    first_box::recording_not_finalised(start)?;
    checks::too_many(judge, start)?;
    checks::order(judge, start)?;
    checks::open_end(judge, start)
}

/// What is certain once the size is known. Answers it; `None` for "to the end of the file".
fn judge_size(judge: &mut Judge, start: &Start) -> Result<Option<u64>, Finding> {
    first_box::recording_not_finalised(start)?;
    first_box::ftyp_missing(judge, start)?;
    checks::unknown(judge, start);
    let size = checks::size(judge, start)?;
    let least = size.or_else(|| Some(judge.declared?.saturating_sub(start.at)));
    if let Some(least) = least {
        checks::ftyp_invalid(start, least)?;
        checks::too_large(judge, start, least)?;
        let judged = checks::beyond_end(judge, start, least);
        if judged.is_err() && start.kind.0 == *b"mdat" {
            let payload = start.at.saturating_add(start.length());
            judge.seen.cut_mdat = Some(payload..start.at.saturating_add(least));
        }
        judged?;
        checks::no_room(judge, start, least)?;
    }
    Ok(size)
}
